"""Runs scenarios: directories that hold a fault, the command to run, and the diagnosis that must come out."""
