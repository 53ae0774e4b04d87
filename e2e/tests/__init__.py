"""Tests of single parts against a real cluster."""
