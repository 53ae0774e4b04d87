"""What nodes send at most, less what is put around packets, is what pods may send."""

from __future__ import annotations

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.encapsulation import Encapsulation
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import Facts
from netdoctor.model.cni_report import CNIMTU

ETHERNET = 1500  # RFC 894
ASSUMED = "assumed"


def arithmetic(snapshot: Snapshot, wrapped: Encapsulation, facts: Facts, given: int | None) -> CNIMTU:
    """The sum; `given` is what the user says of the nodes' interfaces, in bytes."""
    nodes, source = ETHERNET, ASSUMED
    if given is not None:
        nodes, source = given, "--node-mtu"
    elif facts.node_mtu is not None:
        nodes, source = facts.node_mtu.value, str(facts.node_mtu.field)
    overhead = wrapped.overhead_over(_version(snapshot)) if wrapped.known else None
    configured = facts.pod_mtu
    return CNIMTU(
        nodes=nodes,
        nodes_from=source,
        overhead=overhead,
        expected=None if overhead is None else nodes - overhead,
        configured=configured.value if configured else None,
        configured_from=str(configured.field)
        if configured
        else "not set, or not in an object: the plugin finds it out",
    )


def _version(snapshot: Snapshot) -> int:
    """The IP version between nodes: that of their first address."""
    addresses = (one.address for node in snapshot.nodes for one in node.status.addresses if one.type == "InternalIP")
    first = next((address for text in addresses if (address := parse_address(text))), None)
    return first.version if first else 4
