"""Every node with every other, or with enough of them: which pairs, and how their probes are sent."""
