"""The agent's part in a mesh: a pod that answers on each node, and pods that ask those of other nodes."""
