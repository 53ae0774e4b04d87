"""Each rule with what must make it speak, and the look-alike that must not."""

from __future__ import annotations

import pytest

from netdoctor.model.report import Certainty
from tests.diagnosis.cni.clusters import (
    HOST_GW,
    NODES,
    VXLAN,
    Manifest,
    agent,
    agents,
    calico,
    cilium,
    codes,
    config,
    described,
    felix,
    flannel,
    kube_proxy,
    node,
    pod,
    policy,
    pool,
    thing,
    untold,
)

RIGHT = pool("10.244.0.0/16", vxlanMode="CrossSubnet")
IPIP = pool("10.244.0.0/16", ipipMode="Always")
KEY = {"projectcalico.org/WireguardPublicKey": "k"}


@pytest.mark.parametrize(
    "manifests",
    [
        calico(RIGHT, pod("a", "10.244.7.1")),
        cilium(pod("a", "10.244.7.1")),
        cilium(pod("a", "10.244.7.1"), proxy=True),
        flannel(VXLAN, pod("a", "10.244.0.5")),
        flannel(HOST_GW, args=()),
    ],
)
def test_clusters_in_order(manifests: list[Manifest]) -> None:
    report = described(manifests)
    assert (codes(report), untold(report), report.exit_code) == ([], [], 0)


# One plugin on each node -------------------------------------------------------------------------------------


def test_two_plugins_on_the_same_nodes() -> None:
    both = calico(RIGHT, *agents("kindnet", "kindest/kindnetd:v20250512-df8de77b"))
    assert codes(described(both)) == ["TwoNetworkPlugins"]


@pytest.mark.parametrize(
    "more",
    [
        agents("kube-network-policies", "x:v1"),  # applies policies, connects nothing
        agents("kindnet", "kindest/kindnetd:v20250512-df8de77b", on=()),  # scaled away
        agents("kindnet", "kindest/kindnetd:v20250512-df8de77b", on=("n3",)),  # other nodes
    ],
)
def test_a_policy_agent_a_plugin_of_no_node_and_one_of_other_nodes_are_no_second_plugin(more: list[Manifest]) -> None:
    assert codes(described(calico(RIGHT, *more))) == []


def test_calico_for_policies_alone_and_chained_cilium_are_no_second_plugin() -> None:
    aws = agents("aws-node", "amazon-k8s-cni:v1.20.0")
    made = thing("Installation", "operator.tigera.io/v1", "default", spec={"cni": {"type": "AmazonVPC"}})
    agents_ = agents("calico-node", "calico/node:v3.30.2")
    assert codes(described([*NODES, *kube_proxy(), *aws, *agents_, made])) == []
    assert codes(described([*cilium(proxy=True, cni__chaining__mode="aws-cni"), *aws])) == []
    assert codes(described([*cilium(proxy=True), *aws])) == ["TwoNetworkPlugins"]


def test_the_plugin_is_not_ready_on_a_node() -> None:
    broken = [
        one if one["metadata"]["name"] != "calico-node-n2" else agent("calico-node", "n2", ready=False)
        for one in calico(RIGHT)
    ]
    (finding,) = described(broken).findings
    assert (finding.code, finding.certainty) == ("NetworkPluginNotReady", Certainty.CERTAIN)
    assert [ref.name for ref in finding.objects] == ["calico-node-n2"]
    assert "kubectl describe pod/calico-node-n2" in finding.fixes[0].command


def test_a_pod_that_has_just_started_is_not_judged() -> None:
    young = agent("calico-node", "n2", ready=False, start="2026-01-01T11:59:30Z")
    old = agent("calico-node", "n2", ready=False, start="2026-01-01T11:58:30Z")
    rest = [one for one in calico(RIGHT) if one["metadata"]["name"] != "calico-node-n2"]
    assert (codes(described([*rest, young])), untold(described([*rest, young]))) == ([], ["the network plugin on n2"])
    assert codes(described([*rest, old])) == ["NetworkPluginNotReady"]


