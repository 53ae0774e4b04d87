"""How packets of pods travel between nodes, as the network plugin is set to send them, and what must be open for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from netdoctor.cluster.cni import cni
from netdoctor.cluster.objects import ConfigMap, FelixConfiguration, IPPool
from netdoctor.cluster.snapshot import Snapshot

# Bytes that are put around each packet: outer IPv4 header and what is inside it (RFC 7348, RFC 2003, RFC 8926).
_VXLAN_BYTES = 50
_IPIP_BYTES = 20
_GENEVE_BYTES = 50
_WIREGUARD_BYTES = 60
_UDP_BYTES = 28
_OVN_BYTES = 100  # Geneve with OVN's options, as OVN-Kubernetes reserves it
_IPIP = "IP protocol 4 (IPIP)"
_BGP = "TCP 179 (BGP)"
_SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True)
class Encapsulation:
    """What is put around packets between pods of different nodes.

    Attributes:
        name: ``VXLAN``, ``IPIP``, ``Geneve``, ``WireGuard``, ...; several joined by ``+``; ``none`` where packets are
            routed as they are; ``unknown``.
        needs: what firewalls between nodes must let through for it, for the reader: ``UDP 8472 (VXLAN)``.
        overhead: bytes that it takes of each packet of the nodes' network, over IPv4.
        evidence: what this was concluded from, for the reader.
    """

    name: str
    needs: tuple[str, ...]
    overhead: int
    evidence: str

    @property
    def known(self) -> bool:
        """Whether the objects tell."""
        return self.name != "unknown"


def encapsulation(snapshot: Snapshot) -> Encapsulation:
    """What the cluster's network plugin puts around packets; its own settings come before its defaults."""
    names = cni(snapshot).name.split("+")
    found = (_PLUGINS[name](snapshot) for name in names if name in _PLUGINS)
    unknown = Encapsulation("unknown", (), 0, f"nothing tells how {'+'.join(names)} sends packets between nodes")
    return next((one for one in found if one is not None), unknown)


def _vxlan(port: int | str, evidence: str) -> Encapsulation:
    return Encapsulation("VXLAN", (f"UDP {port} (VXLAN)",), _VXLAN_BYTES, evidence)


def _geneve(port: int | str, evidence: str, overhead: int = _GENEVE_BYTES) -> Encapsulation:
    return Encapsulation("Geneve", (f"UDP {port} (Geneve)",), overhead, evidence)


def _wireguard(port: int | str, evidence: str) -> Encapsulation:
    return Encapsulation("WireGuard", (f"UDP {port} (WireGuard)",), _WIREGUARD_BYTES, evidence)


def _routed(evidence: str, *needs: str) -> Encapsulation:
    """Without an encapsulation the pods' own addresses are on the wire, and whatever is between nodes sees them."""
    return Encapsulation("none", ("packets with pods' own addresses", *needs), 0, evidence)


def _encrypted(inner: Encapsulation, port: int | str) -> Encapsulation:
    outer = _wireguard(port, inner.evidence)
    if inner.name == "none":
        return outer
    return replace(
        inner,
        name=f"{inner.name}+{outer.name}",
        needs=(*inner.needs, *outer.needs),
        overhead=inner.overhead + outer.overhead,
    )


# Plugins -----------------------------------------------------------------------------------------------------


def _calico(snapshot: Snapshot) -> Encapsulation | None:
    """By the IPPools; without them by the backend (docs.tigera.io, IPPool; Network requirements)."""
    felix = next((one for one in snapshot.felix_configurations if one.name == "default"), None)
    found = _by_pools(snapshot, felix) or _by_backend(snapshot)
    if found is not None and felix is not None and felix.spec.get("wireguardEnabled") is True:
        return _encrypted(found, felix.spec.get("wireguardListeningPort") or 51820)
    return found


def _by_pools(snapshot: Snapshot, felix: FelixConfiguration | None) -> Encapsulation | None:
    pools = [pool for pool in snapshot.ip_pools if not pool.spec.get("disabled")]
    if not pools:
        return None
    for pool in pools:
        if _used(pool, "vxlanMode"):
            port = (felix.spec.get("vxlanPort") if felix else None) or 4789
            return _vxlan(port, f"{pool.ref} has vxlanMode {pool.spec['vxlanMode']}")
        if _used(pool, "ipipMode"):
            because = f"{pool.ref} has ipipMode {pool.spec['ipipMode']}"
            return Encapsulation("IPIP", (_IPIP, _BGP), _IPIP_BYTES, because)
    return _routed(f"{pools[0].ref} has neither vxlanMode nor ipipMode", _BGP)


def _used(pool: IPPool, mode: str) -> bool:
    return pool.spec.get(mode) in {"Always", "CrossSubnet"}


def _by_backend(snapshot: Snapshot) -> Encapsulation | None:
    backend = _data(snapshot, _SYSTEM, "calico-config").get("calico_backend", "")
    said = f"ConfigMap kube-system/calico-config has calico_backend {backend}"
    if backend == "vxlan":
        return _vxlan(4789, said)
    return Encapsulation("unknown", (_BGP, _IPIP), _IPIP_BYTES, said) if backend == "bird" else None


def _flannel(snapshot: Snapshot) -> Encapsulation | None:
    """By net-conf.json (github.com/flannel-io/flannel, Documentation/backends.md)."""
    places = (("kube-flannel", "kube-flannel-cfg"), (_SYSTEM, "kube-flannel-cfg"), (_SYSTEM, "canal-config"))
    for namespace, name in places:
        text = _data(snapshot, namespace, name).get("net-conf.json", "")
        backend = re.search(r'"Type"\s*:\s*"([\w-]+)"', text)
        if backend:
            return _flannel_backend(backend[1], text, f"ConfigMap {namespace}/{name} has the backend {backend[1]}")
    return None


