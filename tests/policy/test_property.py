"""The engine against the naive evaluator, on random clusters: no difference in any flow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows, decide
from netdoctor.policy.rules import PROTOCOLS
from tests.policy.clusters import CALICO, admin, baseline, cluster, cluster_policy, flow, namespace, node, pod, policy
from tests.policy.naive import Question, allowed

NAMESPACES = ("a", "b")
PORTS = (79, 80, 81)
POD_IPS = ("10.0.0.1", "10.0.0.2", "10.0.1.1", "fd00::1", "fd00::2", "fd00:1::1")
NODES = ("n1", "n2")
NODE_IPS = ("172.18.0.2", "fd12::2")
OUTSIDE_IPS = ("192.0.2.1", "2001:db8::1")

Manifest = dict[str, Any]
names = st.sampled_from(("http", "dns"))
port_numbers = st.sampled_from(PORTS)
protocols = st.sampled_from(PROTOCOLS)
labels = st.dictionaries(st.sampled_from(("x", "y")), st.sampled_from(("1", "2")))
values = st.lists(st.sampled_from(("1", "2")), min_size=1, unique=True)


@st.composite
def expression(draw: st.DrawFn) -> Manifest:
    operator = draw(st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")))
    found = {"key": draw(st.sampled_from(("x", "y", "kubernetes.io/metadata.name"))), "operator": operator}
    return {**found, "values": draw(values)} if operator.endswith("In") else found


selector: st.SearchStrategy[Manifest] = st.just({}) | st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": st.lists(expression(), max_size=2)}
)
blocks = st.one_of(
    st.fixed_dictionaries(
        {"cidr": st.sampled_from(("0.0.0.0/0", "10.0.0.0/8"))},
        optional={"except": st.lists(st.sampled_from(("10.0.0.0/24", "10.0.0.1/32")), max_size=2)},
    ),
    st.fixed_dictionaries(
        {"cidr": st.sampled_from(("::/0", "fd00::/16"))},
        optional={"except": st.lists(st.sampled_from(("fd00::/64", "fd00::1/128")), max_size=2)},
    ),
)
peer = st.one_of(
    st.fixed_dictionaries({"podSelector": selector}, optional={"namespaceSelector": selector}),
    st.fixed_dictionaries({"namespaceSelector": selector}),
    st.fixed_dictionaries({"ipBlock": blocks}),
)


protocol = st.fixed_dictionaries({}, optional={"protocol": protocols})
number = st.one_of(
    st.fixed_dictionaries({"port": names | st.sampled_from(PORTS)}),
    st.fixed_dictionaries({"port": st.sampled_from(PORTS[:2]), "endPort": st.sampled_from(PORTS[1:])}),
    st.just({}),
)
rule_port = st.builds(lambda of, which: {**of, **which}, protocol, number)


def rules(peers: str) -> st.SearchStrategy[list[Manifest]]:
    chosen = {peers: st.lists(peer, max_size=2), "ports": st.lists(rule_port, max_size=2)}
    return st.lists(st.fixed_dictionaries({}, optional=chosen) | st.fixed_dictionaries(chosen), max_size=4)


specs = st.fixed_dictionaries(
    {"ingress": rules("from"), "egress": rules("to")},
    optional={
        "podSelector": selector,
        "policyTypes": st.lists(st.sampled_from(("Ingress", "Egress")), min_size=1, unique=True),
    },
)
named_ports = st.lists(
    st.tuples(names, st.sampled_from(PORTS), st.sampled_from(PROTOCOLS)),
    max_size=2,
    unique_by=lambda port: (port[0], port[2]),
)
pods = st.lists(st.tuples(st.sampled_from(NAMESPACES), labels, named_ports), min_size=2, max_size=4)
network_policies = st.tuples(st.sampled_from(NAMESPACES), specs).map(lambda drawn: policy(f"{drawn[0]}/p", **drawn[1]))


# Policies for the whole cluster ------------------------------------------------------------------------------

chosen_pods = st.one_of(
    st.fixed_dictionaries({"namespaces": selector}),
    st.fixed_dictionaries({"pods": st.fixed_dictionaries({"namespaceSelector": selector, "podSelector": selector})}),
)
networks = st.lists(
    st.sampled_from(("0.0.0.0/0", "10.0.0.0/24", "172.18.0.2/32", "::/0", "fd00::/64")), min_size=1, unique=True
)
by_address = st.one_of(
    st.fixed_dictionaries({"nodes": selector}),
    st.fixed_dictionaries({"networks": networks}),
)
ranges = st.sampled_from(({"start": 79, "end": 80}, {"start": 80, "end": 65535}))
admin_number = st.builds(lambda port, proto: {"portNumber": {"port": port, "protocol": proto}}, port_numbers, protocols)
admin_range = st.builds(lambda ports, proto: {"portRange": {**ports, "protocol": proto}}, ranges, protocols)
destination = st.one_of(port_numbers.map(lambda n: {"number": n}), ranges.map(lambda ports: {"range": ports}))
cluster_number = st.builds(lambda port, proto: {proto.lower(): {"destinationPort": port}}, destination, protocols)


@dataclass(frozen=True)
class Dialect:
    """What the kinds call their things, and what they may say."""

    actions: tuple[str, ...]
    ports: str
    numbers: st.SearchStrategy[Manifest]
    named: str
    domain_names: bool = True


ADMIN = Dialect(("Allow", "Deny", "Pass"), "ports", admin_number | admin_range, "namedPort")
BASELINE = Dialect(("Allow", "Deny"), "ports", admin_number | admin_range, "namedPort", domain_names=False)
CLUSTER = Dialect(("Accept", "Deny", "Pass"), "protocols", cluster_number, "destinationNamedPort")


@st.composite
def wide_rule(draw: st.DrawFn, peers_field: str, of: Dialect) -> Manifest:
    action = draw(st.sampled_from(of.actions))
    peers = draw(st.lists(chosen_pods, min_size=1, max_size=2))
    ports = of.numbers
    if peers_field == "to" and draw(st.booleans()):
        peers = peers[1:] + draw(st.lists(by_address, min_size=1, max_size=2))
        if of.domain_names and action in ("Allow", "Accept") and draw(st.booleans()):
            peers.append({"domainNames": ["example.com"]})
    else:
        ports |= names.map(lambda name: {of.named: name})
        if draw(st.integers(0, 9)) == 0:
            peers.append({})
    rule = {"action": action, peers_field: peers}
    return rule if draw(st.booleans()) else {**rule, of.ports: draw(st.lists(ports, min_size=1, max_size=2))}


def wide_spec(of: Dialect) -> st.SearchStrategy[Manifest]:
    return st.fixed_dictionaries(
        {
            "subject": st.just({"namespaces": {}}) | chosen_pods,
            "ingress": st.lists(wide_rule("from", of), max_size=3),
            "egress": st.lists(wide_rule("to", of), max_size=3),
        }
    )


priorities = st.sampled_from((0, 7, 1000))
admin_policies = st.builds(lambda n, spec: admin("a", n, **spec), priorities, wide_spec(ADMIN))
baseline_policies = st.builds(lambda spec: baseline(**spec), wide_spec(BASELINE))
cluster_policies = st.builds(
    lambda tier, n, spec: cluster_policy("c", tier, n, **spec),
    st.sampled_from(("Admin", "Baseline")),
    priorities,
    wide_spec(CLUSTER),
)


# Clusters ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """A cluster, and its ends as the naive evaluator wants them, by name."""

    manifests: list[Manifest]
    policies: list[Manifest]
    ends: dict[str, Manifest]
    namespaces: dict[str, dict[str, str]]


@st.composite
def worlds(draw: st.DrawFn, policies: st.SearchStrategy[list[Manifest]]) -> World:
    """Pods, one of them on the host network, two nodes, and an address outside of each family."""
    of_namespaces = {name: draw(labels) for name in NAMESPACES}
    of_nodes = {name: draw(labels) for name in NODES}
    ends: dict[str, Manifest] = {ip: {"ip": ip} for ip in OUTSIDE_IPS}
    manifests = [namespace(name, **has) for name, has in of_namespaces.items()]
    for (name, has), ip in zip(of_nodes.items(), draw(st.sampled_from((NODE_IPS, NODE_IPS[::-1]))), strict=True):
        ends[ip] = {"ip": ip, "node": name, "labels": has}
        manifests.append(node(name, ip, **has))
    ip = next(ip for ip, end in ends.items() if end.get("node") == NODES[0])
    ends["a/host"] = ends[ip]
    manifests.append(pod("a/host", ip, {"x": "1"}, ports=[("http", 80, "TCP")], hostNetwork=True, nodeName=NODES[0]))
    ips = draw(st.permutations(POD_IPS))
    for n, (where, has, ports) in enumerate(draw(pods)):
        on = draw(st.sampled_from((*NODES, "")))
        named = [{"name": name, "containerPort": port, "protocol": protocol} for name, port, protocol in ports]
        ends[f"{where}/pod{n}"] = {"ip": ips[n], "namespace": where, "labels": has, "ports": named, "on": on}
        manifests.append(pod(f"{where}/pod{n}", ips[n], has, ports=ports, nodeName=on))
    drawn = [_numbered(one, n) for n, one in enumerate(draw(policies))]
    known = {name: {**has, "kubernetes.io/metadata.name": name} for name, has in of_namespaces.items()}
    return World([*manifests, *drawn], drawn, ends, known)


def _numbered(one: Manifest, number: int) -> Manifest:
    if one["kind"] == "BaselineAdminNetworkPolicy":
        return one
    return {**one, "metadata": {**one["metadata"], "name": f"{one['metadata']['name']}{number}"}}


def agree(world: World) -> None:
    """No difference between the engine and the naive evaluator in any flow."""
    snapshot = cluster(*world.manifests)
    compiled = compile_policies(snapshot)
    assert all("no field that netdoctor knows" in text for _, text in compiled.problems)
    for source, to in permutations(world.ends, 2):
        for protocol, port in (("TCP", 80), ("UDP", 80), ("SCTP", 81), ("TCP", 81)):
            asked = flow(snapshot, source, to, f"{port}/{protocol}")
            verdict = decide(compiled, asked, CALICO)
            question = Question(world.policies, world.namespaces, world.ends[source], world.ends[to], protocol, port)
            assert (verdict.egress.allowed, verdict.ingress.allowed) == allowed(question), asked
            assert allows(compiled, asked, CALICO) is (verdict.allowed is True)
            for side in (verdict.egress, verdict.ingress):
                assert all(near.misses and near.missed for near in side.near_misses)
                assert side.decided_by is None or compiled.rule(side.decided_by)


def with_baseline(drawn: tuple[list[Manifest], Manifest]) -> list[Manifest]:
    """There is one BaselineAdminNetworkPolicy at most."""
    return [*drawn[0], drawn[1]]


def several(*kinds: st.SearchStrategy[Manifest], most: int) -> st.SearchStrategy[list[Manifest]]:
    """Some policies of each kind."""
    lists = (st.lists(kind, min_size=1, max_size=most) for kind in kinds)
    return st.tuples(*lists).map(lambda drawn: [one for same in drawn for one in same])


EXAMPLES = int(os.environ.get("NETDOCTOR_EXAMPLES", "60"))
thorough = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(worlds(st.lists(network_policies, min_size=2, max_size=5)))
def test_network_policies(world: World) -> None:
    agree(world)


@thorough
@given(worlds(several(admin_policies, most=3)))
def test_admin_network_policies(world: World) -> None:
    agree(world)


@thorough
@given(worlds(several(cluster_policies, most=4)))
def test_cluster_network_policies(world: World) -> None:
    agree(world)


@thorough
@given(worlds(st.tuples(several(admin_policies, network_policies, most=2), baseline_policies).map(with_baseline)))
def test_network_policies_between_admin_and_baseline(world: World) -> None:
    agree(world)


@thorough
@given(
    worlds(
        st.tuples(several(admin_policies, cluster_policies, network_policies, most=2), baseline_policies).map(
            with_baseline
        )
    )
)
def test_all_kinds_together(world: World) -> None:
    agree(world)
