"""Calico's policies: their language, and how they are compiled to rulesets."""
