"""What selectors of rules may mean beside pods: sets of addresses and interfaces of nodes, which have labels too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netdoctor.cluster.calico_objects import GlobalNetworkSet, HostEndpoint, NetworkSet
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.calico.domains import CALICO_NAME, NAMESPACE_PREFIX
from netdoctor.policy.calico.selector import NAMESPACE
from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, holds

_NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Labelled:
    """Addresses that selectors choose as they choose pods.

    Attributes:
        nets: as they are written.
        labels: its own, with those that Calico adds.
        namespace_labels: None for what is in no namespace.
    """

    nets: tuple[str, ...]
    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str] | None = None

    def is_meant(self, selector: Expression, namespaces: Expression | None, service_account: Expression) -> bool:
        """Whether the selectors of a rule choose it; those of service accounts see no labels here."""
        return (
            holds(selector, self.labels)
            and (namespaces is None or self._is_in(namespaces))
            and holds(service_account, _NO_LABELS)
        )

    def _is_in(self, namespaces: Expression) -> bool:
        """`all()` of a namespaceSelector means every namespace, and so nothing that is in none."""
        if self.namespace_labels is None:
            return holds(_in_a_namespace(namespaces), _NO_LABELS)
        return holds(namespaces, self.namespace_labels)


def labelled(snapshot: Snapshot) -> tuple[Labelled, ...]:
    """All of a cluster."""
    return tuple(_labelled(snapshot))


def _labelled(snapshot: Snapshot) -> Iterator[Labelled]:
    objects: tuple[NetworkSet | GlobalNetworkSet | HostEndpoint, ...]
    objects = (*snapshot.network_sets, *snapshot.global_network_sets, *snapshot.host_endpoints)
    for one in objects:
        if isinstance(one, HostEndpoint):
            yield Labelled(one.spec.expected_ips, one.labels)
        elif isinstance(one, GlobalNetworkSet):
            yield Labelled(one.spec.nets, one.labels)
        else:
            yield _in_namespace(one, snapshot.namespace_labels(one.namespace))


def _in_namespace(one: NetworkSet, given: Mapping[str, str]) -> Labelled:
    namespace = {**given, CALICO_NAME: one.namespace, NAMESPACE: one.namespace}
    inherited = {f"{NAMESPACE_PREFIX}{key}": value for key, value in namespace.items() if key != NAMESPACE}
    return Labelled(one.spec.nets, {**inherited, **one.labels, NAMESPACE: one.namespace}, namespace)


def _in_a_namespace(expression: Expression) -> Expression:
    match expression:
        case Everything():
            return Compare(NAMESPACE, "has")
        case Not(term):
            return Not(_in_a_namespace(term))
        case And(terms):
            return And(tuple(map(_in_a_namespace, terms)))
        case Or(terms):
            return Or(tuple(map(_in_a_namespace, terms)))
    return expression
