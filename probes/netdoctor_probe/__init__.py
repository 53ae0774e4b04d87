"""The probe agent: runs a plan of network probes where it stands and prints what it saw."""
