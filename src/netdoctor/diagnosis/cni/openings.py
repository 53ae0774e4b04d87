"""What firewalls between nodes, and to and from the control plane, must let through."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import EVERY_NODE, View, between_nodes
from netdoctor.model.cni_report import CNIOpening

_CONTROL_PLANE = "the control plane"


def openings(view: View) -> tuple[CNIOpening, ...]:
    """Those of the encapsulation, of the plugin, and of Kubernetes (kubernetes.io, Ports and Protocols)."""
    carried = (between_nodes(need, "packets of pods") for need in view.wrapped.needs)
    found = {one.what: one for one in (*carried, *view.facts.openings, *_of_kubernetes(view.snapshot))}
    return tuple(found.values())


def _of_kubernetes(snapshot: Snapshot) -> Iterator[CNIOpening]:
    yield CNIOpening(f"TCP {_api_port(snapshot)}", EVERY_NODE, _CONTROL_PLANE, "the API server")
    yield CNIOpening("TCP 10250", _CONTROL_PLANE, EVERY_NODE, "the kubelet: logs, exec, metrics")
    if any(service.spec.type in ("NodePort", "LoadBalancer") for service in snapshot.services):
        yield CNIOpening("TCP and UDP 30000-32767", "clients outside", EVERY_NODE, "NodePorts, in the default range")


def _api_port(snapshot: Snapshot) -> int:
    """Where the API server listens: the endpoints of the Service kubernetes."""
    for one in snapshot.endpoint_slices:
        if (one.namespace, one.service) == ("default", "kubernetes"):
            for port in one.ports:
                if port.port:
                    return port.port
    return 6443
