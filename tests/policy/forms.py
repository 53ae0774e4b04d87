"""Random rulesets of the general form: every tier, action, peer and port, more mixed than any compiler would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import TypeVar

from hypothesis import strategies as st

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, Selector
from netdoctor.policy.rules import (
    SERVICE_ACCOUNT_NAME,
    Action,
    AllOf,
    BlockPeer,
    Direction,
    EntityPeer,
    NamedPort,
    NodePeer,
    Peer,
    PodPeer,
    PortRange,
    Priority,
    Rule,
    RulePort,
    Ruleset,
    Tier,
)

VALUES = ("1", "2", "12")
KEYS = ("x", "y")
TIERS = (Tier.ADMIN, Tier(5_000, "mid"), Tier.NETWORK_POLICY, Tier(2_000_000, "late"), Tier.BASELINE)


def comparisons(keys: tuple[str, ...], values: tuple[str, ...]) -> st.SearchStrategy[Expression]:
    key, value = st.sampled_from(keys), st.sampled_from(values)
    several = st.lists(value, max_size=2, unique=True).map(tuple)
    return st.one_of(
        st.builds(lambda k, op, v: Compare(k, op, (v,)), key, st.sampled_from(("==", "!=")), value),
        st.builds(Compare, key, st.sampled_from(("in", "not in")), several),
        st.builds(lambda k: Compare(k, "has"), key),
        st.builds(lambda k, op, v: Compare(k, op, (v[:1],)), key, st.sampled_from(("contains", "starts with")), value),
        st.builds(lambda k, v: Compare(k, "ends with", (v[-1:],)), key, value),
    )


def expressions(keys: tuple[str, ...] = KEYS, values: tuple[str, ...] = VALUES) -> st.SearchStrategy[Expression]:
    return st.recursive(
        comparisons(keys, values) | st.just(Everything()),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, max_size=3).map(lambda terms: And(tuple(terms))),
            st.lists(inner, max_size=3).map(lambda terms: Or(tuple(terms))),
        ),
        max_leaves=4,
    )


def _requirement(key: str, operator: str, values: list[str]) -> Requirement:
    given = tuple(values) if operator in ("In", "NotIn") else ()
    return Requirement(key=key, operator=operator, values=given)  # type: ignore[arg-type]


label_selectors = st.builds(
    lambda labels, requirements: LabelSelector(match_labels=labels, match_expressions=tuple(requirements)),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=1),
    st.lists(
        st.builds(
            _requirement,
            st.sampled_from(KEYS),
            st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")),
            st.lists(st.sampled_from(VALUES), min_size=1, unique=True),
        ),
        max_size=1,
    ),
)
selectors: st.SearchStrategy[Selector] = label_selectors | expressions()
accounts = st.none() | st.none() | expressions((SERVICE_ACCOUNT_NAME,), ("default", "robot"))
unread_accounts = accounts | expressions((SERVICE_ACCOUNT_NAME, "team"), ("default", "a"))


def pod_peers(of_accounts: st.SearchStrategy[Expression | None]) -> st.SearchStrategy[PodPeer]:
    of_namespace = st.builds(
        lambda namespace, pods, account: PodPeer("", namespace, None, pods, account, flat=True),
        st.sampled_from(("a", "b")),
        st.none() | selectors,
        of_accounts,
    )
    anywhere = st.builds(
        lambda namespaces, pods, account: PodPeer("", "", namespaces, pods, account, flat=True),
        selectors,
        st.none() | selectors,
        of_accounts,
    )
    return of_namespace | anywhere


blocks = st.sampled_from(
    (
        BlockPeer("", ip_network("0.0.0.0/0")),
        BlockPeer("", ip_network("10.0.0.0/8"), (ip_network("10.0.0.0/24"),)),
        BlockPeer("", ip_network("10.0.0.0/24"), everyone=True),
        BlockPeer("", ip_network("172.18.0.2/32"), everyone=True),
        BlockPeer("", ip_network("::/0"), (ip_network("fd00::/64"),)),
        BlockPeer("", ip_network("fd00::/16"), everyone=True),
    )
)
entities = st.sampled_from(
    ("all", "cluster", "world", "world-ipv4", "world-ipv6", "host", "remote-node", "kube-apiserver")
).map(lambda entity: EntityPeer("", entity))
nodes = selectors.map(lambda selector: NodePeer("", selector))
simple: st.SearchStrategy[Peer] = pod_peers(unread_accounts) | pod_peers(accounts) | blocks | entities | nodes
all_of = st.builds(
    lambda every, none: AllOf("", tuple(every), tuple(none)),
    st.lists(simple, max_size=2),
    st.lists(simple, max_size=2),
)
peers: st.SearchStrategy[Peer] = simple | all_of

ranges = st.builds(
    lambda protocol, bounds: PortRange("", protocol, *bounds),
    st.sampled_from(("TCP", "UDP", "SCTP")),
    st.sampled_from(((80, 80), (79, 80), (81, 65535), (1, 65535))),
)
ports: st.SearchStrategy[RulePort] = ranges | st.builds(
    lambda name, protocol: NamedPort("", protocol, name),
    st.sampled_from(("http", "dns")),
    st.sampled_from(("", "TCP", "UDP")),
)


T = TypeVar("T")


def rarely(some: st.SearchStrategy[T], nothing: T) -> st.SearchStrategy[T]:
    return st.integers(0, 3).flatmap(lambda n: some if n == 0 else st.just(nothing))


def tuples(some: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(some, max_size=most).map(tuple)


rules = st.builds(
    Rule,
    ref=st.just(ObjectRef("Policy", "p")),
    action=st.sampled_from(Action),
    peers=tuples(peers, 2),
    ports=tuples(ports, 2),
    locals=rarely(peers, None),
    source_ports=rarely(tuples(ranges, 1), ()),
    not_ports=rarely(tuples(ports, 1), ()),
)
priorities = st.builds(Priority, st.sampled_from((0.0, 1.0, 1000.0, math.inf)), st.sampled_from(("", "k")))
rulesets = st.builds(
    Ruleset,
    policy=st.just(ObjectRef("Policy", "p")),
    direction=st.sampled_from(Direction),
    tier=st.sampled_from(TIERS),
    priority=priorities,
    isolates=st.booleans(),
    subject=pod_peers(rarely(unread_accounts, None)),
    rules=tuples(rules, 3),
)
# As NetworkPolicies are: all of one tier and priority, and nothing but Allow.
plain = st.builds(
    lambda ruleset: replace(
        ruleset,
        tier=Tier.NETWORK_POLICY,
        priority=Priority(1),
        isolates=True,
        rules=tuple(replace(rule, action=Action.ALLOW) for rule in ruleset.rules),
    ),
    rulesets,
)


def _crowd(direction: Direction, drawn: list[Ruleset]) -> list[Ruleset]:
    return [replace(ruleset, tier=Tier.NETWORK_POLICY, direction=direction) for ruleset in drawn]


# Many of one tier and direction, whose order decides.
_few_rules = st.builds(
    Rule,
    ref=st.just(ObjectRef("Policy", "p")),
    action=st.sampled_from(Action),
    peers=tuples(pod_peers(rarely(unread_accounts, None)) | blocks, 1),
    ports=tuples(ranges, 1),
    locals=rarely(peers, None),
    source_ports=rarely(tuples(ranges, 1), ()),
)
_broad = st.builds(
    replace,
    rulesets,
    subject=st.sampled_from(
        (
            PodPeer("", "a", None, None),
            PodPeer("", "b", None, None),
            PodPeer("", "", LabelSelector(), None),
            PodPeer("", "", Everything(), Compare("x", "has")),
        )
    ),
    rules=tuples(_few_rules, 3),
)
crowds = st.builds(_crowd, st.sampled_from(Direction), st.lists(_broad, min_size=2, max_size=6))


def numbered(drawn: Sequence[Ruleset]) -> tuple[Ruleset, ...]:
    """With a name of its own for each policy, and a path for each of its parts."""
    return tuple(
        _named(ruleset, ObjectRef("Policy", f"p{n}", ruleset.subject.namespace)) for n, ruleset in enumerate(drawn)
    )


def _named(ruleset: Ruleset, policy: ObjectRef) -> Ruleset:
    field = f"spec.{ruleset.direction.field}"
    rules = tuple(_placed(rule, policy.at(f"{field}[{n}]")) for n, rule in enumerate(ruleset.rules))
    return replace(ruleset, policy=policy, subject=replace(ruleset.subject, path="spec.subject"), rules=rules)


def _placed(rule: Rule, ref: ObjectRef) -> Rule:
    return replace(
        rule,
        ref=ref,
        peers=tuple(_at(peer, f"{ref.path}.peers[{n}]") for n, peer in enumerate(rule.peers)),
        locals=_at(rule.locals, f"{ref.path}.locals") if rule.locals else None,
    )


def _at(peer: Peer, path: str) -> Peer:
    if isinstance(peer, AllOf):
        every = tuple(_at(one, f"{path}.every[{n}]") for n, one in enumerate(peer.every))
        none = tuple(_at(one, f"{path}.none[{n}]") for n, one in enumerate(peer.none))
        return AllOf(path, every, none)
    return replace(peer, path=path)