def test_a_node_without_the_plugin_counts_where_its_controller_wants_one_there() -> None:
    def with_third(third: Manifest, desired: int) -> list[Manifest]:
        manifests = calico(RIGHT, third)
        found = next(m for m in manifests if (m["kind"], m["metadata"]["name"]) == ("DaemonSet", "calico-node"))
        found["status"]["desiredNumberScheduled"] = desired
        return manifests

    windows = node(3)
    windows["metadata"]["labels"] = {"kubernetes.io/os": "windows"}
    (finding,) = described(with_third(node(3), 3)).findings
    assert (finding.code, finding.objects[0].name) == ("NetworkPluginNotReady", "n3")
    assert codes(described(with_third(node(3), 2))) == []
    assert codes(described(with_third(windows, 2))) == []


def test_nothing_translates_services() -> None:
    without = [one for one in calico(RIGHT) if "kube-proxy" not in one["metadata"]["name"]]
    assert codes(described(without)) == ["NoServiceProxy"]
    assert codes(described([*without, felix(bpfEnabled=True)])) == []
    assert codes(described(cilium(kube__proxy__replacement="false"))) == ["NoServiceProxy"]
    static = agent("kube-proxy", "n1")
    static["metadata"].pop("ownerReferences")
    assert codes(described([*without, static])) == []


# Addresses ---------------------------------------------------------------------------------------------------


def test_flannels_network_must_hold_the_nodes_pod_cidrs() -> None:
    strangers = (node(1, "10.32.0.0/24"), node(2, "10.244.1.0/24"))
    (finding,) = described(flannel(VXLAN, nodes=strangers)).findings
    assert (finding.code, finding.certainty) == ("PodCIDROutsideNetwork", Certainty.CERTAIN)
    assert [(ref.kind, ref.path) for ref in finding.objects] == [
        ("ConfigMap", "data.net-conf.json"),
        ("Node", "spec.podCIDR"),
    ]
    six = (node(1, "10.244.0.0/24"), node(2))
    six[0]["spec"]["podCIDRs"] = ["10.244.0.0/24", "fd00::/80"]
    assert codes(described(flannel(VXLAN, nodes=six))) == []


def test_pod_cidrs_outside_of_calicos_pools_are_not_used_unless_pods_have_addresses_there() -> None:
    apart = pool("192.168.0.0/16", vxlanMode="CrossSubnet")
    assert codes(described(calico(apart, pod("a", "192.168.3.4")))) == []
    (finding,) = described(calico(apart, pod("a", "192.168.3.4"), pod("b", "10.244.0.9"))).findings
    assert (finding.code, finding.objects[0].name) == ("PodAddressOutsidePools", "b")
    old = pool("10.244.0.0/16", "old", vxlanMode="CrossSubnet", disabled=True)
    assert codes(described(calico(apart, old, pod("b", "10.244.0.9")))) == []


def test_every_pool_is_disabled() -> None:
    off = pool("10.244.0.0/16", vxlanMode="CrossSubnet", disabled=True)
    (finding,) = described(calico(off)).findings
    assert (finding.code, finding.certainty) == ("AddressPoolDisabled", Certainty.CERTAIN)
    assert finding.fixes[0].patch == {"spec": {"disabled": False}}
    assert codes(described(calico(off, pool("10.9.0.0/16", "new", vxlanMode="CrossSubnet")))) == []
    assert codes(described(calico(off, pool("fd00::/64", "six", vxlanMode="Always")))) == ["AddressPoolDisabled"]


