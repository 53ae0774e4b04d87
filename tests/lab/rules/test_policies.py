"""Policies in real kernels, where the API leaves it to the network plugin or a special case is at stake."""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.rules.policies import PolicyTables
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.profile import profile_for
from tests.lab.nft.sandbox import sandboxed
from tests.lab.rules.topology import Topology, Trial
from tests.policy.clusters import CALICO, cluster, node, pod, policy

Manifest = dict[str, Any]
N1, N2 = ("172.18.0.2", "fd12::2"), ("172.18.0.3", "fd12::3")
ONE, TWO, FAR = ("10.0.0.1", "fd00::1"), ("10.0.0.2", "fd00::2"), ("10.0.1.1", "fd00:1::1")
DENY_ALL = policy("a/deny", podSelector={}, policyTypes=["Ingress", "Egress"])


def a_node(name: str, addresses: tuple[str, str], *networks: str) -> Manifest:
    made = node(name, addresses[0])
    made["status"]["addresses"].append({"type": "InternalIP", "address": addresses[1]})
    return {**made, "spec": {"podCIDRs": networks}}


def world(*policies: Manifest) -> Snapshot:
    return cluster(
        a_node("n1", N1, "10.0.0.0/24", "fd00::/64"),
        a_node("n2", N2, "10.0.1.0/24", "fd00:1::/64"),
        pod("a/one", " ".join(ONE), {"app": "one"}, nodeName="n1", ports=[("web", 80, "TCP")]),
        pod("a/two", " ".join(TWO), {"app": "two"}, nodeName="n1"),
        pod("a/far", " ".join(FAR), {"app": "far"}, nodeName="n2", ports=[("web", 81, "TCP")]),
        *policies,
    )


def arriving(*policies: Manifest, flows: list[Trial], cni: str = "calico") -> list[bool]:
    """Which of the flows arrive."""
    snapshot = world(*policies)
    topology = Topology(world())
    topology.serve([("TCP", 80), ("TCP", 81), ("UDP", 80)])
    tables = PolicyTables(compile_policies(snapshot, cni=cni), profile_for(cni))
    topology.filter({name: [tables.table(topology.local(snapshot, name))] for name in ("n1", "n2")})
    found = topology.arrives(dict.fromkeys(flows, True))
    return [found[flow] for flow in flows]


def both(source: tuple[str, str], destination: tuple[str, str], port: int = 80) -> list[Trial]:
    """A flow over either family."""
    return [Trial(start, end, port, "TCP") for start, end in zip(source, destination, strict=True)]


@sandboxed
def test_a_node_reaches_the_pods_it_runs_and_no_others() -> None:
    flows = [*both(N1, ONE), *both(N2, ONE), *both(N1, FAR)]
    assert arriving(DENY_ALL, flows=flows) == [True, True, False, False, False, False]


@sandboxed
def test_a_pod_does_not_reach_its_own_node_where_it_may_send_nothing() -> None:
    allow_n1 = policy(
        "a/allow", podSelector={"matchLabels": {"app": "two"}}, egress=[{"to": [{"ipBlock": {"cidr": f"{N1[0]}/32"}}]}]
    )
    flows = [*both(ONE, N1), *both(TWO, N1)]
    assert arriving(DENY_ALL, allow_n1, flows=flows) == [False, False, True, False]


@sandboxed
def test_answers_pass_where_the_receiver_may_send_nothing() -> None:
    only_far = policy(
        "a/from-two",
        podSelector={"matchLabels": {"app": "far"}},
        policyTypes=["Ingress", "Egress"],
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "two"}}}]}],
    )
    flows = [*both(TWO, FAR), *both(FAR, TWO), *both(ONE, FAR)]
    assert arriving(only_far, flows=flows) == [True, True, False, False, False, False]


@sandboxed
def test_a_named_port_is_what_each_destination_calls_so() -> None:
    to_web = policy(
        "a/to-web",
        podSelector={"matchLabels": {"app": "two"}},
        policyTypes=["Egress"],
        egress=[{"ports": [{"port": "web"}]}],
    )
    flows = [*both(TWO, ONE, 80), *both(TWO, ONE, 81), *both(TWO, FAR, 80), *both(TWO, FAR, 81)]
    assert arriving(to_web, flows=flows) == [True, True, False, False, False, False, True, True]


