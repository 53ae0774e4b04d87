"""Calico's policies, mixed with those of Kubernetes, against the naive evaluator; and the matrix against decisions."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.policy.calico.selector import parse_selector
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows, decide
from netdoctor.policy.expressions import holds
from netdoctor.policy.matrix import matrix
from tests.policy.calico import naive
from tests.policy.calico.manifests import calico, local, tier, wide
from tests.policy.clusters import CALICO, cluster, flow
from tests.policy.naive import Question
from tests.policy.test_matrix import differences
from tests.policy.test_property import (
    EXAMPLES,
    NAMESPACES,
    PORTS,
    World,
    labels,
    names,
    network_policies,
    several,
    worlds,
)

Manifest = dict[str, Any]
_SPECIAL = ("projectcalico.org/namespace", "pcns.x")


def comparisons(keys: tuple[str, ...]) -> st.SearchStrategy[str]:
    key, value = st.sampled_from(keys), st.sampled_from(("1", "2", "a", ""))
    with_value = st.sampled_from(("==", "!=", "contains", "starts with", "ends with"))
    sets = st.lists(value, max_size=2).map(lambda found: "{" + ", ".join(f"'{one}'" for one in found) + "}")
    return st.one_of(
        st.builds("{} {} '{}'".format, key, with_value, value),
        st.builds("{} {} {}".format, key, st.sampled_from(("in", "not in")), sets),
        st.builds("has({})".format, key),
        st.just("all()"),
    )


def selectors(*keys: str, more: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    leaf = comparisons(keys) if more is None else comparisons(keys) | more
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds("!({})".format, inner),
            st.builds("({}) && ({})".format, inner, inner),
            st.builds("{} || {}".format, inner, inner),
        ),
        max_leaves=3,
    )


of_pods = selectors("x", "y", *_SPECIAL)
of_namespaces = selectors("x", "projectcalico.org/name", more=st.just("global()"))
of_subjects = selectors("x", "projectcalico.org/name")
nets = st.lists(
    st.sampled_from(("0.0.0.0/0", "10.0.0.0/24", "10.0.0.1", "172.18.0.2/32", "::/0", "fd00::/64", "192.0.2.1")),
    min_size=1,
    max_size=2,
    unique=True,
)
entity = st.fixed_dictionaries(
    {},
    optional={
        "selector": of_pods,
        "namespaceSelector": of_namespaces,
        "notSelector": of_pods,
        "nets": nets,
        "notNets": nets,
    },
)
ports = st.lists(st.sampled_from(PORTS) | st.sampled_from(("79:80", "80:65535", "81")) | names, min_size=1, max_size=2)
target = st.builds(
    lambda one, numbers: {**one, **numbers},
    entity,
    st.fixed_dictionaries({}, optional={"ports": ports, "notPorts": ports}),
)


@st.composite
def rules(draw: st.DrawFn) -> Manifest:
    drawn: Manifest = {
        "action": draw(st.sampled_from(("Allow", "Deny", "Pass", "Log"))),
        "source": draw(entity),
        "destination": draw(st.just({}) | target),
    }
    if {"ports", "notPorts"} & set(drawn["destination"]):
        drawn["protocol"] = draw(st.sampled_from(("TCP", "UDP")))
    elif draw(st.booleans()):
        drawn[draw(st.sampled_from(("protocol", "notProtocol")))] = draw(st.sampled_from(("TCP", "UDP", "ICMP")))
    if draw(st.integers(0, 4)) == 0:
        drawn["ipVersion"] = draw(st.sampled_from((4, 6)))
    return drawn


def specs(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[Manifest]:
    return st.fixed_dictionaries(
        {"ingress": st.lists(rules(), max_size=3), "egress": st.lists(rules(), max_size=3)},
        optional={
            "tier": st.sampled_from(("default", "first", "last")),
            "order": st.sampled_from((-1, 999.5, 1000, 2000)),
            "selector": of_pods,
            "types": st.lists(st.sampled_from(("Ingress", "Egress")), min_size=1, unique=True),
            **more,
        },
    )


locals_ = st.builds(lambda where, spec: local(f"{where}/p", **spec), st.sampled_from(NAMESPACES), specs())
globals_ = st.builds(lambda spec: wide("g", **spec), specs(namespaceSelector=of_subjects))
sets = st.one_of(
    st.builds(lambda has, given: calico("GlobalNetworkSet", "s", has, nets=given), labels, nets),
    st.builds(
        lambda where, has, given: calico("NetworkSet", f"{where}/s", has, nets=given),
        st.sampled_from(NAMESPACES),
        labels,
        nets,
    ),
)
tiers = st.tuples(
    st.sampled_from((1, 999_999)), st.sampled_from((1_000_001, None)), *[st.sampled_from(("Deny", "Pass"))] * 2
)


@st.composite
def calico_worlds(draw: st.DrawFn) -> World:
    world = draw(worlds(several(locals_, globals_, sets, network_policies, most=2)))
    first, last, ends, default = draw(tiers)
    both = [tier("first", first, ends), tier("last", last, default)]
    return replace(world, manifests=[*world.manifests, *both], policies=[*world.policies, *both])


settled = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@settled
@given(calico_worlds())
def test_no_difference_in_any_flow(world: World) -> None:
    snapshot = cluster(*world.manifests)
    compiled = compile_policies(snapshot, cni="calico")
    assert not compiled.problems
    for start, end in permutations(world.ends, 2):
        source, destination = world.ends[start], world.ends[end]
        if (":" in source["ip"]) != (":" in destination["ip"]):
            continue
        for protocol, port in (("TCP", 80), ("UDP", 80), ("TCP", 81)):
            asked = flow(snapshot, start, end, f"{port}/{protocol}")
            question = Question(world.policies, world.namespaces, source, destination, protocol, port)
            verdict = decide(compiled, asked, CALICO)
            assert (verdict.egress.allowed, verdict.ingress.allowed) == naive.allowed(question), asked
            assert allows(compiled, asked, CALICO) is (verdict.allowed is True)
            for side in (verdict.egress, verdict.ingress):
                assert side.decided_by is None or compiled.rule(side.decided_by)


@settings(settled, max_examples=max(EXAMPLES // 2, 1))
@given(calico_worlds())
def test_matrix_and_decision_agree_on_every_flow(world: World) -> None:
    assert not differences(matrix(compile_policies(cluster(*world.manifests), cni="calico"), CALICO))


@settings(max_examples=300)
@given(of_pods, labels)
def test_both_evaluators_read_selectors_alike(text: str, has: dict[str, str]) -> None:
    assert holds(parse_selector(text), has) is naive.holds(text, has)
