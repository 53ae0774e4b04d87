"""The network plugin of a cluster: what it is, how it is set, and what is wrong with that."""