def _flannel_backend(backend: str, settings: str, evidence: str) -> Encapsulation | None:
    def port(name: str, default: int) -> int:
        given = re.search(rf'"{name}"\s*:\s*(\d+)', settings)
        return int(given[1]) if given else default

    match backend:
        case "vxlan":
            return _vxlan(port("Port", 8472), evidence)
        case "host-gw":
            return _routed(evidence)
        case "wireguard" | "wireguard-native":
            return _wireguard(port("ListenPort", 51820), evidence)
        case "ipip":
            return Encapsulation("IPIP", (_IPIP,), _IPIP_BYTES, evidence)
        case "udp":
            return Encapsulation("UDP", (f"UDP {port('Port', 8285)}",), _UDP_BYTES, evidence)
    return None


def _k3s(snapshot: Snapshot) -> Encapsulation | None:
    """flannel inside k3s (docs.k3s.io, Basic Network Options): vxlan unless its arguments say otherwise."""
    for node in snapshot.nodes:
        arguments = node.metadata.annotations.get("k3s.io/node-args", "")
        given = re.search(r"--flannel-backend[\"=,\s]+([\w-]+)", arguments)
        backend = given[1] if given else "vxlan"
        return _flannel_backend(backend, "", f"{node.ref} runs k3s, with the backend {backend} of flannel")
    return None


def _cilium(snapshot: Snapshot) -> Encapsulation | None:
    """By cilium-config (docs.cilium.io, Routing; System Requirements, "Firewall Rules")."""
    settings = _data(snapshot, _SYSTEM, "cilium-config")
    if not settings:
        return None
    old = settings.get("tunnel", "")  # before v1.14
    mode = settings.get("routing-mode") or ("native" if old == "disabled" else "tunnel")
    protocol = settings.get("tunnel-protocol") or (old if old in {"vxlan", "geneve"} else "vxlan")
    said = f"ConfigMap kube-system/cilium-config has routing-mode {mode}"
    port = settings.get("tunnel-port", "0")
    if mode == "native":
        found = _routed(said)
    elif protocol == "geneve":
        found = _geneve(port if port != "0" else 6081, f"{said} and tunnel-protocol geneve")
    else:
        found = _vxlan(port if port != "0" else 8472, f"{said} and tunnel-protocol vxlan")
    return _encrypted(found, 51871) if settings.get("enable-wireguard") == "true" else found


def _antrea(snapshot: Snapshot) -> Encapsulation | None:
    """By antrea-agent.conf, where a line that is a comment stands for the default (antrea.io, Network Requirements)."""
    text = _data(snapshot, _SYSTEM, "antrea-config").get("antrea-agent.conf")
    if text is None:
        return None

    def setting(name: str, default: str) -> str:
        given = re.search(rf"^\s*{name}:[ \t]*[\"']?([\w-]+)", text, re.MULTILINE)
        return given[1] if given else default

    mode, tunnel = setting("trafficEncapMode", "encap"), setting("tunnelType", "geneve")
    said = f"ConfigMap kube-system/antrea-config has trafficEncapMode {mode}"
    if setting("trafficEncryptionMode", "none").lower() == "wireguard":
        return _wireguard(51820, f"{said} and trafficEncryptionMode wireGuard")
    if mode.lower() in {"noencap", "networkpolicyonly"}:
        return _routed(said)
    port = setting("tunnelPort", "0")
    said += f" and tunnelType {tunnel}"
    if tunnel == "vxlan":
        return _vxlan(port if port != "0" else 4789, said)
    if tunnel == "gre":
        return Encapsulation("GRE", ("IP protocol 47 (GRE)",), 42, said)
    return _geneve(port if port != "0" else 6081, said)


def _weave(_: Snapshot) -> Encapsulation:
    needs = ("TCP 6783", "UDP 6783", "UDP 6784")
    return Encapsulation("VXLAN", needs, _VXLAN_BYTES, "Weave Net connects nodes by VXLAN, or by its own UDP")


def _ovn(_: Snapshot) -> Encapsulation:
    return _geneve(6081, "OVN-Kubernetes connects nodes by Geneve", _OVN_BYTES)


def _data(snapshot: Snapshot, namespace: str, name: str) -> Mapping[str, str]:
    found = snapshot.get("ConfigMap", namespace, name)
    return found.data if isinstance(found, ConfigMap) else {}


_PLUGINS: Mapping[str, Callable[[Snapshot], Encapsulation | None]] = MappingProxyType(
    {
        "calico": _calico,
        "canal": lambda snapshot: _flannel(snapshot) or _vxlan(8472, "Canal connects nodes by flannel's VXLAN"),
        "cilium": _cilium,
        "flannel": _flannel,
        "k3s": _k3s,
        "antrea": _antrea,
        "weave": _weave,
        "ovn-kubernetes": _ovn,
        "kindnet": lambda _: _routed("kindnet routes packets of pods from node to node"),
        "kube-router": lambda _: _routed("kube-router routes packets of pods by BGP", _BGP, _IPIP),
        "aws-vpc-cni": lambda _: _routed("the AWS VPC CNI gives pods addresses of the VPC"),
        "azure-cni": lambda _: _routed("Azure CNI gives pods addresses that the cloud's network routes"),
        "gke": lambda _: _routed("GKE gives pods addresses that the cloud's network routes"),
    }
)
