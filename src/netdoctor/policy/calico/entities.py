"""source and destination of a rule of Calico's, as peers.

All that an entity says must hold. As soon as one of its selectors is given (notSelector too), an entity of a namespaced
policy is about that namespace alone, unless a namespaceSelector says otherwise; nets and notNets know no namespaces.
Beside another selector, notSelector is about the labels of whom that one chooses; alone, in a global policy, it
excludes the addresses of whom it chooses. Source: GetEntityRuleSelector in
libcalico-go/lib/backend/syncersv1/updateprocessors, combineMatchesIfPossible in felix/calc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from netdoctor.cluster.calico_objects import EntityRule, ServiceAccountMatch
from netdoctor.cluster.objects import LabelSelector
from netdoctor.policy.calico.domains import EVERYTHING, METADATA_NAME, both, meanings, of_namespace
from netdoctor.policy.calico.nets import blocks
from netdoctor.policy.calico.scope import Labelled
from netdoctor.policy.calico.selector import NAMESPACE, parse_selector
from netdoctor.policy.expressions import Compare, Expression, Not
from netdoctor.policy.rules import SERVICE_ACCOUNT_NAME, AllOf, Peer, PodPeer

read_selector = lru_cache(maxsize=10_000)(parse_selector)
_SELECTORS = ("selector", "notSelector", "namespaceSelector", "serviceAccounts")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entity stands: its field, the namespace of its policy (empty for a global one), and what has labels."""

    path: str
    namespace: str
    sets: Sequence[Labelled]

    def at(self, name: str) -> str:
        """A field of the entity."""
        return f"{self.path}.{name}"


def entity_peers(entity: EntityRule, place: Place, *more: Peer) -> tuple[Peer, ...]:
    """Whom an entity means, one of them; nothing = everyone.

    Args:
        entity: without its ports and its services.
        place: where it stands.
        more: what must hold besides.

    Raises:
        SelectorError: a selector is not valid.
    """
    excluded: tuple[Peer, ...] = blocks(entity.not_nets, place.at("notNets"))
    if entity.not_selector and not _has_choice(entity, place):
        path = place.at("notSelector")
        excluded += _chosen(read_selector(entity.not_selector), None, EVERYTHING, path, place.sets)
    required = [*([one_of(blocks(entity.nets, place.at("nets")), place.at("nets"))] if entity.nets else ()), *more]
    chosen = _by_selectors(entity, place)
    if not (required or excluded):
        return chosen
    if not chosen:
        nets = blocks(entity.nets, place.at("nets"))
        if nets and not (excluded or more):
            return nets
        return (AllOf(place.path, tuple(required), excluded),)
    return tuple(AllOf(place.path, (peer, *required), excluded) for peer in chosen)


def one_of(peers: tuple[Peer, ...], path: str) -> Peer:
    """Several as one: whoever is not none of them."""
    return peers[0] if len(peers) == 1 else AllOf(path, (), (AllOf(path, (), peers),))


def _by_selectors(entity: EntityRule, place: Place) -> tuple[Peer, ...]:
    """Those that the selectors choose; nothing = everyone, no selector is given."""
    given = (entity.selector, entity.not_selector, entity.namespace_selector, entity.service_accounts)
    named = [name for name, value in zip(_SELECTORS, given, strict=True) if value]
    if entity.namespace_selector:
        namespaces: Expression | None = read_selector(entity.namespace_selector, may_be_global=True)
    else:
        namespaces = Compare(NAMESPACE, "==", (place.namespace,)) if place.namespace else None
    if not _has_choice(entity, place):
        return ()
    path = place.at(named[0]) if len(named) == 1 else place.path
    accounts = _service_accounts(entity.service_accounts)
    selector = read_selector(entity.selector)
    if entity.not_selector:
        selector = both(selector, Not(read_selector(entity.not_selector)))
    return _chosen(selector, namespaces, accounts, path, place.sets)


def _has_choice(entity: EntityRule, place: Place) -> bool:
    """Whether it chooses whom it is about by labels, if only by the namespace of its policy."""
    chooses = bool(entity.selector or entity.namespace_selector or entity.service_accounts)
    return chooses or bool(entity.not_selector and place.namespace)


def _service_accounts(match: ServiceAccountMatch | None) -> Expression:
    if match is None:
        return EVERYTHING
    names = Compare(SERVICE_ACCOUNT_NAME, "in", match.names) if match.names else EVERYTHING
    return both(read_selector(match.selector), names)


def _chosen(
    selector: Expression, namespaces: Expression | None, accounts: Expression, path: str, sets: Sequence[Labelled]
) -> tuple[Peer, ...]:
    """Pods, and addresses of sets and interfaces; without `namespaces` of the whole cluster and outside of it."""
    found: list[Peer] = list(pod_peers(selector, namespaces, accounts, path))
    for one in sets:
        if one.is_meant(selector, namespaces, accounts):
            found += blocks(one.nets, path)
    return tuple(found)


def pod_peers(
    selector: Expression, namespaces: Expression | None, accounts: Expression, path: str
) -> tuple[PodPeer, ...]:
    """The pods that selectors choose: one peer for each way to meet what is said of pods and namespaces together."""
    return tuple(
        PodPeer(
            path,
            *_namespaces(namespaces, meant.namespace),
            None if meant.pod == EVERYTHING else meant.pod,
            None if account == EVERYTHING else account,
            flat=True,
        )
        for meant in meanings(selector)
        for account in (both(accounts, meant.service_account),)
    )


def _namespaces(namespaces: Expression | None, meant: Expression) -> tuple[str, LabelSelector | Expression | None]:
    """The namespace of a PodPeer, or its namespaceSelector."""
    wanted = both(EVERYTHING if namespaces is None else of_namespace(namespaces), meant)
    match wanted:
        case Compare(key=key, operator="==", values=(name,)) if key == METADATA_NAME:
            return name, None
    return "", LabelSelector() if wanted == EVERYTHING else wanted