@sandboxed
def test_blocks_of_addresses_are_not_about_pods_and_nodes_where_the_plugin_says_so() -> None:
    anywhere = policy("a/anywhere", podSelector={}, ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])
    flows = [Trial(source[0], ONE[0], 80, "TCP") for source in (TWO, FAR, N2)]
    assert arriving(anywhere, flows=flows) == [True, True, True]
    assert arriving(anywhere, flows=flows, cni="cilium") == [False, False, False]


@sandboxed
def test_a_pod_finds_its_node_whatever_it_may_send() -> None:
    snapshot = world(policy("a/web", podSelector={}, policyTypes=["Egress"], egress=[{"ports": [{"port": 80}]}]))
    topology = Topology(world())
    topology.serve([("TCP", 80)])
    topology.filter({"n1": [PolicyTables(compile_policies(snapshot), CALICO).table(topology.local(snapshot, "n1"))]})
    topology.forget_neighbours(ONE[1])
    (flow,) = both(ONE, FAR)[1:]
    assert topology.arrives({flow: True}) == {flow: True}


@sandboxed
def test_a_network_plugin_that_enforces_nothing_has_an_empty_table() -> None:
    assert arriving(DENY_ALL, flows=both(TWO, ONE), cni="flannel") == [True, True]


@sandboxed
def test_pods_with_the_same_policies_share_their_chains() -> None:
    snapshot = world(DENY_ALL)
    table = PolicyTables(compile_policies(snapshot), CALICO).table(Topology(world()).local(snapshot, "n1"))
    names = [chain.name for chain in table.chains if chain.hook is None]
    assert names == ["ingress", "ingress-1", "egress-1"]


def calico_policy(name: str, **spec: Any) -> Manifest:
    return {
        "apiVersion": "projectcalico.org/v3",
        "kind": "GlobalNetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


@sandboxed
def test_a_tier_passes_flows_on_or_denies_them_at_its_end() -> None:
    first = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "Tier",
        "metadata": {"name": "first"},
        "spec": {"order": 10, "defaultAction": "Deny"},
    }
    guard = calico_policy(
        "first.guard",
        tier="first",
        selector="app == 'one'",
        types=["Ingress"],
        ingress=[{"action": "Pass", "source": {"selector": "app == 'two'"}}],
    )
    only_80 = calico_policy(
        "only-80",
        selector="app == 'one'",
        types=["Ingress"],
        ingress=[{"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}}],
    )
    flows = [*both(TWO, ONE, 80), *both(TWO, ONE, 81), *both(FAR, ONE, 80), *both(ONE, FAR, 81)]
    expected = [True, True, False, False, False, False, True, True]
    assert arriving(first, guard, only_80, flows=flows) == expected
    assert arriving(first, guard, only_80, flows=flows, cni="cilium") == [True] * len(flows)


@sandboxed
def test_a_rule_about_ports_of_the_client_sees_these() -> None:
    def from_ports(ports: str) -> Manifest:
        rule = {"action": "Allow", "protocol": "TCP", "source": {"ports": [ports]}}
        return calico_policy("p", selector="app == 'one'", types=["Ingress"], ingress=[rule])

    flows = both(TWO, ONE)
    assert arriving(from_ports("1024:65535"), flows=flows) == [True, True]
    assert arriving(from_ports("1:1023"), flows=flows) == [False, False]


@sandboxed
def test_ports_that_a_rule_leaves_out_are_what_each_destination_calls_so() -> None:
    all_but_web = calico_policy(
        "p",
        selector="app == 'two'",
        types=["Egress"],
        egress=[{"action": "Allow", "protocol": "TCP", "destination": {"notPorts": ["web"]}}],
    )
    flows = [*both(TWO, ONE, 80), *both(TWO, ONE, 81), *both(TWO, FAR, 80), *both(TWO, FAR, 81)]
    assert arriving(all_but_web, flows=flows) == [False, False, True, True, True, True, False, False]


@sandboxed
def test_entities_mean_nodes_by_where_a_pod_runs_and_denials_come_first() -> None:
    to_hosts = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {
            "endpointSelector": {},
            "egress": [{"toEntities": ["host"]}, {"toEndpoints": [{}]}],
            "egressDeny": [{"toEndpoints": [{"matchLabels": {"app": "far"}}]}],
        },
    }
    flows = [*both(ONE, N1), *both(ONE, N2), *both(ONE, TWO), *both(ONE, FAR), *both(FAR, N2)]
    expected = [True, True, False, False, True, True, False, False, True, True]
    assert arriving(to_hosts, flows=flows, cni="cilium") == expected
