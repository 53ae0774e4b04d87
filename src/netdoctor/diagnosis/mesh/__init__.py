"""From what the members of a mesh have seen to the faults between nodes."""
