"""Ingresses: which controller serves one, what its rules mean, and which backends they lead to."""
