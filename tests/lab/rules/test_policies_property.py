"""The engine against the kernel: what `decide` says of a flow, packets do, under random policies of all kinds."""

from __future__ import annotations

import os
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.rules.policies import PolicyTables
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, ip_endpoint
from netdoctor.policy.profile import profile_for
from netdoctor.policy.rules import Protocol
from tests.lab.nft.sandbox import sandboxed
from tests.lab.rules.topology import Topology, Trial
from tests.policy.clusters import cluster, namespace, node, pod
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
def clusters(draw: st.DrawFn) -> Snapshot:
    """The same pods and nodes each time, with other labels, named ports and policies."""
    manifests = [namespace(name, **draw(labels)) for name in ("a", "b")]
    manifests += [a_node(name, **draw(labels)) for name in NODES]
    manifests += [a_pod(name, draw(labels), ports=draw(named_ports)) for name in PODS]
    on_host = {"ports": [("http", 80, "TCP")], "hostNetwork": True, "nodeName": "n1"}
    manifests.append(pod("a/host", " ".join(NODES["n1"]), {"x": "1"}, **on_host))
    drawn = draw(st.lists(any_policy, min_size=POLICIES_OF_A_CLUSTER - 1, max_size=POLICIES_OF_A_CLUSTER - 1))
    drawn.append(draw(st.one_of(baseline_policies, network_policies)))
    return cluster(*manifests, *(_numbered(one, number) for number, one in enumerate(drawn)))


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


def expected(snapshot: Snapshot, cni: str) -> dict[Trial, bool]:
    """What the engine says; nothing of flows that the API leaves open."""
    compiled, profile = compile_policies(snapshot), profile_for(cni)
    ends = {ip: ip_endpoint(ip, snapshot) for trial in TRIALS for ip in (trial.source, trial.destination)}
    found = {}
    for trial, (protocol, port) in zip(TRIALS, PORTS * (len(TRIALS) // len(PORTS)), strict=True):
        flow = Flow(ends[trial.source], ends[trial.destination], protocol, port)
        allowed = decide(compiled, flow, profile).allowed
        if allowed is not None:
            found[trial] = allowed
    return found


def test_packets_do_what_the_engine_says() -> None:
    compared = {True: 0, False: 0}

    @sandboxed
    def compare() -> None:
        topology = Topology(cluster(*map(a_node, NODES), *(a_pod(name) for name in PODS)), OUTSIDE)
        topology.serve(PORTS)

        @settings(
            max_examples=max(1, COUNT // POLICIES_OF_A_CLUSTER),
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(clusters(), st.sampled_from(("calico", "cilium")))
        def agree(snapshot: Snapshot, cni: str) -> None:
            tables = PolicyTables(snapshot, profile_for(cni))
            topology.filter({name: [tables.table(topology.local(snapshot, name))] for name in NODES})
            wanted = expected(snapshot, cni)
            found = topology.arrives(wanted)
            assert {trial: found[trial] for trial in wanted if found[trial] != wanted[trial]} == {}
            for answer in wanted.values():
                compared[answer] += 1

        agree()
        assert min(compared.values()) > COUNT  # neither everything nor nothing passes

    compare()
