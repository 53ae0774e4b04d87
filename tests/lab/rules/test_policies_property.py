"""The engine against the kernel: what `decide` says of a flow, packets do, under random policies of all kinds.

And under random rulesets of the form that the policies of all network plugins are compiled to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from netdoctor.lab.rules.policies import PolicyTables
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, ip_endpoint
from netdoctor.policy.profile import profile_for
from netdoctor.policy.rules import Protocol
from tests.lab.nft.sandbox import sandboxed
from tests.lab.rules.topology import Topology, Trial
from tests.policy.clusters import cluster, namespace, node, pod
from tests.policy.forms import rulesets
from tests.policy.test_form_property import compiled
from tests.policy.test_property import (
    _numbered,
    admin_policies,
    baseline_policies,
    cluster_policies,
    labels,
    named_ports,
    network_policies,
)

Manifest = dict[str, Any]
NODES = {"n1": ("172.18.0.2", "fd12::2"), "n2": ("172.18.0.3", "fd12::3")}
NETWORKS = {"n1": ("10.0.0.0/24", "fd00::/64"), "n2": ("10.0.1.0/24", "fd00:1::/64")}
PODS = {
    "a/one": ("n1", "10.0.0.1", "fd00::1"),
    "a/two": ("n1", "10.0.0.2", "fd00::2"),
    "b/one": ("n1", "10.0.0.3", "fd00::3"),
    "a/far": ("n2", "10.0.1.1", "fd00:1::1"),
    "b/far": ("n2", "10.0.1.2", "fd00:1::2"),
}
OUTSIDE = ("192.0.2.1", "2001:db8::1")
PORTS: tuple[tuple[Protocol, int], ...] = (("TCP", 80), ("UDP", 80), ("TCP", 81))
POLICIES_OF_A_CLUSTER = 6
COUNT = int(os.environ.get("NETDOCTOR_RANDOM_POLICIES", "60"))


def a_node(name: str, **has: str) -> Manifest:
    """With the addresses of both families."""
    made = node(name, NODES[name][0], **has)
    made["status"]["addresses"].append({"type": "InternalIP", "address": NODES[name][1]})
    return {**made, "spec": {"podCIDRs": list(NETWORKS[name])}}


def a_pod(name: str, has: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """On its node, with its addresses."""
    where, *ips = PODS[name]
    return pod(name, " ".join(ips), has, nodeName=where, **spec)


any_policy = st.one_of(network_policies, network_policies, admin_policies, cluster_policies)


@st.composite
def worlds(draw: st.DrawFn) -> list[Manifest]:
    """The same pods and nodes each time, with other labels, named ports and service accounts."""
    manifests = [namespace(name, **draw(labels)) for name in ("a", "b")]
    manifests += [a_node(name, **draw(labels)) for name in NODES]
    accounts = st.sampled_from(("default", "robot"))
    manifests += [
        a_pod(name, draw(labels), ports=draw(named_ports), serviceAccountName=draw(accounts)) for name in PODS
    ]
    on_host = {"ports": [("http", 80, "TCP")], "hostNetwork": True, "nodeName": "n1"}
    return [*manifests, pod("a/host", " ".join(NODES["n1"]), {"x": "1"}, **on_host)]


@st.composite
def policies(draw: st.DrawFn) -> CompiledPolicies:
    """Of Kubernetes' kinds."""
    drawn = draw(st.lists(any_policy, min_size=POLICIES_OF_A_CLUSTER - 1, max_size=POLICIES_OF_A_CLUSTER - 1))
    drawn.append(draw(st.one_of(baseline_policies, network_policies)))
    named = (_numbered(one, number) for number, one in enumerate(drawn))
    return compile_policies(cluster(*draw(worlds()), *named))


def forms() -> st.SearchStrategy[CompiledPolicies]:
    """Every tier, action, peer and port of the general form."""
    drawn = st.lists(rulesets, min_size=2, max_size=POLICIES_OF_A_CLUSTER)
    return st.builds(lambda world, some: compiled(cluster(*world), some), worlds(), drawn)


def trials() -> list[Trial]:
    """All flows of each family in which a pod takes part."""
    found = []
    for family in (0, 1):
        of_pods = [ips[family] for _, *ips in PODS.values()]
        others = [*(ips[family] for ips in NODES.values()), OUTSIDE[family]]
        for source, destination in permutations((*of_pods, *others), 2):
            if source in of_pods or destination in of_pods:
                found += [Trial(source, destination, port, protocol) for protocol, port in PORTS]
    return found


TRIALS = trials()


def expected(compiled: CompiledPolicies, cni: str) -> dict[Trial, bool]:
    """What the engine says; nothing of flows of which it does not know."""
    profile = profile_for(cni)
    ends = {ip: ip_endpoint(ip, compiled.snapshot) for trial in TRIALS for ip in (trial.source, trial.destination)}
    found = {}
    for trial, (protocol, port) in zip(TRIALS, PORTS * (len(TRIALS) // len(PORTS)), strict=True):
        flow = Flow(ends[trial.source], ends[trial.destination], protocol, port)
        allowed = decide(compiled, flow, profile).allowed
        if allowed is not None:
            found[trial] = allowed
    return found


def compare(drawn: st.SearchStrategy[CompiledPolicies]) -> dict[bool, int]:
    """How many flows of either answer were tried; all did as the engine says."""
    compared = {True: 0, False: 0}
    topology = Topology(cluster(*map(a_node, NODES), *(a_pod(name) for name in PODS)), OUTSIDE)
    topology.serve(PORTS)

    @settings(
        max_examples=max(1, COUNT // POLICIES_OF_A_CLUSTER),
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(drawn, st.sampled_from(("calico", "cilium")))
    def agree(compiled: CompiledPolicies, cni: str) -> None:
        tables = PolicyTables(compiled, profile_for(cni))
        topology.filter({name: [tables.table(topology.local(compiled.snapshot, name))] for name in NODES})
        wanted = expected(compiled, cni)
        found = topology.arrives(wanted)
        assert {trial: found[trial] for trial in wanted if found[trial] != wanted[trial]} == {}
        for answer in wanted.values():
            compared[answer] += 1

    agree()
    return compared


@pytest.mark.parametrize("drawn", [policies, forms], ids=["policies", "rulesets"])
def test_packets_do_what_the_engine_says(drawn: Callable[[], st.SearchStrategy[CompiledPolicies]]) -> None:
    @sandboxed
    def trying() -> None:
        assert min(compare(drawn()).values()) > COUNT  # neither everything nor nothing passes

    trying()
