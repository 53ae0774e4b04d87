"""A small DNS client for lessons."""
