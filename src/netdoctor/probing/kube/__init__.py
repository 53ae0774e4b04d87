"""The door to probe pods in a cluster."""
