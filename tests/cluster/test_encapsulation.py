"""How packets travel between nodes, by what network plugins are set to."""

from __future__ import annotations

import pytest

from netdoctor.cluster.cni import cni
from netdoctor.cluster.encapsulation import encapsulation
from tests.cluster.manifests import snapshot
from tests.cluster.test_cni import daemon_set


def config_map(name: str, data: str, namespace: str = "kube-system") -> str:
    return (
        f"---\n{{kind: ConfigMap, apiVersion: v1, metadata: {{name: {name}, namespace: {namespace}}}, data: {data}}}\n"
    )


def calico(kind: str, spec: str) -> str:
    return f"---\n{{kind: {kind}, apiVersion: crd.projectcalico.org/v1, metadata: {{name: default}}, spec: {spec}}}\n"


def flannel(backend: str) -> str:
    return daemon_set("kube-flannel-ds") + config_map(
        "kube-flannel-cfg", f"{{net-conf.json: '{{\"Backend\": {backend}}}'}}", "kube-flannel"
    )


def cilium(settings: str) -> str:
    return daemon_set("cilium") + config_map("cilium-config", settings)


def antrea(settings: str) -> str:
    return daemon_set("antrea-agent") + config_map("antrea-config", f'{{antrea-agent.conf: "{settings}"}}')


VXLAN_POOL = calico("IPPool", "{cidr: 10.0.0.0/8, vxlanMode: CrossSubnet, ipipMode: Never}")
IPIP_POOL = calico("IPPool", "{cidr: 10.0.0.0/8, vxlanMode: Never, ipipMode: Always}")
BGP_POOL = calico("IPPool", "{cidr: 10.0.0.0/8, vxlanMode: Never, ipipMode: Never}")
OWN_ADDRESSES = "packets with pods' own addresses"


@pytest.mark.parametrize(
    ("objects", "name", "needs", "overhead"),
    [
        (daemon_set("calico-node") + VXLAN_POOL, "VXLAN", ("UDP 4789 (VXLAN)",), 50),
        (
            daemon_set("calico-node") + VXLAN_POOL + calico("FelixConfiguration", "{vxlanPort: 8472}"),
            "VXLAN",
            ("UDP 8472 (VXLAN)",),
            50,
        ),
        (daemon_set("calico-node") + IPIP_POOL, "IPIP", ("IP protocol 4 (IPIP)", "TCP 179 (BGP)"), 20),
        (daemon_set("calico-node") + BGP_POOL, "none", (OWN_ADDRESSES, "TCP 179 (BGP)"), 0),
        (
            daemon_set("calico-node") + BGP_POOL + calico("FelixConfiguration", "{wireguardEnabled: true}"),
            "WireGuard",
            ("UDP 51820 (WireGuard)",),
            60,
        ),
        (
            daemon_set("calico-node") + config_map("calico-config", "{calico_backend: vxlan}"),
            "VXLAN",
            ("UDP 4789 (VXLAN)",),
            50,
        ),
        (daemon_set("calico-node"), "unknown", (), 0),
        (flannel('{"Type": "vxlan"}'), "VXLAN", ("UDP 8472 (VXLAN)",), 50),
        (flannel('{"Type": "vxlan", "Port": 4789}'), "VXLAN", ("UDP 4789 (VXLAN)",), 50),
        (flannel('{"Type": "host-gw"}'), "none", (OWN_ADDRESSES,), 0),
        (flannel('{"Type": "wireguard"}'), "WireGuard", ("UDP 51820 (WireGuard)",), 60),
        (cilium("{routing-mode: tunnel, tunnel-protocol: vxlan}"), "VXLAN", ("UDP 8472 (VXLAN)",), 50),
        (cilium("{routing-mode: tunnel, tunnel-protocol: geneve}"), "Geneve", ("UDP 6081 (Geneve)",), 50),
        (cilium("{tunnel: disabled}"), "none", (OWN_ADDRESSES,), 0),
        (
            cilium("{routing-mode: native, enable-wireguard: 'true'}"),
            "WireGuard",
            ("UDP 51871 (WireGuard)",),
            60,
        ),
        (
            cilium("{tunnel: vxlan, enable-wireguard: 'true'}"),
            "VXLAN+WireGuard",
            ("UDP 8472 (VXLAN)", "UDP 51871 (WireGuard)"),
            110,
        ),
        (antrea("#tunnelType: vxlan"), "Geneve", ("UDP 6081 (Geneve)",), 50),
        (antrea("tunnelType: vxlan"), "VXLAN", ("UDP 4789 (VXLAN)",), 50),
        (antrea("trafficEncapMode: noEncap"), "none", (OWN_ADDRESSES,), 0),
        (daemon_set("ovnkube-node"), "Geneve", ("UDP 6081 (Geneve)",), 100),
        (daemon_set("kindnet"), "none", (OWN_ADDRESSES,), 0),
        (daemon_set("aws-node"), "none", (OWN_ADDRESSES,), 0),
        (daemon_set("something-else"), "unknown", (), 0),
    ],
)
def test_what_is_put_around_packets(objects: str, name: str, needs: tuple[str, ...], overhead: int) -> None:
    found = encapsulation(snapshot(objects))
    assert (found.name, found.needs, found.overhead, found.known) == (name, needs, overhead, name != "unknown")


@pytest.mark.parametrize(
    ("args", "needs"), [("[]", "UDP 8472"), ('["--flannel-backend=wireguard-native"]', "UDP 51820")]
)
def test_k3s_has_flannel_inside(args: str, needs: str) -> None:
    node = (
        f"{{kind: Node, apiVersion: v1, metadata: {{name: n, annotations: {{k3s.io/node-args: '{args}'}}}},"
        " status: {nodeInfo: {kubeletVersion: v1.34.1+k3s1}}}"
    )
    assert encapsulation(snapshot(node)).needs[0].startswith(needs)


def test_a_pool_of_either_group_of_calico_counts_and_one_of_another_group_does_not() -> None:
    in_api = VXLAN_POOL.replace("crd.projectcalico.org/v1", "projectcalico.org/v3")
    assert encapsulation(snapshot(daemon_set("calico-node") + in_api)).name == "VXLAN"
    other = in_api.replace("projectcalico.org", "projectcalico.example")
    assert not encapsulation(snapshot(daemon_set("calico-node") + other)).known


def test_a_disabled_pool_says_nothing() -> None:
    off = VXLAN_POOL.replace("cidr:", "disabled: true, cidr:")
    assert not encapsulation(snapshot(daemon_set("calico-node") + off)).known


def test_a_clouds_own_plugin_counts_where_no_other_runs() -> None:
    assert cni(snapshot(daemon_set("azure-cns"))).name == "azure-cni"
    assert cni(snapshot(daemon_set("azure-cns") + daemon_set("cilium"))).name == "cilium"
