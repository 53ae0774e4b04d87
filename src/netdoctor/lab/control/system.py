"""What a cluster has before anybody applies anything: the objects that kubeadm and kind make, as far as they matter."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from netdoctor.lab.control.shape import API_SERVER_PORT, Shape
from netdoctor.lab.objects import Manifest

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
VERSION = "v1.34.4"
SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

_COREFILE = """\
cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       ttl 30
    }
    cache 30
    loadbalance
}
.:53 {
    errors
    template ANY ANY {
       rcode NXDOMAIN
    }
}
"""


def system_objects(shape: Shape) -> Iterator[Manifest]:
    """The objects as somebody would apply them; controllers do the rest. Nodes have their status already."""
    for name in SYSTEM_NAMESPACES:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    for number in range(shape.nodes):
        yield _node(shape, number)
    yield from _api_server(shape)
    yield from _configuration(shape)
    yield _service_proxy()
    if shape.policy:
        yield _network_plugin()
    yield from _dns(shape)


def node_name(number: int) -> str:
    """`control-plane`, `worker-1`, `worker-2`, …"""
    return f"worker-{number}" if number else "control-plane"


def _node(shape: Shape, number: int) -> Manifest:
    name = node_name(number)
    labels = {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    networks = list(shape.pod_networks(number))
    spec: dict[str, Any] = {"podCIDR": networks[0], "podCIDRs": networks}
    if number == 0:
        labels[CONTROL_PLANE] = ""
        if shape.nodes > 1:  # kind takes the taint away where there is no other node
            spec["taints"] = [{"key": CONTROL_PLANE, "effect": "NoSchedule"}]
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    addresses = [{"type": "InternalIP", "address": address} for address in shape.node_addresses(number)]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {
            "addresses": [*addresses, {"type": "Hostname", "address": name}],
            "conditions": [ready],
            "nodeInfo": {"kubeletVersion": VERSION, "kubeProxyVersion": "", "containerRuntimeVersion": ""},
        },
    }


def _api_server(shape: Shape) -> Iterator[Manifest]:
    address = shape.node_addresses(0)[0]
    ports = [{"name": "https", "port": 443, "targetPort": API_SERVER_PORT}]
    labels = {"component": "apiserver", "provider": "kubernetes"}
    spec = {"clusterIP": _cluster_ip(shape, 1), "ports": ports}
    yield _in("default", "v1", "Service", "kubernetes", labels=labels, spec=spec)
    yield _in(
        "default",
        "discovery.k8s.io/v1",
        "EndpointSlice",
        "kubernetes",
        labels={"kubernetes.io/service-name": "kubernetes"},
        addressType="IPv4",
        endpoints=[{"addresses": [address], "conditions": {"ready": True}}],
        ports=[{"name": "https", "port": API_SERVER_PORT, "protocol": "TCP"}],
    )
    container = {
        "name": "kube-apiserver",
        "image": f"registry.k8s.io/kube-apiserver:{VERSION}",
        "command": ["kube-apiserver", f"--secure-port={API_SERVER_PORT}"],
        "ports": [{"name": "probe-port", "containerPort": API_SERVER_PORT, "hostPort": API_SERVER_PORT}],
    }
    pod = _in(
        "kube-system",
        "v1",
        "Pod",
        f"kube-apiserver-{node_name(0)}",
        labels={"component": "kube-apiserver", "tier": "control-plane"},
        spec={
            "containers": [container],
            "hostNetwork": True,
            "nodeName": node_name(0),
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
        },
    )
    owner = {"apiVersion": "v1", "kind": "Node", "name": node_name(0), "controller": True}
    pod["metadata"]["ownerReferences"] = [owner]
    yield pod


def _configuration(shape: Shape) -> Iterator[Manifest]:
    services = ",".join(shape.service_networks)
    pods = ",".join(("10.244.0.0/16", "fd00:10:244::/56")[: len(shape.service_networks)])
    kubeadm = (
        f"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: {VERSION}\n"
        f"networking:\n  dnsDomain: cluster.local\n  podSubnet: {pods}\n  serviceSubnet: {services}\n"
    )
    proxy = (
        f"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: {pods}\n"
        "mode: nftables\n"
    )
    yield _in("kube-system", "v1", "ConfigMap", "kubeadm-config", data={"ClusterConfiguration": kubeadm})
    yield _in("kube-system", "v1", "ConfigMap", "kube-proxy", labels={"app": "kube-proxy"}, data={"config.conf": proxy})
    yield _in("kube-system", "v1", "ConfigMap", "coredns", data={"Corefile": _COREFILE})


def _service_proxy() -> Manifest:
    command = ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"]
    container = {"name": "kube-proxy", "image": f"registry.k8s.io/kube-proxy:{VERSION}", "command": command}
    return _on_every_node("kube-proxy", container, nodeSelector={"kubernetes.io/os": "linux"})


def _network_plugin() -> Manifest:
    return _on_every_node("calico-node", {"name": "calico-node", "image": "docker.io/calico/node:v3.30.3"})


def _on_every_node(name: str, container: dict[str, Any], **spec: Any) -> Manifest:
    labels = {"k8s-app": name}
    pod = {"containers": [container], "hostNetwork": True, "tolerations": [{"operator": "Exists"}], **spec}
    template = {"metadata": {"labels": labels}, "spec": pod}
    wanted = {"selector": {"matchLabels": labels}, "template": template}
    return _in("kube-system", "apps/v1", "DaemonSet", name, labels=labels, spec=wanted)


def _dns(shape: Shape) -> Iterator[Manifest]:
    labels = {"k8s-app": "kube-dns"}
    ports = [("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153)]
    declared = [*ports, ("liveness-probe", "TCP", 8080), ("readiness-probe", "TCP", 8181)]
    container = {
        "name": "coredns",
        "image": "registry.k8s.io/coredns/coredns:v1.12.1",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [{"name": name, "protocol": protocol, "containerPort": port} for name, protocol, port in declared],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "readiness-probe"}},
    }
    tolerations = [{"key": "CriticalAddonsOnly", "operator": "Exists"}, {"key": CONTROL_PLANE, "effect": "NoSchedule"}]
    pod = {
        "containers": [container],
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": tolerations,
    }
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    yield _in("kube-system", "apps/v1", "Deployment", "coredns", labels=labels, spec=spec)
    service = {
        "clusterIP": _cluster_ip(shape, 10),
        "selector": labels,
        "ports": [{"name": name, "protocol": protocol, "port": port} for name, protocol, port in ports],
    }
    described = {**labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    yield _in("kube-system", "v1", "Service", "kube-dns", labels=described, spec=service)


def _cluster_ip(shape: Shape, number: int) -> str:
    return str(ip_network(shape.service_networks[0])[number])


def _in(
    namespace: str, version: str, kind: str, name: str, labels: dict[str, str] | None = None, **fields: Any
) -> Manifest:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}
