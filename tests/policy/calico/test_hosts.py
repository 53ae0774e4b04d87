"""HostEndpoints: what their policies do to a node's own traffic is left open, and said."""

from __future__ import annotations

import pytest

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows
from tests.policy.calico.manifests import allowed, ask, calico, rule, wide
from tests.policy.clusters import CALICO, Manifest, cluster, flow, namespace, node, pod

WORLD = [
    namespace("shop"),
    pod("shop/web", "10.0.0.1", {"app": "web"}, nodeName="n2"),
    pod("shop/host", "192.0.2.1", hostNetwork=True, nodeName="n1"),
    node("n1", "192.0.2.1"),
    node("n2", "192.0.2.2"),
]
HOST = calico("HostEndpoint", "n1-eth0", {"role": "node"}, node="n1", interfaceName="*", expectedIPs=["192.0.2.1"])
AUTO = calico("HostEndpoint", "n1-auto", {"role": "node"}, node="n1", profiles=["projectcalico-default-allow"])
SELECTING = wide("hosts", selector="role == 'node'", types=["Ingress"], ingress=[rule("Deny")])


def to_node(*manifests: Manifest, port: str = "80/TCP") -> bool | None:
    return allowed([*WORLD, *manifests], "shop/web", "192.0.2.1", port)


def test_without_a_host_endpoint_no_policy_is_about_a_node() -> None:
    assert to_node(SELECTING) is True


def test_what_enters_and_leaves_a_node_with_a_host_endpoint_is_open() -> None:
    assert to_node(HOST) is None
    assert to_node(AUTO, SELECTING) is None
    assert allowed([*WORLD, HOST], "192.0.2.1", "203.0.113.9") is None
    found = ask([*WORLD, HOST, SELECTING], "shop/web", "shop/host")
    assert found.allowed is None
    assert found.assumptions[0] == (
        "node n1 has the HostEndpoint n1-eth0, which GlobalNetworkPolicy hosts selects: what it does to the node's "
        "traffic is not known"
    )


def test_decisions_without_reasons_are_no_surer() -> None:
    policies = compile_policies(cluster(*WORLD, HOST), cni="calico")
    assert allows(policies, flow(policies.snapshot, "shop/web", "192.0.2.1"), CALICO) is False


def test_those_that_calico_makes_allow_everything_until_a_policy_selects_them() -> None:
    others = wide("pods", selector="app == 'web'", types=["Ingress"])
    namespaced = wide("all", namespaceSelector="all()", types=["Egress"])
    assert to_node(AUTO, others) is True
    assert allowed([*WORLD, AUTO, namespaced], "192.0.2.1", "203.0.113.9") is True


@pytest.mark.parametrize(
    ("port", "expected"), [("22/TCP", True), ("6443/TCP", True), ("22/UDP", None), ("443/TCP", None)]
)
def test_failsafe_ports_stay_open(port: str, expected: bool | None) -> None:
    assert to_node(HOST, SELECTING, port=port) is expected


def test_failsafe_ports_may_be_others() -> None:
    ports = [{"protocol": "tcp", "port": 443}, {"protocol": "tcp", "port": 8443, "net": "10.0.0.0/8"}]
    felix = calico("FelixConfiguration", "default", failsafeInboundHostPorts=ports)
    assert to_node(HOST, felix, port="443/TCP") is True
    assert to_node(HOST, felix, port="22/TCP") is None
    assert to_node(HOST, felix, port="8443/TCP") is None  # for some clients alone


def test_other_nodes_and_pods_are_not_concerned() -> None:
    assert allowed([*WORLD, HOST, SELECTING], "shop/web", "192.0.2.2") is True
    assert allowed([*WORLD, HOST, SELECTING], "203.0.113.9", "shop/web") is True


def test_what_is_done_to_forwarded_traffic_is_said() -> None:
    forwarding = wide("edge", selector="role == 'node'", applyOnForward=True, preDNAT=True, ingress=[rule("Deny")])
    warnings = compile_policies(cluster(*WORLD, HOST, forwarding), cni="calico").warnings
    assert "what it does to traffic that n1 forwards is not evaluated" in {text for _, text in warnings}


def test_under_another_network_plugin_it_has_no_effect() -> None:
    assert ask([*WORLD, HOST], "shop/web", "192.0.2.1", cni="cilium").allowed is True
