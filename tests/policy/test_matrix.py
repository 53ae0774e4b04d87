"""The matrix against the decision of one flow, which has a second evaluator of its own: the same answers everywhere."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.by import By
from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.entities import Answer, view
from netdoctor.policy.flow import Flow, pod_endpoint
from netdoctor.policy.matrix import Matrix, matrix
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import PROTOCOLS
from netdoctor.policy.selection import numbers
from tests.policy.clusters import CALICO, admin, cluster, namespace, node, pod, policy
from tests.policy.test_property import (
    NAMESPACES,
    World,
    admin_policies,
    baseline_policies,
    cluster_policies,
    labels,
    network_policies,
    pods,
    several,
    specs,
    with_baseline,
    worlds,
)

CILIUM = CNIProfile("cilium", ipblock_matches_pods=False, ipblock_matches_nodes=False)
ADDRESSES = (
    "10.0.0.1",
    "10.0.0.2 fd00::2",
    "fd00::3 10.0.0.3",
    "fd00:1::1",
    "",  # a pod to be
)

Manifest = dict[str, Any]


def differences(of: Matrix) -> list[str]:
    """Flows between classes for which the matrix and the single decision differ."""
    found = []
    for d, destination in enumerate(of.classes):
        for cell in of.cells(d):
            for s, source in enumerate(of.classes):
                expected = True if cell.allowed >> s & 1 else None if cell.possible >> s & 1 else False
                for protocol, first, last in of.ports.ranges(cell.ports):
                    for port in {first, last}:
                        flow = _between(source, destination, of.policies.snapshot, protocol, port)
                        if flow and (got := decide(of.policies, flow, of.profile).allowed) is not expected:
                            found.append(f"{flow}: matrix {expected}, decide {got}")
    return found


def _between(
    source: EndpointClass, destination: EndpointClass, snapshot: Snapshot, protocol: str, port: int
) -> Flow | None:
    """A flow between two different members; a node and its own pods are asked about one by one, not here."""
    end = destination.end
    if source is destination:
        if len(source.members) < 2 or source.end.is_node:
            return None
        other = source.members[1]
        end = pod_endpoint(other, snapshot)  # type: ignore[arg-type]
    if source.end.node and source.end.node == end.node and (source.end.is_node or end.is_node):
        return None
    of = {p: p for p in PROTOCOLS}
    return Flow(source.end, end, of[protocol], port)  # type: ignore[index]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    namespace_labels=st.tuples(labels, labels),
    pods=pods,
    ips=st.permutations(ADDRESSES),
    policies=st.lists(st.tuples(st.sampled_from(NAMESPACES), specs), min_size=1, max_size=5),
    profile=st.sampled_from((CALICO, CILIUM)),
    unread=st.sampled_from(((), (("Namespace", "a"),), (("NetworkPolicy", "b"),))),
)
def test_matrix_and_decision_agree_on_every_flow(
    namespace_labels: tuple[dict[str, str], ...],
    pods: list[tuple[str, dict[str, str], list[tuple[str, int, str]]]],
    ips: list[str],
    policies: list[tuple[str, Manifest]],
    profile: CNIProfile,
    unread: tuple[tuple[str, str], ...],
) -> None:
    snapshot = cluster(
        *(namespace(name, **given) for name, given in zip(NAMESPACES, namespace_labels, strict=True)),
        *(pod(f"{where}/pod{n}", ips[n], has, ports=ports) for n, (where, has, ports) in enumerate(pods)),
        pod("a/agent", "172.18.0.2", hostNetwork=True, nodeName="n1"),
        node("n1", "172.18.0.2"),
        node("n2", "10.0.0.9"),
        *(policy(f"{where}/p{n}", **spec) for n, (where, spec) in enumerate(policies)),
        unread=unread,
    )
    assert not differences(matrix(compile_policies(snapshot), profile))


def of_every_tier() -> st.SearchStrategy[list[Manifest]]:
    """Policies of all four kinds."""
    before = several(admin_policies, cluster_policies, network_policies, most=2)
    return st.tuples(before, baseline_policies).map(with_baseline)


UNREAD = (
    "Namespace",
    "Node",
    "AdminNetworkPolicy",
    "NetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    world=worlds(of_every_tier()),
    profile=st.sampled_from((CALICO, CILIUM)),
    unread=st.none() | st.tuples(st.sampled_from(UNREAD), st.sampled_from(("", "a"))),
)
def test_matrix_and_decision_agree_on_every_flow_in_all_tiers(
    world: World, profile: CNIProfile, unread: tuple[str, str] | None
) -> None:
    snapshot = cluster(*world.manifests, unread=(unread,) if unread else ())
    assert not differences(matrix(compile_policies(snapshot), profile))


def test_a_policy_that_may_apply_does_so_as_a_whole() -> None:
    """Its Pass comes before its Deny, so that whether it selects the pod makes no difference."""
    snapshot = cluster(
        namespace("a"),
        pod("a/web", "10.0.0.1"),
        pod("a/db", "10.0.0.2"),
        admin(
            "perhaps",
            subject={"namespaces": {"matchLabels": {"team": "x"}}},
            egress=[{"action": action, "to": [{"networks": ["0.0.0.0/0"]}]} for action in ("Pass", "Deny")],
        ),
        unread=(("Namespace", "a"),),
    )
    found = matrix(compile_policies(snapshot), CALICO)
    assert not differences(found)
    assert {
        cell.allowed == cell.possible for number, _ in enumerate(found.classes) for cell in found.cells(number)
    } == {True}


def test_an_address_outside_may_be_a_node_that_could_not_be_read() -> None:
    denied = admin("nodes", egress=[{"action": "Deny", "to": [{"nodes": {}}]}])
    manifests = namespace("a"), pod("a/web", "10.0.0.1"), denied
    for unread, certain in ((), True), ((("Node", ""),), False):
        found = matrix(compile_policies(cluster(*manifests, unread=unread)), CALICO)
        outside = next(number for number, one in enumerate(found.classes) if not one.members)
        assert [bool(cell.allowed & 1) for cell in found.cells(outside)] == [certain]


FROM_SHOP = {"podSelector": {}, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
OFFICE = {"ipBlock": {"cidr": "198.51.100.0/24"}}


@pytest.fixture
def shop() -> Snapshot:
    return cluster(
        namespace("shop"),
        namespace("db", team="data"),
        pod("shop/web-1", "10.0.0.1", {"app": "web"}),
        pod("shop/web-2", "10.0.0.2", {"app": "web"}),
        pod("shop/job", "10.0.0.3", {"app": "job"}),
        pod("db/pg", "10.0.0.4", {"app": "pg"}, ports=[("pg", 5432, "TCP")]),
        policy("db/pg", podSelector={}, ingress=[{"from": [FROM_SHOP, OFFICE], "ports": [{"port": "pg"}]}]),
        policy(
            "shop/job",
            podSelector={"matchLabels": {"app": "job"}},
            egress=[{"to": [{"podSelector": {}}]}],
            policyTypes=["Egress"],
        ),
    )


def _table(snapshot: Snapshot, by: By) -> dict[tuple[str, str], list[str]]:
    """The sources that may send, by destination and ports."""
    found = view(matrix(compile_policies(snapshot), CALICO), by)
    table: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for number, entity in enumerate(found.entities):
        for row in found.rows(number):
            if row.answer is not Answer.DENIED:
                names = [found.entities[n].name for n in numbers(row.sources)]
                table[entity.name, found.matrix.ports.text(row.ports)] += [f"{row.answer} {name}" for name in names]
    return table


def test_by_pod_no_pod_is_its_own_source(shop: Snapshot) -> None:
    found = _table(shop, By.POD)
    web_1 = found["Pod shop/web-1", "every port"]
    assert "allowed Pod shop/web-1" not in web_1
    assert {"allowed Pod shop/web-2", "allowed Pod shop/job"} <= {*web_1}
    pg = ["allowed Pod shop/web-1", "allowed Pod shop/web-2", "allowed 198.51.100.0/24"]
    assert found["Pod db/pg", "5432/TCP"] == pg


def test_by_namespace_what_only_some_pods_may_is_partly(shop: Snapshot) -> None:
    found = _table(shop, By.NAMESPACE)
    assert found["Namespace db", "5432/TCP"] == ["allowed 198.51.100.0/24", "partly Namespace shop"]


def test_addresses_outside_are_told_apart_as_far_as_policies_do(shop: Snapshot) -> None:
    found = matrix(compile_policies(shop), CALICO)
    assert [one.name for one in found.classes if not one.members] == ["outside the cluster", "198.51.100.0/24"]
