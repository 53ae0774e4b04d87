"""What a network plugin is, how it is set, what it needs: read from its own objects."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.model.cni_report import CNIReport
from tests.diagnosis.cni.clusters import (
    HOST_GW,
    V3,
    VXLAN,
    Manifest,
    agents,
    calico,
    cilium,
    codes,
    config,
    described,
    felix,
    flannel,
    node,
    pool,
    thing,
    untold,
)

CROSS_SUBNET = pool("10.244.0.0/16", vxlanMode="CrossSubnet", ipipMode="Never")
IPIP = pool("10.244.0.0/16", ipipMode="Always")


def settings(report: CNIReport) -> dict[str, str]:
    return {one.name: one.value for one in report.settings}


def open_to(report: CNIReport) -> set[str]:
    return {one.what for one in report.openings}


def test_calico_in_vxlan_between_subnets() -> None:
    report = described(calico(CROSS_SUBNET))
    assert (report.name, report.versions, report.exit_code) == ("calico", ("calico/node v3.30.2",), 0)
    wrapped = report.encapsulation
    assert (wrapped.name, wrapped.mode, wrapped.vni, wrapped.overhead) == ("VXLAN", "CrossSubnet", 4096, 50)
    assert settings(report)["pool"] == "10.244.0.0/16, VXLAN CrossSubnet, natOutgoing, blocks of /26"
    assert {"UDP 4789 (VXLAN)", "TCP 179 (BGP)", "TCP 10250", "TCP 6443"} <= open_to(report)


def test_calicos_operator_says_whether_bgp_and_typha_run() -> None:
    network = {"bgp": "Disabled", "mtu": 1450, "linuxDataplane": "Iptables"}
    made = thing(
        "Installation",
        "operator.tigera.io/v1",
        "default",
        spec={"cni": {"type": "Calico", "ipam": {"type": "Calico"}}, "calicoNetwork": network},
    )
    typha = thing("Deployment", "apps/v1", "calico-typha", "calico-system", spec={"replicas": 2})
    report = described([*calico(CROSS_SUBNET)[:-2], CROSS_SUBNET, made, typha])
    assert settings(report) | {"bgp": "Disabled", "IPAM type": "Calico"} == settings(report)
    assert "TCP 5473 (Typha)" in open_to(report)
    assert not any("BGP" in what for what in open_to(report))
    assert (report.mtu.configured, report.mtu.expected) == (1450, 1450)


@pytest.mark.parametrize(
    ("manifests", "mtu", "expected"),
    [
        (calico(IPIP), None, 1480),
        (calico(CROSS_SUBNET), None, 1450),
        (calico(CROSS_SUBNET), 9001, 8951),
        (calico(pool("10.244.0.0/16")), None, 1500),
        (calico(CROSS_SUBNET, felix(wireguardEnabled=True)), None, 1440),  # instead of VXLAN, not around it
        (cilium(), None, 1450),
        (cilium(enable__wireguard="true"), None, 1390),  # around VXLAN
        (cilium(mtu="1400"), None, 1350),
        (cilium(mtu="1400"), 1500, 1450),
        (flannel(VXLAN), None, 1450),
        (flannel(HOST_GW), None, 1500),
        (calico(), None, None),
    ],
)
def test_what_pods_may_send_is_what_nodes_send_less_the_encapsulation(
    manifests: list[Manifest], mtu: int | None, expected: int | None
) -> None:
    assert described(manifests, mtu).mtu.expected == expected


def test_an_outer_header_of_ipv6_takes_20_bytes_more() -> None:
    six = node(1, "fd00:1::/80")
    six["status"]["addresses"] = [{"type": "InternalIP", "address": "2001:db8::1"}]
    vxlan, encrypted = pool("fd00:1::/64", vxlanMode="Always"), felix(wireguardEnabled=True)
    agent = [*agents("calico-node", "calico/node:v3.30.2", on=("n1",)), config("calico-config", calico_backend="vxlan")]
    assert described([six, *agent, vxlan]).mtu.overhead == 70
    assert described([six, *agent, vxlan, encrypted]).mtu.overhead == 80


@pytest.mark.parametrize(
    ("manifests", "state", "by"),
    [
        (calico(CROSS_SUBNET), "unknown", ""),
        (calico(CROSS_SUBNET, felix()), "off", ""),
        (calico(CROSS_SUBNET, felix(wireguardEnabled=True)), "on", "WireGuard"),
        (cilium(), "off", ""),
        (cilium(enable__wireguard="true"), "on", "WireGuard"),
        (cilium(enable__ipsec="true"), "on", "IPsec"),
        (flannel(VXLAN), "off", ""),
        (flannel(VXLAN.replace("vxlan", "wireguard")), "on", "WireGuard"),
        (agents("cilium", "cilium:v1.18.2"), "unknown", ""),  # its ConfigMap is not there
        (agents("aws-node", "amazon-k8s-cni:v1.20.0"), "unknown", ""),
        (agents("kindnet", "kindest/kindnetd:v20250512-df8de77b"), "off", ""),
    ],
)
def test_encryption_between_nodes(manifests: list[Manifest], state: str, by: str) -> None:
    found = described(manifests).encryption
    assert (found.state, found.by) == (state, by)


@pytest.mark.parametrize(
    ("manifests", "kinds"),
    [
        (flannel(VXLAN), ()),
        (
            calico(CROSS_SUBNET),
            (
                "NetworkPolicy",
                "NetworkPolicy (projectcalico.org)",
                "GlobalNetworkPolicy",
                "AdminNetworkPolicy",
                "BaselineAdminNetworkPolicy",
            ),
        ),
        (cilium(), ("NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")),
        (cilium(enable__policy="never"), ()),
        (
            [*flannel(VXLAN), *agents("kube-network-policies", "x:v1", "--admin-network-policy=true")],
            ("NetworkPolicy", "AdminNetworkPolicy"),
        ),
        (
            agents("calico-node", "calico/node:v3.28.1"),
            ("NetworkPolicy", "NetworkPolicy (projectcalico.org)", "GlobalNetworkPolicy"),
        ),
    ],
)
def test_which_kinds_of_policies_are_applied(manifests: list[Manifest], kinds: tuple[str, ...]) -> None:
    assert described(manifests).enforces.kinds == kinds


def test_cilium_needs_health_checks_for_monitoring_only() -> None:
    needed = {one.what: one.needed for one in described(cilium(enable__wireguard="true")).openings}
    assert (needed["UDP 8472 (VXLAN)"], needed["UDP 51871 (WireGuard)"], needed["TCP 4240"]) == (True, True, False)


def test_who_does_the_work_of_kube_proxy() -> None:
    assert settings(described(cilium()))["kube-proxy"] == "replaced by cilium"
    assert settings(described(calico(CROSS_SUBNET, felix(bpfEnabled=True))))["kube-proxy"] == "replaced by calico"
    assert settings(described(cilium(proxy=True)))["kube-proxy"] == "runs, in a mode that no object tells"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/calico/node:v3.30.2", "calico/node v3.30.2"),
        ("registry.example:5000/calico/node:v3.30.2@sha256:0a", "calico/node v3.30.2"),
        ("registry.example:5000/calico/node", "calico/node (no tag)"),
        ("calico/node@sha256:0a", "calico/node (no tag)"),
        ("node:v1", "node v1"),
    ],
)
def test_versions_are_the_tags_of_images(image: str, version: str) -> None:
    assert described(agents("calico-node", image)).versions == (version,)


def test_an_unknown_plugin_and_unread_settings_are_said_and_are_no_finding() -> None:
    report = described([node(1)])
    assert (report.name, report.exit_code, untold(report)) == ("unknown", 4, ["the network plugin"])
    refused = (Unread("IPPool", "", "forbidden"),)
    report = described(calico(CROSS_SUBNET), unread_settings=refused)
    assert (codes(report), report.exit_code, untold(report)) == ([], 4, ["IPPool"])


def test_settings_of_either_group_of_calico_are_the_same() -> None:
    in_api, stored = (
        pool("10.244.0.0/16", "a", version, vxlanMode="Always") for version in (V3, "crd.projectcalico.org/v1")
    )
    assert described(calico(in_api)).settings == described(calico(stored)).settings
