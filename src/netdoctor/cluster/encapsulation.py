"""How packets of pods travel between nodes, as the network plugin is set to send them, and what must be open for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from netdoctor.cluster.cni import cni, running_plugins
from netdoctor.cluster.flags import option
from netdoctor.cluster.network_settings import cilium_settings, config_data, felix, flannel_settings
from netdoctor.cluster.objects import FelixConfiguration, IPPool
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
_IPV6_BYTES = 20  # that an IPv6 header has more than one of IPv4
_CALICO_VNI = 4096  # FelixConfiguration, vxlanVNI
_FLANNEL_VNI = 1
_CROSS_SUBNET = "CrossSubnet"
_EITHER = "either"


@dataclass(frozen=True, slots=True)
class Encapsulation:
    """What is put around packets between pods of different nodes.

    Attributes:
        name: ``VXLAN``, ``IPIP``, ``Geneve``, ``WireGuard``, ...; several joined by ``+``; ``none`` where packets are
            routed as they are; ``unknown``.
        needs: what firewalls between nodes must let through for it, for the reader: ``UDP 8472 (VXLAN)``.
        overhead: bytes that it takes of each packet of the nodes' network, over IPv4.
        evidence: what this was concluded from, for the reader.
        mode: ``CrossSubnet`` where packets to nodes of the same subnet are sent as they are; ``either`` where each
            packet is in one of the two that `name` joins; else empty.
        vni: the VXLAN network identifier, where there is a single one.
    """

    name: str
    needs: tuple[str, ...]
    overhead: int
    evidence: str
    mode: str = ""
    vni: int | None = None

    @property
    def known(self) -> bool:
        """Whether the objects tell."""
        return self.name != "unknown"

    def overhead_over(self, version: int) -> int:
        """Bytes where the nodes' addresses are of this IP version."""
        headers = 1 if self.mode == _EITHER else len(self.name.split("+"))
        return self.overhead + (_IPV6_BYTES * headers if version == 6 and self.overhead else 0)


def encapsulation(snapshot: Snapshot) -> Encapsulation:
    """What the cluster's network plugin puts around packets; its own settings come before its defaults."""
    names = cni(snapshot).name.split("+")
    found = (_PLUGINS[name](snapshot) for name in names if name in _PLUGINS)
    unknown = Encapsulation("unknown", (), 0, f"nothing tells how {'+'.join(names)} sends packets between nodes")
    return next((one for one in found if one is not None), unknown)


def _vxlan(port: int | str, evidence: str, vni: int | None = None, mode: str = "") -> Encapsulation:
    return Encapsulation("VXLAN", (f"UDP {port} (VXLAN)",), _VXLAN_BYTES, evidence, mode, vni)


def _geneve(port: int | str, evidence: str, overhead: int = _GENEVE_BYTES) -> Encapsulation:
    return Encapsulation("Geneve", (f"UDP {port} (Geneve)",), overhead, evidence)


def _wireguard(port: int | str, evidence: str) -> Encapsulation:
    return Encapsulation("WireGuard", (f"UDP {port} (WireGuard)",), _WIREGUARD_BYTES, evidence)


def _routed(evidence: str, *needs: str) -> Encapsulation:
    """Without an encapsulation the pods' own addresses are on the wire, and whatever is between nodes sees them."""
    return Encapsulation("none", ("packets with pods' own addresses", *needs), 0, evidence)


def _encrypted(inner: Encapsulation, port: int | str, *, nested: bool) -> Encapsulation:
    """With WireGuard: around what is there, or instead of it between nodes that both have a key."""
    outer = _wireguard(port, inner.evidence)
    if inner.name == "none":
        return outer
    return replace(
        inner,
        name=f"{inner.name}+{outer.name}",
        needs=(*inner.needs, *outer.needs),
        overhead=inner.overhead + outer.overhead if nested else max(inner.overhead, outer.overhead),
        mode=inner.mode if nested else _EITHER,
    )


# Plugins -----------------------------------------------------------------------------------------------------


def _calico(snapshot: Snapshot) -> Encapsulation | None:
    """By the IPPools; without them by the backend (docs.tigera.io, IPPool; Network requirements).

    Between nodes with keys, WireGuard is used instead of VXLAN and IPIP (docs.tigera.io, Encrypt in-cluster pod
    traffic; Configure MTU).
    """
    settings = felix(snapshot)
    found = _by_pools(snapshot, settings) or _by_backend(snapshot)
    if found is not None and settings is not None and settings.spec.get("wireguardEnabled") is True:
        return _encrypted(found, settings.spec.get("wireguardListeningPort") or 51820, nested=False)
    return found


def _by_pools(snapshot: Snapshot, settings: FelixConfiguration | None) -> Encapsulation | None:
    pools = [pool for pool in snapshot.ip_pools if not pool.spec.get("disabled")]
    if not pools:
        return None
    given = settings.spec if settings else {}
    for pool in pools:
        if _used(pool, "vxlanMode"):
            mode = str(pool.spec["vxlanMode"])
            port, vni = given.get("vxlanPort") or 4789, given.get("vxlanVNI")
            said = f"{pool.ref} has vxlanMode {mode}"
            return _vxlan(port, said, vni if isinstance(vni, int) else _CALICO_VNI, _mode(mode))
        if _used(pool, "ipipMode"):
            mode = str(pool.spec["ipipMode"])
            because = f"{pool.ref} has ipipMode {mode}"
            return Encapsulation("IPIP", (_IPIP, _BGP), _IPIP_BYTES, because, _mode(mode))
    return _routed(f"{pools[0].ref} has neither vxlanMode nor ipipMode", _BGP)


