"""DNS and service proxy, as the objects tell them."""

from __future__ import annotations

import pytest

from netdoctor.cluster.facts import cluster_domain, dns_service, kube_proxy, node_local_dns
from tests.cluster.manifests import snapshot


def config(name: str, key: str, text: str) -> str:
    body = "".join(f"    {line}\n" for line in text.splitlines())
    head = f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: {name}, namespace: kube-system}}\n"
    return f"---\n{head}data:\n  {key}: |\n{body}"


PLUGIN = ".:53 {\n  errors\n  health {\n    lameduck 5s\n  }\n  kubernetes %s {\n    pods insecure\n  }\n}"


@pytest.mark.parametrize(
    ("corefile", "domain"),
    [
        (PLUGIN % "corp.example in-addr.arpa ip6.arpa", "corp.example"),
        (PLUGIN % "in-addr.arpa corp.example.", "corp.example"),
        ("# kubernetes wrong.example\n.:53 {\n  kubernetes corp.example\n}", "corp.example"),
        ("dns://corp.example:53, in-addr.arpa {\n  kubernetes\n}", "corp.example"),
        (".:53 {\n  forward . 1.1.1.1\n}\nother.example {\n  kubernetes\n}", "other.example"),
        (".:53 {\n  kubernetes\n}", "cluster.local"),
        (".:53 {\n  hosts {\n    kubernetes wrong.example\n  }\n}", "cluster.local"),
    ],
)
def test_cluster_domain_from_the_corefile(corefile: str, domain: str) -> None:
    assert cluster_domain(snapshot(config("coredns", "Corefile", corefile))) == domain


def test_cluster_domain_from_kubeadm() -> None:
    text = 'apiVersion: x\nnetworking:\n  dnsDomain: "corp.example"\n'
    assert cluster_domain(snapshot(config("kubeadm-config", "ClusterConfiguration", text))) == "corp.example"
    assert cluster_domain(snapshot("")) == "cluster.local"


def service(name: str, namespace: str = "kube-system") -> str:
    metadata = f"{{name: {name}, namespace: {namespace}, labels: {{k8s-app: kube-dns}}}}"
    return f"---\n{{kind: Service, apiVersion: v1, metadata: {metadata}}}\n"


@pytest.mark.parametrize(
    ("services", "found"),
    [
        (service("kube-dns-upstream") + service("kube-dns"), "kube-dns"),
        (service("mine"), "mine"),
        (service("kube-dns", "default"), None),
    ],
)
def test_dns_service(services: str, found: str | None) -> None:
    there = dns_service(snapshot(services))
    assert (there and there.name) == found


def daemon_set(name: str, *args: str) -> str:
    return (
        f"---\n{{kind: DaemonSet, apiVersion: apps/v1, metadata: {{name: {name}, namespace: kube-system}},"
        f" spec: {{template: {{spec: {{containers: [{{name: c, args: {list(args)}}}]}}}}}}}}\n"
    )


@pytest.mark.parametrize(
    ("args", "addresses"),
    [
        (["-localip", "169.254.9.9,10.96.0.10"], ("169.254.9.9", "10.96.0.10")),
        (["-conf=x"], ("169.254.20.10",)),
    ],
)
def test_node_local_dns(args: list[str], addresses: tuple[str, ...]) -> None:
    assert node_local_dns(snapshot(daemon_set("node-local-dns", *args))) == addresses
    assert node_local_dns(snapshot(daemon_set("other", *args))) == ()


def proxy_pod(node: str, label: str, *args: str) -> str:
    metadata = f"{{name: kube-proxy-{node}, namespace: kube-system, labels: {{{label}: kube-proxy}}}}"
    spec = f"{{nodeName: {node}, containers: [{{name: c, args: {list(args)}}}]}}"
    return f"---\n{{kind: Pod, apiVersion: v1, metadata: {metadata}, spec: {spec}}}\n"


