"""What the control plane and the kubelets of a cluster do, as pure functions over the lab's objects."""
