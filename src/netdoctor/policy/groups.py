"""Endpoints that no policy can tell apart, so that one can stand for all.

Alike are pods of one namespace with the same ports, the same values of every label that some selector names, and
membership in the same ipBlocks, whoever owns them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.selectors import CONTROLLER_LABELS
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.flow import Endpoint, Flow, pod_endpoint
from netdoctor.policy.match import requirements
from netdoctor.policy.rules import BlockPeer, PodPeer

# Stands for every address outside the cluster: those reserved for documentation, RFC 5737 and RFC 3849.
OUTSIDE = Endpoint(kind="ip", name="outside the cluster", ips=("192.0.2.1", "2001:db8::1"))


@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints alike: one, another one where there are several, and how many each workload (or bare pod) has."""

    first: Endpoint
    second: Endpoint | None
    names: Mapping[str, int]


def stable_labels(endpoint: Endpoint) -> dict[str, str]:
    """Those labels of a pod that all pods of its workload share."""
    return {key: value for key, value in endpoint.labels.items() if key not in CONTROLLER_LABELS}


def groups_of(snapshot: Snapshot, compiled: Iterable[CompiledPolicies], asked: Flow) -> tuple[Group, ...]:
    """All pods with a network of their own, the outside, and the ends of `asked` where they are neither."""
    blocks, keys = _distinctions(compiled)
    members: dict[object, list[Endpoint]] = defaultdict(list)
    names: dict[object, Counter[str]] = defaultdict(Counter)
    known: list[tuple[str, Mapping[str, str]]] = []
    for pod in snapshot.pods:
        if pod.finished or pod.spec.host_network:
            continue
        end = pod_endpoint(pod, snapshot)
        labels = frozenset((key, value) for key, value in end.labels.items() if key in keys)
        alike = (end.namespace, labels, end.ports, _placed(end, blocks))
        members[alike].append(end)
        names[alike][str((snapshot.workload_of(pod) or pod).ref)] += 1
        known.append((end.namespace, stable_labels(end)))
    groups = (Group(same[0], next(iter(same[1:]), None), names[alike]) for alike, same in members.items())
    ends = (asked.source, asked.destination)
    others = (e for e in ends if (e.namespace, stable_labels(e)) not in known)
    return (*groups, *(Group(end, None, {str(end): 1}) for end in others), Group(OUTSIDE, None, {OUTSIDE.name: 1}))


def _distinctions(compiled: Iterable[CompiledPolicies]) -> tuple[frozenset[BlockPeer], frozenset[str]]:
    """All that policies tell pods of a namespace apart by, besides ports: ipBlocks and label keys."""
    rulesets = [ruleset for policies in compiled for same in policies.rulesets.values() for ruleset in same]
    peers = [peer for ruleset in rulesets for rule in ruleset.rules for peer in rule.peers]
    selectors = [peer.pod_selector for peer in peers if isinstance(peer, PodPeer) and peer.pod_selector]
    selectors += [ruleset.subject.pod_selector for ruleset in rulesets if ruleset.subject.pod_selector]
    return (
        frozenset(replace(peer, path="") for peer in peers if isinstance(peer, BlockPeer)),
        frozenset(requirement.key for selector in selectors for requirement in requirements(selector)),
    )


def _placed(endpoint: Endpoint, blocks: frozenset[BlockPeer]) -> tuple[tuple[int, ...], frozenset[BlockPeer]]:
    """IP versions of its addresses, and the blocks that hold one of them."""
    addresses = [a for a in map(parse_address, endpoint.ips) if a]
    inside = (b for b in blocks if any(a in b.block and not any(a in n for n in b.excepted) for a in addresses))
    return tuple(a.version for a in addresses), frozenset(inside)
