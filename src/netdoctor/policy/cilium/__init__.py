"""Cilium's policies: to the general form, and what their rules for requests admit."""
