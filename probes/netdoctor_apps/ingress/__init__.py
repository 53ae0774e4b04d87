"""A reverse proxy that follows Ingress objects; it stands in for an ingress controller."""
