"""Documentation, and what generates a part of it."""