@pytest.mark.parametrize(
    ("objects", "mode"),
    [
        (config("kube-proxy", "config.conf", 'mode: ""\nwinkernel:\n  mode: x'), "iptables"),
        (config("kube-proxy", "config.conf", "ipvs:\n  mode: wrong\nmode: nftables"), "nftables"),
        (
            config("kube-proxy", "config.conf", "mode: ipvs") + proxy_pod("n1", "component", "--proxy-mode=iptables"),
            "iptables",
        ),
        (proxy_pod("n1", "k8s-app"), None),
    ],
)
def test_proxy_mode(objects: str, mode: str | None) -> None:
    assert kube_proxy(snapshot(objects)).mode == mode


def test_proxy_pods_by_node() -> None:
    proxy = kube_proxy(snapshot(proxy_pod("n1", "k8s-app") + proxy_pod("n2", "component") + proxy_pod("n3", "app")))
    assert {node: [pod.name for pod in pods] for node, pods in proxy.pods.items()} == {
        "n1": ["kube-proxy-n1"],
        "n2": ["kube-proxy-n2"],
    }
    assert proxy.replaced_by is None


CILIUM = daemon_set("cilium") + config("cilium-config", "kube-proxy-replacement", "")
K3S = "{kind: Node, apiVersion: v1, metadata: {name: n}, status: {nodeInfo: {kubeletVersion: v1.34.1+k3s1}}}"


@pytest.mark.parametrize(
    ("objects", "replaced_by"),
    [
        (CILIUM.replace("|\n", "'true'\n"), "cilium"),
        (CILIUM.replace("|\n", "'false'\n"), None),
        (daemon_set("kube-router", "--run-service-proxy=true"), "kube-router"),
        (daemon_set("kube-router", "--run-service-proxy=false"), None),
        (daemon_set("ovnkube-node"), "ovn-kubernetes"),
        (daemon_set("anetd"), "cilium"),
        (K3S, "k3s"),
        ("", None),
    ],
)
def test_what_replaces_kube_proxy(objects: str, replaced_by: str | None) -> None:
    assert kube_proxy(snapshot(objects)).replaced_by == replaced_by


NODES = """
{kind: Node, apiVersion: v1, metadata: {name: a}, spec: {podCIDRs: [10.244.0.0/24, "fd00::/64"]}}
---
{kind: Node, apiVersion: v1, metadata: {name: b}, spec: {podCIDR: 10.244.1.0/24}}
---
{kind: Pod, apiVersion: v1, metadata: {name: agent, namespace: x},
 spec: {hostNetwork: true}, status: {podIP: 192.0.2.1}}
---
"""


@pytest.mark.parametrize(
    ("pods", "networks"),
    [
        (["10.244.0.7", "10.244.1.7"], ["10.244.0.0/24", "10.244.1.0/24", "fd00::/64"]),
        (["10.244.0.7", "172.16.0.7"], []),  # the plugin has ranges of its own
        ([], []),
    ],
)
def test_pod_networks(pods: list[str], networks: list[str]) -> None:
    listed = "---\n".join(
        f"{{kind: Pod, apiVersion: v1, metadata: {{name: p{n}, namespace: x}}, status: {{podIP: {ip}}}}}\n"
        for n, ip in enumerate(pods)
    )
    assert [str(network) for network in snapshot(NODES + listed).pod_networks] == networks


def test_pod_networks_of_addresses_that_are_none() -> None:
    nodes = NODES.replace("10.244.1.0/24", "10.244.1.0/99")
    pods = [("p", "not-an-ip"), ("q", "10.244.0.7")]
    listed = "---\n".join(
        f"{{kind: Pod, apiVersion: v1, metadata: {{name: {name}, namespace: x}}, status: {{podIP: {ip}}}}}\n"
        for name, ip in pods
    )
    assert snapshot(nodes + listed).pod_networks == ()
    healthy = listed.replace("not-an-ip", "10.244.0.8")
    assert [str(network) for network in snapshot(nodes + healthy).pod_networks] == ["10.244.0.0/24", "fd00::/64"]