def _mode(mode: str) -> str:
    return _CROSS_SUBNET if mode == _CROSS_SUBNET else ""


def _used(pool: IPPool, mode: str) -> bool:
    return pool.spec.get(mode) in ("Always", "CrossSubnet")


def _by_backend(snapshot: Snapshot) -> Encapsulation | None:
    backend = config_data(snapshot, "calico-config").get("calico_backend", "")
    said = f"ConfigMap kube-system/calico-config has calico_backend {backend}"
    if backend == "vxlan":
        return _vxlan(4789, said, _CALICO_VNI)
    return Encapsulation("unknown", (_BGP, _IPIP), _IPIP_BYTES, said) if backend == "bird" else None


def _flannel(snapshot: Snapshot) -> Encapsulation | None:
    """By net-conf.json (github.com/flannel-io/flannel, Documentation/backends.md)."""
    settings = flannel_settings(snapshot)
    if settings is None or not settings.backend:
        return None
    where = f"ConfigMap {settings.field.namespace}/{settings.field.name}"
    found = _flannel_backend(settings.backend, f"{where} has the backend {settings.backend}", settings.number)
    if found is not None and found.name == "VXLAN" and settings.direct_routing:
        return replace(found, mode=_CROSS_SUBNET)
    return found


def _flannel_backend(
    backend: str, evidence: str, number: Callable[[str], int | None] = lambda _: None
) -> Encapsulation | None:
    match backend:
        case "vxlan":
            return _vxlan(number("Port") or 8472, evidence, number("VNI") or _FLANNEL_VNI)
        case "host-gw":
            return _routed(evidence)
        case "wireguard" | "wireguard-native":
            return _wireguard(number("ListenPort") or 51820, evidence)
        case "ipip":
            return Encapsulation("IPIP", (_IPIP,), _IPIP_BYTES, evidence)
        case "udp":
            return Encapsulation("UDP", (f"UDP {number('Port') or 8285}",), _UDP_BYTES, evidence)
    return None


def _k3s(snapshot: Snapshot) -> Encapsulation | None:
    """flannel inside k3s (docs.k3s.io, Basic Network Options): vxlan unless its arguments say otherwise."""
    for node in snapshot.nodes:
        arguments = node.metadata.annotations.get("k3s.io/node-args", "")
        given = re.search(r"--flannel-backend[\"=,\s]+([\w-]+)", arguments)
        backend = given[1] if given else "vxlan"
        return _flannel_backend(backend, f"{node.ref} runs k3s, with the backend {backend} of flannel")
    return None


def _cilium(snapshot: Snapshot) -> Encapsulation | None:
    """By cilium-config (docs.cilium.io, Routing; System Requirements, "Firewall Rules")."""
    where, settings = cilium_settings(snapshot)
    if not settings:
        return None
    old = settings.get("tunnel", "")  # before v1.14
    mode = settings.get("routing-mode") or ("native" if old == "disabled" else "tunnel")
    protocol = settings.get("tunnel-protocol") or (old if old in {"vxlan", "geneve"} else "vxlan")
    said = f"{where} has routing-mode {mode}"
    port = settings.get("tunnel-port", "0")
    if mode == "native":
        found = _routed(said)
    elif protocol == "geneve":
        found = _geneve(port if port != "0" else 6081, f"{said} and tunnel-protocol geneve")
    else:
        found = _vxlan(port if port != "0" else 8472, f"{said} and tunnel-protocol vxlan")
    return _encrypted(found, 51871, nested=True) if settings.get("enable-wireguard") == "true" else found


def _antrea(snapshot: Snapshot) -> Encapsulation | None:
    """By antrea-agent.conf, where a line that is a comment stands for the default (antrea.io, Network Requirements)."""
    text = config_data(snapshot, "antrea-config").get("antrea-agent.conf")
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


def _kube_router(snapshot: Snapshot) -> Encapsulation:
    """IPIP between subnets, unless its arguments say otherwise (github.com/cloudnativelabs/kube-router, docs)."""
    specs = [one.spec.template.spec for name, one in running_plugins(snapshot) if name == "kube-router"]
    given = {name: next((v for spec in specs if (v := option(spec, name))), "") for name in _OVERLAY}
    if given["enable-overlay"] == "false":
        return _routed("kube-router has --enable-overlay=false: it routes packets of pods by BGP", _BGP)
    kind = given["overlay-type"] or "subnet"
    said = f"kube-router puts packets of pods into IPIP: overlay-type {kind}"
    return Encapsulation("IPIP", (_IPIP, _BGP), _IPIP_BYTES, said, "" if kind == "full" else _CROSS_SUBNET)


_OVERLAY = ("enable-overlay", "overlay-type")
_PLUGINS: Mapping[str, Callable[[Snapshot], Encapsulation | None]] = MappingProxyType(
    {
        "calico": _calico,
        "canal": lambda snapshot: _flannel(snapshot) or _vxlan(8472, "Canal connects nodes by flannel's VXLAN", 1),
        "cilium": _cilium,
        "flannel": _flannel,
        "k3s": _k3s,
        "antrea": _antrea,
        "weave": _weave,
        "ovn-kubernetes": _ovn,
        "kindnet": lambda _: _routed("kindnet routes packets of pods from node to node"),
        "kube-router": _kube_router,
        "aws-vpc-cni": lambda _: _routed("the AWS VPC CNI gives pods addresses of the VPC"),
        "azure-cni": lambda _: _routed("Azure CNI gives pods addresses that the cloud's network routes"),
        "gke": lambda _: _routed("GKE gives pods addresses that the cloud's network routes"),
    }
)
