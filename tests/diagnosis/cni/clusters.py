"""Clusters as their network plugins leave them: objects as kubectl prints them, as few as are needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from netdoctor.cluster.decode import convert
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.describe import describe_cni
from netdoctor.model.cni_report import CNIReport

Manifest = dict[str, Any]
V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"
TAKEN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def thing(kind: str, version: str, name: str, namespace: str = "", **fields: Any) -> Manifest:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | fields.pop("metadata", {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def node(number: int, cidr: str = "", **fields: Any) -> Manifest:
    return thing(
        "Node",
        "v1",
        f"n{number}",
        metadata={"labels": {"kubernetes.io/os": "linux"}, **fields},
        spec={"podCIDR": cidr, "podCIDRs": [cidr]} if cidr else {},
        status={
            "addresses": [{"type": "InternalIP", "address": f"172.18.0.{number}"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    )


def agents(
    name: str, image: str, *args: str, namespace: str = "kube-system", on: tuple[str, ...] = ("n1", "n2")
) -> list[Manifest]:
    """A DaemonSet and a Ready pod of it on each of some nodes."""
    spec = {
        "hostNetwork": True,
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "agent", "image": image, "args": [*args]}],
    }
    daemon_set = thing(
        "DaemonSet",
        "apps/v1",
        name,
        namespace,
        spec={"selector": {"matchLabels": {"k8s-app": name}}, "template": {"spec": spec}},
        status={"desiredNumberScheduled": len(on), "numberReady": len(on)},
    )
    return [daemon_set, *(agent(name, here, namespace, image=image) for here in on)]


def agent(
    of: str, on: str, namespace: str = "kube-system", *, ready: bool = True, image: str = "x", start: str = ""
) -> Manifest:
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": of, "uid": of, "controller": True}
    return thing(
        "Pod",
        "v1",
        f"{of}-{on}",
        namespace,
        metadata={"labels": {"k8s-app": of}, "ownerReferences": [owner], "uid": f"{of}-{on}"},
        spec={"nodeName": on, "hostNetwork": True, "containers": [{"name": "agent", "image": image}]},
        status={
            "phase": "Running",
            "podIP": f"172.18.0.{on.removeprefix('n')}",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        }
        | ({"startTime": start} if start else {}),
    )


def pod(name: str, ip: str, on: str = "n1", namespace: str = "shop") -> Manifest:
    return thing(
        "Pod",
        "v1",
        name,
        namespace,
        spec={"nodeName": on, "containers": [{"name": "app", "image": "app"}]},
        status={"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": "True"}]},
    )


def config(name: str, namespace: str = "kube-system", /, **data: str) -> Manifest:
    return thing("ConfigMap", "v1", name, namespace, data={key.replace("__", "-"): text for key, text in data.items()})


def kube_proxy() -> list[Manifest]:
    return agents("kube-proxy", "registry.k8s.io/kube-proxy:v1.34.4")


def pool(cidr: str, name: str = "default", version: str = V3, /, **spec: Any) -> Manifest:
    return thing("IPPool", version, name, spec={"cidr": cidr, "natOutgoing": True, **spec})


def felix(**spec: Any) -> Manifest:
    return thing("FelixConfiguration", V3, "default", spec=spec)


def policy(name: str = "deny", namespace: str = "shop") -> Manifest:
    return thing("NetworkPolicy", "networking.k8s.io/v1", name, namespace, spec={"podSelector": {}})


NODES = (node(1, "10.244.0.0/24"), node(2, "10.244.1.0/24"))


def calico(*more: Manifest, **settings: str) -> list[Manifest]:
    """Calico as its manifest installs it: pods in 10.244.0.0/16."""
    data = {"calico_backend": "bird", "veth_mtu": "0", **settings}
    return [
        *NODES,
        *kube_proxy(),
        *agents("calico-node", "quay.io/calico/node:v3.30.2"),
        config("calico-config", **data),
        *more,
    ]


def flannel(
    net_conf: str, *more: Manifest, nodes: tuple[Manifest, ...] = NODES, args: tuple[str, ...] = ("--ip-masq",)
) -> list[Manifest]:
    """flannel as its manifest installs it."""
    image = "ghcr.io/flannel-io/flannel:v0.27.4"
    settings = thing("ConfigMap", "v1", "kube-flannel-cfg", "kube-flannel", data={"net-conf.json": net_conf})
    agents_ = agents("kube-flannel-ds", image, *args, "--kube-subnet-mgr", namespace="kube-flannel")
    return [*nodes, *kube_proxy(), *agents_, settings, *more]


VXLAN = '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'
HOST_GW = '{"Network": "10.244.0.0/16", "Backend": {"Type": "host-gw"}}'


def cilium(*more: Manifest, proxy: bool = False, **settings: str) -> list[Manifest]:
    """Cilium with a cluster pool of 10.244.0.0/16."""
    data = {
        "ipam": "cluster-pool",
        "cluster__pool__ipv4__cidr": "10.244.0.0/16",
        "routing__mode": "tunnel",
        "tunnel__protocol": "vxlan",
        "kube__proxy__replacement": "false" if proxy else "true",
        **settings,
    }
    image = "quay.io/cilium/cilium:v1.18.2@sha256:0123"
    return [*NODES, *(kube_proxy() if proxy else ()), *agents("cilium", image), config("cilium-config", **data), *more]


def snapshot(*manifests: Manifest, **fields: Any) -> Snapshot:
    objects = [found for one in manifests if (found := convert(one)) is not None]
    return Snapshot.of(objects, source="test", taken_at=TAKEN, **fields)


def described(manifests: list[Manifest], node_mtu: int | None = None, **fields: Any) -> CNIReport:
    return describe_cni(snapshot(*manifests, **fields), node_mtu)


def codes(report: CNIReport) -> list[str]:
    return [finding.code for finding in report.findings]


def untold(report: CNIReport) -> list[str]:
    return [one.what for one in report.not_judged]
