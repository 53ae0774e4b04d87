"""The effect of a change against deciding every pair of pods one by one."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows
from netdoctor.policy.effect import effect
from netdoctor.policy.flow import Flow, pod_endpoint
from netdoctor.policy.groups import OUTSIDE
from tests.policy.clusters import CALICO, Manifest, cluster, namespace, pod, policy
from tests.policy.test_property import NAMESPACES, POD_IPS, labels, pods, specs


def reachable(snapshot: Snapshot) -> set[str]:
    """Lines of all pairs that may speak on 80/TCP, pods with themselves left out."""
    ends = {str(p.ref): pod_endpoint(p, snapshot) for p in snapshot.pods} | {OUTSIDE.name: OUTSIDE}
    policies = compile_policies(snapshot)
    return {
        f"{a} → {b}"
        for a, b in product(ends, ends)
        if a != b and allows(policies, Flow(ends[a], ends[b], "TCP", 80), CALICO)
    }


def on_port_80(lines: tuple[str, ...]) -> set[str]:
    parts = (re.fullmatch(r"(.+?)((?:,? \d+/[A-Z]+)+)", line) for line in lines)
    return {found[1] for found in parts if found and "80/TCP" in found[2]}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    old=st.tuples(labels, labels),
    new=st.tuples(labels, labels),
    pods=pods,
    ips=st.permutations(POD_IPS),
    policies=st.lists(st.tuples(st.sampled_from(NAMESPACES), specs), min_size=1, max_size=4),
)
def test_opened_and_closed_flows_are_those_of_every_pair(
    old: tuple[dict[str, str], ...],
    new: tuple[dict[str, str], ...],
    pods: list[tuple[str, dict[str, str], list[tuple[str, int, str]]]],
    ips: list[str],
    policies: list[tuple[str, Manifest]],
) -> None:
    def spaces(chosen: tuple[dict[str, str], ...]) -> list[Manifest]:
        return [namespace(name, **given) for name, given in zip(NAMESPACES, chosen, strict=True)]

    running = [pod(f"{where}/p{n}", ips[n], has, ports=ports) for n, (where, has, ports) in enumerate(pods)]
    written = [policy(f"{where}/p{n}", **spec) for n, (where, spec) in enumerate(policies)]
    before = cluster(*spaces(old), *running, *written[1:])
    after = cluster(*spaces(new), *running, *written)
    first = pod_endpoint(before.pods[0], before)
    asked = Flow(first, replace(OUTSIDE, name="elsewhere"), "TCP", 80)
    found = effect(compile_policies(before), compile_policies(after), asked, CALICO)
    was, now = reachable(before), reachable(after)
    assert {line for line in on_port_80(found.opens) if "elsewhere" not in line} == now - was
    assert {line for line in on_port_80(found.closes) if "elsewhere" not in line} == was - now


def test_pods_that_only_an_address_or_a_named_port_tells_apart_are_told_apart() -> None:
    near, far = (
        pod("a/near", "10.0.0.1", ports=[("web", 80, "TCP")]),
        pod("a/far", "10.9.0.1", ports=[("web", 81, "TCP")]),
    )
    block = {"from": [{"ipBlock": {"cidr": "10.0.0.0/16"}}]}
    named = {"ports": [{"port": "web"}]}
    before = cluster(near, far, pod("b/x", "10.1.0.1"), policy("a/p", ingress=[]), policy("b/p", ingress=[]))
    asked = Flow(pod_endpoint(before.pods[0], before), pod_endpoint(before.pods[2], before), "TCP", 80)
    for added, opened in (
        (policy("b/q", ingress=[block]), {"Pod a/near → Pod b/x"}),
        (policy("a/q", ingress=[named]), {f"{end} → Pod a/near" for end in ("Pod a/far", "Pod b/x", OUTSIDE.name)}),
    ):
        after = Snapshot.of(
            (*before.pods, *before.network_policies, *cluster(added).network_policies),
            source="test",
            taken_at=before.taken_at,
        )
        found = effect(compile_policies(before), compile_policies(after), asked, CALICO)
        assert on_port_80(found.opens) == opened
