"""What keeps the peers of the general form from matching, and what is only perhaps a match."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import decide
from netdoctor.policy.explain import describe_peer
from netdoctor.policy.expressions import Compare
from netdoctor.policy.match import peer_misses
from netdoctor.policy.remote import remote_end
from netdoctor.policy.rules import (
    FIRST_PRIORITY,
    SERVICE_ACCOUNT_NAME,
    Action,
    AllOf,
    BlockPeer,
    Direction,
    EntityPeer,
    Peer,
    PodPeer,
    PortRange,
    Rule,
    Ruleset,
    Tier,
)
from netdoctor.policy.verdict import MissKind
from tests.policy.clusters import CALICO, cluster, flow, node, pod

WEB = pod("a/web", "10.0.0.1", {"app": "web"}, nodeName="n1", serviceAccountName="robot")
SNAPSHOT = cluster(
    WEB,
    pod("a/db", "10.0.0.2", {"app": "db"}, nodeName="n1", ports=[("sql", 5432, "TCP")]),
    node("n1", "172.18.0.2"),
    node("n2", "172.18.0.3"),
)
ALL_PODS = PodPeer("to[0]", "a", None, None, flat=True)
TEN = BlockPeer("to[0].nets", ip_network("10.0.0.0/24"), everyone=True)


def misses(peer: Peer, to: str, source: str = "a/web") -> list[MissKind]:
    remote = remote_end(flow(SNAPSHOT, source, to), Direction.EGRESS, CALICO)
    return [miss.kind for miss in peer_misses(peer, remote)]


@pytest.mark.parametrize(
    ("entity", "matching"),
    [
        ("all", {"a/db", "172.18.0.2", "172.18.0.3", "192.0.2.1"}),
        ("cluster", {"a/db", "172.18.0.2", "172.18.0.3"}),
        ("world", {"192.0.2.1"}),
        ("world-ipv4", {"192.0.2.1"}),
        ("world-ipv6", set()),
        ("host", {"172.18.0.2"}),
        ("remote-node", {"172.18.0.3"}),
    ],
)
def test_entities(entity: str, matching: set[str]) -> None:
    ends = ("a/db", "172.18.0.2", "172.18.0.3", "192.0.2.1")
    assert {to for to in ends if not misses(EntityPeer("to[0]", entity), to)} == matching


def test_another_word_is_no_pod_and_may_be_anything_else() -> None:
    peer = EntityPeer("to[0]", "kube-apiserver")
    assert misses(peer, "a/db") == [MissKind.ENTITY]
    assert misses(peer, "192.0.2.1") == [MissKind.ENTITY_UNKNOWN]


def test_all_of_them_and_none_of_the_others() -> None:
    assert misses(AllOf("to[0]", (ALL_PODS, TEN)), "a/db") == []
    assert misses(AllOf("to[0]", (ALL_PODS, TEN)), "10.0.0.9") == [MissKind.PEER_IS_NO_POD]
    assert misses(AllOf("to[0]", (ALL_PODS,), (TEN,)), "a/db") == [MissKind.EXCLUDED]
    assert misses(AllOf("to[0]", (), (TEN,)), "192.0.2.1") == []
    assert misses(AllOf("to[0]", (), (EntityPeer("", "ingress"),)), "192.0.2.1") == [MissKind.ENTITY_UNKNOWN]
    assert describe_peer(AllOf("", (ALL_PODS,), (TEN,))) == "all pods in namespace a, but not 10.0.0.0/24"


def test_a_service_account_is_known_by_name_and_its_labels_are_not() -> None:
    def of(key: str, value: str) -> Peer:
        return PodPeer("to[0]", "a", None, None, Compare(key, "==", (value,)), flat=True)

    assert misses(of(SERVICE_ACCOUNT_NAME, "robot"), "a/web", "a/db") == []
    assert misses(of(SERVICE_ACCOUNT_NAME, "default"), "a/web", "a/db") == [MissKind.SERVICE_ACCOUNT]
    assert misses(of("team", "blue"), "a/web", "a/db") == [MissKind.SERVICE_ACCOUNT_UNREAD]


def verdict_of(**rule: object) -> tuple[bool | None, list[tuple[set[str], list[MissKind]]]]:
    """Of ingress to a/db:80 under one policy that isolates and allows; with what nearly matched."""
    policy = ObjectRef("Policy", "p", "a")
    parts = {"peers": (), "ports": (), **rule}
    rules = (Rule(policy.at("spec.ingress[0]"), Action.ALLOW, **parts),)  # type: ignore[arg-type]
    subject = PodPeer("spec", "a", None, None, flat=True)
    ruleset = Ruleset(policy, Direction.INGRESS, Tier.NETWORK_POLICY, FIRST_PRIORITY, True, subject, rules)
    side = decide(CompiledPolicies(SNAPSHOT, {"a": (ruleset,)}), flow(SNAPSHOT, "a/web", "a/db"), CALICO).ingress
    return side.allowed, [(set(near.missed), [miss.kind for miss in near.misses]) for near in side.near_misses]


def test_a_rule_may_be_about_some_of_the_pods_of_its_policy() -> None:
    others = PodPeer("spec.ingress[0].destination", "a", None, Compare("app", "==", ("cache",)), flat=True)
    assert verdict_of(locals=others) == (False, [({"subject"}, [MissKind.OTHER_SUBJECT])])
    assert verdict_of(locals=ALL_PODS) == (True, [])


def test_a_port_that_is_left_out_does_not_match() -> None:
    every, http = PortRange("ports[0]", "TCP", 1, 65535), PortRange("notPorts[0]", "TCP", 80, 80)
    assert verdict_of(ports=(every,), not_ports=(http,)) == (False, [({"port"}, [MissKind.PORT_EXCLUDED])])


def test_the_clients_port_leaves_it_open() -> None:
    assert verdict_of(source_ports=(PortRange("ports", "TCP", 1024, 2048),)) == (
        None,
        [({"port"}, [MissKind.SOURCE_PORT])],
    )
    assert verdict_of(source_ports=(PortRange("ports", "UDP", 1024, 2048),))[0] is False
