"""Faults that a lab can be given by their names: what they are called, what they take, and how they come about."""
