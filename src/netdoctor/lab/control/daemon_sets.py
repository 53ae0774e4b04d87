"""DaemonSets: one pod on each node that fits.

Source: Kubernetes documentation, DaemonSet, "How Daemon Pods are scheduled" and "Performing a Rolling Update".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import msgspec

from netdoctor.lab.control.fitting import Candidate, refusal
from netdoctor.lab.control.names import generated
from netdoctor.lab.control.pods import REVISION, make_pod, revision, up_to_date
from netdoctor.lab.control.shapes import PodSpec
from netdoctor.lab.control.views import Children, changed, children, finished, of_kind, ready, without, workload_spec
from netdoctor.lab.objects import Key, Manifest, Objects, key_of

_TOLERATED = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")


def cover_nodes(objects: Objects, past: Objects) -> Objects:
    """One step for every DaemonSet: pods for nodes that lack one, none for those that do not fit, then an update."""
    pods = children(objects, "Pod")
    for daemon_set in tuple(of_kind(objects, "DaemonSet")):
        objects = _step(daemon_set, pods, objects, past)
    return objects


def fitting_nodes(daemon_set: Manifest, objects: Objects) -> list[str]:
    """Names of the nodes on which the DaemonSet wants a pod."""
    spec = _pod_spec(daemon_set["spec"]["template"]["spec"])
    metadata = daemon_set["metadata"]
    read = msgspec.structs.replace(msgspec.convert(spec, PodSpec))
    candidate = Candidate(metadata["namespace"], {}, read, {})
    return [node["metadata"]["name"] for node in of_kind(objects, "Node") if refusal(candidate, node, ()) is None]


def _step(daemon_set: Manifest, pods: Children, objects: Objects, past: Objects) -> Objects:
    mine = [pod for pod in pods.get(key_of(daemon_set), ()) if not finished(pod)]
    wanted = fitting_nodes(daemon_set, objects)
    by_node = {node_of(pod): pod for pod in reversed(mine)}
    superfluous = {key_of(pod) for pod in mine if by_node.get(node_of(pod)) is not pod or node_of(pod) not in wanted}
    objects = without(objects, superfluous)
    for node in wanted:
        if node not in by_node:
            objects = changed(objects, _new(daemon_set, node, objects, past))
    return without(
        objects, set(_outdated(daemon_set, [by_node[node] for node in wanted if node in by_node], len(wanted)))
    )


def node_of(pod: Manifest) -> str:
    """The node of a DaemonSet's pod, which its affinity names before it is scheduled."""
    name = pod["spec"].get("nodeName")
    if name:
        return str(name)
    spec = msgspec.convert(pod["spec"], PodSpec)
    required = spec.affinity.node_affinity.required
    fields = [field for term in (required.node_selector_terms if required else ()) for field in term.match_fields]
    return fields[0].values[0] if fields and fields[0].values else ""


def _outdated(daemon_set: Manifest, mine: Sequence[Manifest], wanted: int) -> Iterator[Key]:
    """Pods of an older template that may go now: those that are not ready, then as many as may be unavailable."""
    spec, template = workload_spec(daemon_set), daemon_set["spec"]["template"]
    if spec.update_strategy.type == "OnDelete":
        return
    limit = spec.update_strategy.rolling_update.max_unavailable
    share = (
        ceil(wanted * int(limit.removesuffix("%")) / 100) if isinstance(limit, str) else 1 if limit is None else limit
    )
    budget = max(1, share) - (wanted - sum(map(ready, mine)))
    number = revision(template)
    for pod in mine:
        if up_to_date(pod, template, number):
            continue
        if not ready(pod):
            yield key_of(pod)
        elif budget > 0:
            budget -= 1
            yield key_of(pod)


def _new(daemon_set: Manifest, node: str, objects: Objects, past: Objects) -> tuple[Key, Manifest]:
    metadata, template = daemon_set["metadata"], daemon_set["spec"]["template"]
    name = generated(f"{metadata['name']}-", "Pod", metadata["namespace"], (objects, past))
    spec = _pod_spec(template["spec"])
    spec["affinity"] = _pinned(spec.get("affinity", {}), node)
    pod = make_pod(daemon_set, name, past, labels={REVISION: revision(template)}, spec=spec)
    return key_of(pod), pod


def _pod_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The template's spec with the tolerations that all pods of DaemonSets get."""
    keys = [*_TOLERATED, *(["network-unavailable"] if spec.get("hostNetwork") else [])]
    added = [{"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoSchedule"} for key in keys]
    gone = [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
        for key in ("not-ready", "unreachable")
    ]
    return {**spec, "tolerations": [*spec.get("tolerations", ()), *gone, *added]}


def _pinned(affinity: Mapping[str, Any], node: str) -> dict[str, Any]:
    """The affinity, its requirements for nodes replaced by the node's name: they have been looked at."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {**affinity, "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
