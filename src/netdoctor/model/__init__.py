"""The words that all rooms share: immutable values, no I/O."""
