"""Where a pod for probes comes to be in a lab: its node, and addresses that no other pod has."""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.decode import convert
from netdoctor.cluster.objects import Pod
from netdoctor.lab.world import World
from netdoctor.model.errors import AccessError


def stand_in(manifest: dict[str, Any], world: World) -> Pod:
    """The pod with a node and addresses, from a manifest that may name its node.

    Raises:
        AccessError: the lab has no such node, or no address is left.
        UndecodableError: the manifest is no Pod.
    """
    spec = manifest["spec"]
    node = spec.get("nodeName") or _schedulable(world)
    if node not in world.network.nodes:
        raise AccessError(f"the lab has no node {node}")
    if spec.get("hostNetwork"):
        addresses = [str(address) for address in world.network.nodes[node].addresses]
    else:
        addresses = list(world.free_addresses(node))
    status = {"phase": "Running", "podIPs": [{"ip": address} for address in addresses]}
    pod = convert({**manifest, "spec": {**spec, "nodeName": node}, "status": status})
    assert isinstance(pod, Pod)
    return pod


def _schedulable(world: World) -> str:
    """The node with the fewest pods, of those that take any."""
    free = [n.name for n in world.snapshot.nodes if not n.spec.unschedulable and not _repels(n.spec.taints)]
    loads = dict.fromkeys(free or world.network.nodes, 0)
    for live in world.pods.values():
        if live.pod.spec.node_name in loads:
            loads[live.pod.spec.node_name] += 1
    return min(loads, key=lambda name: loads[name])


def _repels(taints: Any) -> bool:
    return any(taint.effect in ("NoSchedule", "NoExecute") for taint in taints)
