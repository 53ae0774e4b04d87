"""Service accounts, whose labels Calico's policies may ask for: read where one does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdoctor.cluster.calico_objects import (
    CalicoNetworkPolicy,
    CalicoPolicySpec,
    EntityRule,
    GlobalNetworkPolicy,
    StagedGlobalNetworkPolicy,
    StagedNetworkPolicy,
)
from netdoctor.cluster.client import Client
from netdoctor.cluster.lists import Listing, read_kind
from netdoctor.cluster.objects import Object

KIND = "ServiceAccount"
# How a selector of pods names labels of their service accounts. Source: libcalico-go/lib/backend/k8s/conversion.
_PREFIX = "pcsa."


def read_service_accounts(client: Client, policies: Iterable[Object], namespaces: Sequence[str]) -> Listing:
    """All of them where one of these policies selects by their labels; none elsewhere. Raises as `read_kind` does."""
    if any(_asks_for_labels(spec) for one in policies if (spec := _spec(one))):
        return read_kind(client, KIND, namespaces)
    return Listing(KIND)


def _spec(read: Object) -> CalicoPolicySpec | None:
    kinds = CalicoNetworkPolicy | GlobalNetworkPolicy | StagedNetworkPolicy | StagedGlobalNetworkPolicy
    return read.spec if isinstance(read, kinds) else None


def _asks_for_labels(spec: CalicoPolicySpec) -> bool:
    if spec.service_account_selector or _PREFIX in spec.selector:
        return True
    return any(_of_entity(entity) for entity in _entities(spec))


def _entities(spec: CalicoPolicySpec) -> Iterator[EntityRule]:
    for rule in (*spec.ingress, *spec.egress):
        yield from (rule.source, rule.destination)


def _of_entity(entity: EntityRule) -> bool:
    by_account = entity.service_accounts is not None and bool(entity.service_accounts.selector)
    return by_account or any(_PREFIX in text for text in (entity.selector, entity.not_selector))
