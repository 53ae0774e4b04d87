"""A real kind cluster for the end-to-end tests, made without an image registry.

``python -m e2e.cluster up`` from a shell, or from Python::

    cluster = Cluster("policy")
    cluster.up()
    subprocess.run(cluster.command(["kubectl", "get", "pods", "-A"]), check=True)

It needs nothing but Python's standard library, so that it can run before anything is installed.
"""

from .cluster import Cluster, remove_everything
from .engine import NAME_SERVER
from .errors import ClusterError
from .kind import NODES, Cni

__all__ = ["NAME_SERVER", "NODES", "Cluster", "ClusterError", "Cni", "remove_everything"]
