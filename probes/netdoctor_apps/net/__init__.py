"""A host's interfaces and routes for lessons, where there is no iproute2."""