def test_ranges_that_overlap() -> None:
    cluster = config("kubeadm-config", ClusterConfiguration="networking:\n  serviceSubnet: 10.244.128.0/17\n")
    assert codes(described(calico(RIGHT, cluster))) == ["PodCIDROverlap"]
    assert codes(described(flannel(VXLAN, cluster))) == ["PodCIDROverlap"]
    assert codes(described(cilium(cluster))) == ["PodCIDROverlap"]
    assert codes(described(calico(pool("172.18.0.0/16", vxlanMode="Always")))) == ["PodCIDROverlap"]


def test_a_pool_for_load_balancers_and_flannels_network_around_nodes_do_not_overlap() -> None:
    balancers = pool("172.18.0.0/16", "lb", allowedUses=["LoadBalancer"])
    assert codes(described(calico(RIGHT, balancers))) == []
    wide = VXLAN.replace("10.244.0.0/16", "172.16.0.0/12")
    nodes = (node(1, "172.20.0.0/24"), node(2, "172.20.1.0/24"))
    assert codes(described(flannel(wide, nodes=nodes))) == []


def test_a_nodes_range_is_used_up() -> None:
    small = (node(1, "10.244.0.0/29"), node(2, "10.244.1.0/24"))
    pods = [pod(f"p{number}", f"10.244.0.{number}") for number in range(2, 7)]
    assert codes(described(flannel(VXLAN, *pods, nodes=small))) == ["IPAddressesExhausted"]
    assert codes(described(flannel(VXLAN, *pods[1:], nodes=small))) == []
    assert codes(described(calico(RIGHT, *pods))) == []  # which does not take addresses from podCIDRs


def test_a_pool_is_used_up_by_pods_or_by_blocks_of_nodes() -> None:
    small = pool("10.244.0.0/29", vxlanMode="CrossSubnet", blockSize=30)
    pods = [pod(f"p{number}", f"10.244.0.{number}") for number in range(8)]
    assert codes(described(calico(small, *pods))) == ["IPAddressesExhausted"]
    assert codes(described(calico(small, *pods[1:]))) == []
    room = pool("10.9.0.0/16", "more", vxlanMode="CrossSubnet")
    assert codes(described(calico(small, room, *pods))) == []

    def block(cidr: str, on: str) -> Manifest:
        return thing(
            "BlockAffinity",
            "crd.projectcalico.org/v1",
            f"{on}-{cidr[-4]}",
            spec={"cidr": cidr, "node": on, "state": "confirmed"},
        )

    taken = [block("10.244.0.0/30", "n1"), block("10.244.0.4/30", "n1")]
    assert codes(described(calico(small, *taken))) == ["IPAddressesExhausted"]
    assert codes(described(calico(small, taken[0], block("10.244.0.4/30", "n2")))) == []


def proxy_config(**settings: str) -> Manifest:
    text = "".join(f"{key}: {value}\n" for key, value in settings.items())
    return thing("ConfigMap", "v1", "kube-proxy", "kube-system", data={"config.conf": f"mode: iptables\n{text}"})


def test_pods_whose_requests_kube_proxy_masquerades() -> None:
    apart, web = pool("192.168.0.0/16", vxlanMode="CrossSubnet"), pod("web", "192.168.3.4")
    (finding,) = described(calico(apart, web, proxy_config(clusterCIDR="10.244.0.0/16"))).findings
    assert finding.code == "PodAddressOutsideClusterCIDR"
    assert [(ref.kind, ref.name) for ref in finding.objects] == [("ConfigMap", "kube-proxy"), ("Pod", "web")]
    for harmless in (
        proxy_config(clusterCIDR="192.168.0.0/16,fd00::/48"),
        proxy_config(clusterCIDR='""'),
        proxy_config(clusterCIDR="10.244.0.0/16", detectLocalMode="BridgeInterface"),
    ):
        assert codes(described(calico(apart, web, harmless))) == []
    replaced = proxy_config(clusterCIDR="10.244.0.0/16")
    assert codes(described(calico(apart, web, replaced, felix(bpfEnabled=True)))) == []


