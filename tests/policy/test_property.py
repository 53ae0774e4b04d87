"""The engine against the naive evaluator, on random clusters: no difference in any flow."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows, decide
from netdoctor.policy.rules import PROTOCOLS
from tests.policy.clusters import CALICO, cluster, flow, namespace, pod, policy
from tests.policy.naive import Question, allowed

NAMESPACES = ("a", "b")
PORTS = (79, 80, 81)
POD_IPS = ("10.0.0.1", "10.0.0.2", "10.0.1.1", "fd00::1", "fd00::2", "fd00:1::1")
OUTSIDE_IPS = ("192.0.2.1", "2001:db8::1")

Manifest = dict[str, Any]
names = st.sampled_from(("http", "dns"))
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


protocol = st.fixed_dictionaries({}, optional={"protocol": st.sampled_from(PROTOCOLS)})
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
pods = st.lists(
    st.tuples(
        st.sampled_from(NAMESPACES),
        labels,
        st.lists(
            st.tuples(names, st.sampled_from(PORTS), st.sampled_from(PROTOCOLS)),
            max_size=2,
            unique_by=lambda port: (port[0], port[2]),
        ),
    ),
    min_size=2,
    max_size=4,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    namespace_labels=st.tuples(labels, labels),
    pods=pods,
    ips=st.permutations(POD_IPS),
    policies=st.lists(st.tuples(st.sampled_from(NAMESPACES), specs), min_size=2, max_size=5),
)
def test_engine_and_naive_evaluator_agree_on_every_flow(
    namespace_labels: tuple[dict[str, str], ...],
    pods: list[tuple[str, dict[str, str], list[tuple[str, int, str]]]],
    ips: list[str],
    policies: list[tuple[str, Manifest]],
) -> None:
    manifests = [policy(f"{where}/p{n}", **spec) for n, (where, spec) in enumerate(policies)]
    ends: dict[str, Manifest] = {ip: {"ip": ip} for ip in OUTSIDE_IPS}
    for n, (where, pod_labels, ports) in enumerate(pods):
        named = [{"name": name, "containerPort": port, "protocol": protocol} for name, port, protocol in ports]
        ends[f"{where}/pod{n}"] = {"ip": ips[n], "namespace": where, "labels": pod_labels, "ports": named}
    snapshot = cluster(
        *(namespace(name, **given) for name, given in zip(NAMESPACES, namespace_labels, strict=True)),
        *(pod(f"{where}/pod{n}", ips[n], has, ports=ports) for n, (where, has, ports) in enumerate(pods)),
        *manifests,
    )
    compiled = compile_policies(snapshot)
    assert compiled.problems == ()
    known = {
        name: {**has, "kubernetes.io/metadata.name": name}
        for name, has in zip(NAMESPACES, namespace_labels, strict=True)
    }
    for source, destination, protocol, port in product(ends, ends, PROTOCOLS, (80, 81)):
        if source == destination:
            continue
        asked = flow(snapshot, source, destination, f"{port}/{protocol}")
        verdict = decide(compiled, asked, CALICO)
        expected = allowed(Question(manifests, known, ends[source], ends[destination], protocol, port))
        assert (verdict.egress.allowed, verdict.ingress.allowed) == expected, asked
        assert allows(compiled, asked, CALICO) is verdict.allowed
        for side in (verdict.egress, verdict.ingress):
            assert all(near.misses and near.missed for near in side.near_misses)
            assert side.decided_by is None or compiled.rule(side.decided_by)
