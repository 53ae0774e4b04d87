"""Load balancers of a lab: what lies outside sends to their addresses by way of a node, as it does to MetalLB's.

The addresses are those of status.loadBalancer, which a lab leaves as its manifests have it.
"""

from __future__ import annotations

from netdoctor.cluster.addresses import Address
from netdoctor.cluster.objects import Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.subnets import parsed


def balanced(snapshot: Snapshot) -> dict[Address, str]:
    """The node to which each load balancer's address leads: one with an endpoint of its own, if there is any.

    With externalTrafficPolicy: Local the other nodes would drop what comes; they fail the health check.
    """
    found: dict[Address, str] = {}
    for service in snapshot.services:
        node = _entered(snapshot, service) if service.spec.type == "LoadBalancer" else None
        for address in parsed(one.ip for one in service.status.load_balancer.ingress) if node else ():
            found.setdefault(address, node or "")
    return found


def _entered(snapshot: Snapshot, service: Service) -> str | None:
    used = {
        endpoint.node_name
        for one in snapshot.slices_of(service)
        for endpoint in one.endpoints
        if endpoint.conditions.ready is not False
    }
    nodes = [node.name for node in snapshot.nodes if node.ready]
    return next((name for name in nodes if name in used), next(iter(nodes), None))