def test_an_argument_of_kube_proxy_is_named_where_it_says_the_range() -> None:
    apart, web = pool("192.168.0.0/16", vxlanMode="CrossSubnet"), pod("web", "192.168.3.4")
    proxy = agent("kube-proxy", "n1")
    proxy["spec"]["containers"][0]["command"] = ["kube-proxy", "--cluster-cidr=10.244.0.0/16"]
    rest = [one for one in calico(apart, web) if one["metadata"]["name"] != "kube-proxy-n1"]
    (finding,) = described([*rest, proxy]).findings
    assert (finding.code, finding.objects[0].name) == ("PodAddressOutsideClusterCIDR", "kube-proxy-n1")


# Packets -----------------------------------------------------------------------------------------------------


def test_an_mtu_that_leaves_no_room_is_possible_as_long_as_nobody_says_what_nodes_send() -> None:
    manifests = calico(IPIP, veth_mtu="1500")
    (finding,) = described(manifests).findings
    assert (finding.code, finding.certainty, finding.fixes[0].patch) == (
        "MTUTooLarge",
        Certainty.POSSIBLE,
        {"data": {"veth_mtu": "1480"}},
    )
    (certain,) = described(manifests, 1500).findings
    assert certain.certainty is Certainty.CERTAIN
    assert codes(described(manifests, 1520)) == []


def test_an_mtu_beyond_ethernets_is_not_judged_without_that_of_the_nodes() -> None:
    report = described(calico(IPIP, veth_mtu="8981"))
    assert (codes(report), untold(report)) == ([], ["whether the pods' MTU fits"])
    assert codes(described(calico(IPIP, veth_mtu="8981"), 9001)) == []
    assert codes(described(calico(IPIP, veth_mtu="8981"), 8951)) == ["MTUTooLarge"]


def test_the_tunnels_mtu_counts_where_it_is_smaller() -> None:
    assert codes(described(calico(IPIP, felix(ipipMTU=1480), veth_mtu="1500"))) == []
    assert codes(described(calico(IPIP, felix(ipipMTU=1490)))) == ["MTUTooLarge"]
    assert codes(described(calico(IPIP, veth_mtu="0"))) == []  # Calico finds it out


def test_pods_that_keep_private_addresses_on_the_way_out() -> None:
    off = pool("10.244.0.0/16", vxlanMode="Always", natOutgoing=False)
    (finding,) = described(calico(off)).findings
    assert (finding.code, finding.fixes[0].patch) == ("MasqueradeOff", {"spec": {"natOutgoing": True}})
    routed = pool("10.244.0.0/16", vxlanMode="Never", natOutgoing=False)
    public = pool("8.0.0.0/16", vxlanMode="Always", natOutgoing=False)
    assert codes(described(calico(routed))) == []
    assert codes(described(calico(public))) == []
    assert codes(described(flannel(VXLAN, args=()))) == ["MasqueradeOff"]
    assert codes(described(cilium(enable__ipv4__masquerade="false"))) == ["MasqueradeOff"]
    native = cilium(enable__ipv4__masquerade="false", routing__mode="native", tunnel__protocol="")
    assert codes(described(native)) == []


def test_a_node_without_a_wireguard_key() -> None:
    on = felix(wireguardEnabled=True)

    def keyed(*nodes: Manifest) -> list[Manifest]:
        return [*nodes, *calico(RIGHT, on)[2:]]

    (finding,) = described(keyed(node(1, annotations=KEY), node(2))).findings
    assert (finding.code, [ref.name for ref in finding.objects]) == ("WireGuardKeyMissing", ["n2"])
    assert codes(described(keyed(node(1, annotations=KEY), node(2, annotations=KEY)))) == []
    nowhere = described(keyed(node(1), node(2)))
    assert (codes(nowhere), untold(nowhere)) == ([], ["whether packets are encrypted"])


CHAIN = """{"name": "k8s", "plugins": [{"type": "calico", "mtu": __CNI_MTU__, "ipam": {"type": "calico-ipam"}}%s]}"""


