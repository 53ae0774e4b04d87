"""Scenarios: what a fault must be diagnosed as, and whether it was."""
