"""Cilium's endpoint selectors to peers: what of one is about pods, their namespace, their service account, or no pod.

A key has the source of its label before a colon: `k8s:` and `any:` are labels of pods, `reserved:` those of entities.
Labels that Cilium gives to pods itself tell namespace, cluster and service account.
Source: getEndpointSelector in cilium/cilium pkg/k8s/apis/cilium.io/utils.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.cluster.selectors import matches
from netdoctor.policy.expressions import Everything, Not
from netdoctor.policy.labels import requirements
from netdoctor.policy.rules import SERVICE_ACCOUNT_NAME, AllOf, EntityPeer, Peer, PodPeer

NAMESPACE = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
SERVICE_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
CLUSTER = "io.cilium.k8s.policy.cluster"
_NAME_OF_NAMESPACE = "kubernetes.io/metadata.name"
_EVERY_NAMESPACE = LabelSelector()
_NOBODY = Not(Everything())
# Who has none of the labels that pods have, and so satisfies every requirement that a label be absent.
_NO_PODS = ("world", "host", "remote-node")


class NotUnderstoodError(ValueError):
    """A selector that means neither pods nor entities alone, or whose meaning depends on what could not be read."""


@dataclass(slots=True)
class _Split:
    """The requirements of a selector by what they are about."""

    pods: list[Requirement] = field(default_factory=list)
    namespaces: list[Requirement] = field(default_factory=list)
    accounts: list[Requirement] = field(default_factory=list)
    clusters: list[Requirement] = field(default_factory=list)
    reserved: list[Requirement] = field(default_factory=list)
    others: list[Requirement] = field(default_factory=list)  # labels of other sources, which no pod has
    by_name: bool = False  # of the namespace
    by_labels: bool = False  # of the namespace

    @property
    def all(self) -> list[Requirement]:
        return [*self.pods, *self.namespaces, *self.accounts, *self.clusters, *self.others]


def endpoint_peers(selector: LabelSelector, path: str, namespace: str, cluster: str) -> tuple[Peer, ...]:
    """Who is meant by an element of fromEndpoints or toEndpoints.

    Args:
        selector: the element.
        path: its field.
        namespace: of the policy, which is meant where the selector names none; empty if the policy has none.
        cluster: its name.

    Raises:
        NotUnderstoodError: labels of pods and of entities are mixed.
    """
    split = _split(requirements(selector))
    if split.reserved:
        if split.all:
            raise NotUnderstoodError("labels of pods and reserved labels in one selector")
        return (_entities(split.reserved, path),)
    pods = _pods(split, path, namespace, cluster)
    open_to_all = split.by_name or (namespace and split.by_labels)
    if open_to_all and all(_holds_of_nothing(one) for one in split.all):
        return (pods, *(EntityPeer(path, entity) for entity in _NO_PODS))
    return (pods,)


def subject(selector: LabelSelector, path: str, namespace: str, cluster: str) -> PodPeer | None:
    """The pods that a policy selects; None where these are none that Kubernetes knows, such as health endpoints.

    A CiliumNetworkPolicy selects pods of its own namespace alone, whatever matchLabels says of another.
    """
    labels = {k: v for k, v in selector.match_labels.items() if not (namespace and _parted(k)[1] == NAMESPACE)}
    split = _split(requirements(LabelSelector(match_labels=labels, match_expressions=selector.match_expressions)))
    if not all(map(_holds_of_nothing, split.reserved)):
        return None
    if not namespace:
        return _pods(split, path, "", cluster)
    if split.namespaces:
        split.namespaces.append(Requirement(key=_NAME_OF_NAMESPACE, operator="In", values=(namespace,)))
    return _pods(split, path, namespace, cluster)


def _split(wanted: Sequence[Requirement]) -> _Split:
    split = _Split()
    for one in wanted:
        source, key = _parted(one.key)
        if source == "reserved":
            split.reserved.append(_named(one, key))
        elif source not in ("k8s", "any"):
            split.others.append(one)
        elif key == NAMESPACE:
            split.namespaces.append(_named(one, _NAME_OF_NAMESPACE))
            split.by_name = True
        elif key.startswith(NAMESPACE_LABELS):
            split.namespaces.append(_named(one, key.removeprefix(NAMESPACE_LABELS)))
            split.by_labels = True
        elif key == SERVICE_ACCOUNT:
            split.accounts.append(one)
        elif key == CLUSTER:
            split.clusters.append(_named(one, CLUSTER))
        else:
            split.pods.append(_named(one, key))
    return split


def _parted(key: str) -> tuple[str, str]:
    """Source and name of a label; without a source, any is meant."""
    source, colon, name = key.partition(":")
    return (source, name) if colon else ("any", key)


def _named(one: Requirement, key: str) -> Requirement:
    return Requirement(key=key, operator=one.operator, values=one.values)


def _pods(split: _Split, path: str, namespace: str, cluster: str) -> PodPeer:
    elsewhere = not matches(LabelSelector(match_expressions=tuple(split.clusters)), {CLUSTER: cluster})
    if elsewhere or not all(map(_holds_of_nothing, split.others)):
        return PodPeer(path, namespace, _EVERY_NAMESPACE, _NOBODY, flat=True)
    namespaces = LabelSelector(match_expressions=tuple(split.namespaces))
    return PodPeer(
        path,
        namespace,
        namespaces if split.namespaces or not namespace else None,
        LabelSelector(match_expressions=tuple(split.pods)),
        _account(split.accounts),
        flat=True,
    )


def _account(wanted: Sequence[Requirement]) -> LabelSelector | None:
    if not wanted:
        return None
    return LabelSelector(match_expressions=tuple(_named(one, SERVICE_ACCOUNT_NAME) for one in wanted))


def _holds_of_nothing(one: Requirement) -> bool:
    """Whether a requirement is met by who has no labels at all."""
    return matches(LabelSelector(match_expressions=(one,)), {})


def _entities(reserved: Sequence[Requirement], path: str) -> Peer:
    """The entities of a selector by reserved labels, whose values are empty."""
    every: list[Peer] = []
    none: list[Peer] = []
    for one in reserved:
        peer = EntityPeer(path, one.key)
        (none if _holds_of_nothing(one) else every).append(peer)
    if len(every) == 1 and not none:
        return every[0]
    return AllOf(path, tuple(every), tuple(none))


def node_requirements(selector: LabelSelector) -> LabelSelector:
    """The labels of nodes that an element of fromNodes or toNodes wants."""
    wanted = tuple(_named(one, _parted(one.key)[1]) for one in requirements(selector))
    return LabelSelector(match_expressions=wanted)
