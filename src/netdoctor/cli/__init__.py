"""The command line: one module per command. It reads arguments, opens the doors, and prints what comes back."""
