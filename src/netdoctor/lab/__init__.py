"""The embedded lab: Kubernetes objects as network namespaces, with real packets and no cluster."""