def test_host_ports_that_nothing_opens() -> None:
    web = pod("web", "10.244.7.1")
    web["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080}]
    bare = calico(RIGHT, web, cni_network_config=CHAIN % "")
    (finding,) = described(bare).findings
    assert (finding.code, finding.objects[0].path) == ("HostPortWithoutPortmap", "data.cni_network_config")
    with_portmap = calico(RIGHT, web, cni_network_config=CHAIN % ', {"type": "portmap"}')
    assert codes(described(with_portmap)) == []
    assert codes(described(calico(RIGHT, web))) == []  # which chain there is, nothing tells
    web["spec"]["hostNetwork"] = True
    assert codes(described(calico(RIGHT, web, cni_network_config=CHAIN % ""))) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"plugins": 1}', "null", '{"plugins": [{"type": 5}]}', "__" * 5000])
def test_a_chain_that_is_none_says_nothing(text: str) -> None:
    report = described(calico(RIGHT, cni_network_config=text))
    assert codes(report) == []
    assert not [one for one in report.settings if one.name == "CNI chain"]


# Policies ----------------------------------------------------------------------------------------------------


def test_policies_that_nothing_applies() -> None:
    (finding,) = described(flannel(VXLAN, policy("a"), policy("b"))).findings
    assert (finding.code, finding.certainty, len(finding.objects)) == ("PoliciesWithoutEffect", Certainty.CERTAIN, 2)
    beside = agents("kube-network-policies", "x:v1")
    assert codes(described(flannel(VXLAN, policy(), *beside))) == []
    canal = [
        *NODES,
        *kube_proxy(),
        *agents("canal", "calico/node:v3.30.2"),
        config("canal-config", veth_mtu="1450"),
        policy(),
    ]
    assert codes(described(canal)) == []
    unsure = described([*NODES, *kube_proxy(), *agents("kindnet", "kindest/kindnetd:latest"), policy()])
    assert (codes(unsure), untold(unsure)) == ([], ["whether 1 policy has an effect"])


def test_cluster_wide_policies_of_an_old_calico() -> None:
    admin = thing(
        "AdminNetworkPolicy",
        "policy.networking.k8s.io/v1alpha1",
        "admin",
        spec={"priority": 1, "subject": {"namespaces": {}}},
    )
    old = [one for one in calico(RIGHT, admin) if one["metadata"]["name"] != "calico-node"]
    assert codes(described([*old, *agents("calico-node", "calico/node:v3.28.0")])) == ["PoliciesWithoutEffect"]
    assert codes(described(calico(RIGHT, admin))) == []
    unsure = described(cilium(admin))
    assert (codes(unsure), len(untold(unsure))) == ([], 1)
    untagged = described([*old, *agents("calico-node", "calico/node")])
    assert (codes(untagged), len(untold(untagged))) == ([], 1)


def test_policies_of_a_plugin_that_is_not_here() -> None:
    def own(kind: str, version: str, name: str, namespace: str = "") -> Manifest:
        return thing(kind, version, name, namespace, spec={})

    of_calico = own("GlobalNetworkPolicy", "projectcalico.org/v3", "default.a")
    staged = own("StagedGlobalNetworkPolicy", "projectcalico.org/v3", "default.b")
    of_cilium = own("CiliumNetworkPolicy", "cilium.io/v2", "c", "shop")
    assert codes(described(cilium(of_calico))) == ["PoliciesWithoutEffect"]
    assert codes(described(cilium(staged))) == []
    assert codes(described(cilium(of_cilium))) == []
    assert codes(described(calico(RIGHT, of_cilium))) == ["PoliciesWithoutEffect"]
    assert codes(described(calico(RIGHT, of_calico))) == []
    unsure = described([node(1), of_cilium])
    assert (codes(unsure), len(untold(unsure))) == ([], 2)
