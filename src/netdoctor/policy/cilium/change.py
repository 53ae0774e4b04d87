"""What a policy of Cilium's lacks for one flow: a rule that admits it, or an exception in the one that denies it.

Source: "Layer 3 Policies", "Deny Policies" and "Limiting Identity-Relevant Labels" of Cilium's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.cilium_objects import CiliumClusterwideNetworkPolicy, CiliumNetworkPolicy
from netdoctor.cluster.objects import LabelSelector, Pod
from netdoctor.cluster.selectors import stable_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.change import Change, PatchPolicy
from netdoctor.policy.cilium.rules import Entry, entries, written
from netdoctor.policy.cilium.selectors import NAMESPACE, NAMESPACE_LABELS
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.labels import requirements
from netdoctor.policy.rules import Action, Direction

_WHOLE_NAMESPACE = f"k8s:{NAMESPACE}"
_PEER = re.compile(r"(?P<entry>.+)\.(?:from|to)Endpoints\[(?P<index>\d+)\]$")


def admitting(snapshot: Snapshot, flow: Flow, direction: Direction, at: ObjectRef) -> Iterator[tuple[str, Change]]:
    """Rules that may admit a flow on one side, each with its title.

    Args:
        snapshot: with the policy.
        flow: that is denied for want of a rule.
        direction: the side.
        at: the policy, with the path of its `spec`, or of one of its `specs`, that isolates or nearly admits.
    """
    policy = snapshot.find(at.object)
    if not isinstance(policy, CiliumNetworkPolicy | CiliumClusterwideNetworkPolicy):
        return
    rule = next((one for one, path in written(policy) if path == at.path), None)
    if rule is None:
        return
    given = rule.ingress if direction is Direction.INGRESS else rule.egress
    ports = [{"ports": [{"port": str(flow.port), "protocol": flow.protocol}]}]
    place = at.at(f"{at.path}.{direction.field}")
    for peer in _peers(flow, direction, policy.namespace):
        new = {**peer, "toPorts": ports}
        change = PatchPolicy(place, "append", new) if given else PatchPolicy(place, "add", [new])
        yield f"allow this flow in {place}", change


def excepting(snapshot: Snapshot, flow: Flow, direction: Direction, at: ObjectRef) -> Iterator[tuple[str, Change]]:
    """An exception for the peer alone in the rule that denies a flow, with its title; none where it takes none.

    It is by a label that the peer and its replicas have, and nobody else in the namespaces that the selector may mean.

    Args:
        snapshot: with the policy, and who else has the label.
        flow: that is denied.
        direction: the side.
        at: the element of fromEndpoints or toEndpoints that denies it.
    """
    remote = flow.ends(direction)[1]
    selector = _selector(snapshot, direction, at)
    if selector is None or not remote.selectable:
        return
    wanted = requirements(selector)
    settled = {one.key.rpartition(":")[2] for one in wanted if one.operator == "In" and len(one.values) == 1}
    elsewhere = not at.namespace or any(NAMESPACE in one.key or NAMESPACE_LABELS in one.key for one in wanted)
    others = snapshot.pods if elsewhere else snapshot.pods_in(at.namespace)
    free = ((key, value) for key, value in sorted(_identifying(remote.labels).items()) if key not in settled)
    for key, value in free:
        if _alone(others, remote, key, value):
            only = {"key": key, "operator": "NotIn", "values": [value]}
            place = at.at(f"{at.path}.matchExpressions")
            given = selector.match_expressions
            change = PatchPolicy(place, "append", only) if given else PatchPolicy(place, "add", [only])
            yield f"except pods with {key}={value} from {at}", change
            return


def _selector(snapshot: Snapshot, direction: Direction, at: ObjectRef) -> LabelSelector | None:
    """The endpoint selector that a reference points at."""
    policy, place = snapshot.find(at.object), _PEER.match(at.path)
    if place is None or not isinstance(policy, CiliumNetworkPolicy | CiliumClusterwideNetworkPolicy):
        return None
    denials: list[Entry] = [
        entry
        for rule, path in written(policy)
        for entry in entries(rule, path, direction)
        if entry.action is Action.DENY and entry.path == place["entry"]
    ]
    return next((entry.endpoints[int(place["index"])] for entry in denials if entry.endpoints), None)


def _alone(others: Iterable[Pod], remote: Endpoint, key: str, value: str) -> bool:
    """Whether nobody of these but the peer and its replicas has a label."""
    mine = stable_labels(remote.labels)
    having = (pod for pod in others if pod.labels.get(key) == value)
    return all(pod.namespace == remote.namespace and stable_labels(pod.labels) == mine for pod in having)


def _identifying(labels: Mapping[str, str]) -> dict[str, str]:
    """Those of a pod's labels by which Cilium knows it, as its agents are configured by default."""
    return {key: value for key, value in stable_labels(labels).items() if _identifies(key)}


def _identifies(key: str) -> bool:
    domain = key.rpartition("/")[0]
    if domain == "app.kubernetes.io":
        return True
    return not (domain.endswith(("kubernetes.io", "k8s.io")) or key.startswith("annotation."))


def _peers(flow: Flow, direction: Direction, namespace: str) -> Iterator[dict[str, Any]]:
    """The other end and its replicas, for a policy of a namespace (empty for a clusterwide one)."""
    local, remote = flow.ends(direction)
    side = direction.peers_field
    if remote.selectable:
        labels = _identifying(remote.labels)
        if remote.namespace != namespace:
            labels[_WHOLE_NAMESPACE] = remote.namespace
        yield {f"{side}Endpoints": [{"matchLabels": labels} if labels else {}]}
    elif remote.is_node:
        yield {f"{side}Entities": ["host" if local.node and local.node == remote.node else "remote-node"]}
    elif address := parse_address(remote.ips[0]) if remote.ips else None:
        yield {f"{side}CIDR": [f"{address}/{address.max_prefixlen}"]}
