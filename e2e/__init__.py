"""End-to-end tests: scenarios on a real cluster and from recorded snapshots."""
