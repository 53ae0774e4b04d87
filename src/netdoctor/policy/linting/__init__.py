"""Queries over a set of policies: what could go, what does nothing, what overlaps, what is the same as another set."""
