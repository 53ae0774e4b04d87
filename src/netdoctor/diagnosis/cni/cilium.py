"""What cilium-config says (docs.cilium.io: Routing, IPAM, Kubernetes without kube-proxy, Transparent Encryption)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netdoctor.cluster.network_settings import cilium_settings
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import UNKNOWN, Facts, Masquerade, MTUSetting, between_nodes, mtu_setting
from netdoctor.model.cni_report import CNIEncryption, CNIOpening, CNISetting
from netdoctor.model.refs import ObjectRef

_SHOWN = (
    "routing-mode",
    "tunnel-protocol",
    "tunnel",
    "auto-direct-node-routes",
    "ipv4-native-routing-cidr",
    "ipv6-native-routing-cidr",
    "ipam",
    "cluster-pool-ipv4-cidr",
    "cluster-pool-ipv4-mask-size",
    "cluster-pool-ipv6-cidr",
    "cluster-pool-ipv6-mask-size",
    "kube-proxy-replacement",
    "enable-policy",
    "policy-audit-mode",
    "enable-ipv4-masquerade",
    "enable-bpf-masquerade",
    "cni-chaining-mode",
    "enable-host-firewall",
    "enable-hubble",
)


def cilium_facts(snapshot: Snapshot) -> Facts:
    """All of it; nothing where the ConfigMap is not there."""
    where, data = cilium_settings(snapshot)
    if not data:
        return Facts()
    return Facts(
        settings=tuple(CNISetting(key, data[key], where.at(f"data.{key}")) for key in _SHOWN if data.get(key)),
        node_mtu=_mtu(where, data),
        encryption=_encryption(where, data),
        not_masqueraded=tuple(_not_masqueraded(where, data)),
        openings=tuple(_openings(data)),
    )


def chained(snapshot: Snapshot) -> bool:
    """Whether Cilium is put behind another plugin, which connects the pods (docs.cilium.io, CNI Chaining)."""
    return cilium_settings(snapshot)[1].get("cni-chaining-mode", "none") not in ("none", "")


def _mtu(where: ObjectRef, data: Mapping[str, str]) -> MTUSetting | None:
    """`mtu` stands for that of the nodes' interfaces; Cilium itself takes off what it puts around packets."""
    return mtu_setting(data.get("mtu"), where.at("data.mtu"))


def _encryption(where: ObjectRef, data: Mapping[str, str]) -> CNIEncryption:
    for key, name in (("enable-wireguard", "WireGuard"), ("enable-ipsec", "IPsec")):
        if data.get(key) == "true":
            nodes = ", between nodes too" if data.get("encrypt-node") == "true" else ""
            return CNIEncryption("on", name, f"{where} sets {key}: packets between pods{nodes}")
    return CNIEncryption("off", "", f"{where} sets neither enable-wireguard nor enable-ipsec") if data else UNKNOWN


def _not_masqueraded(where: ObjectRef, data: Mapping[str, str]) -> Iterator[Masquerade]:
    routed = data.get("routing-mode") == "native" or data.get("tunnel") == "disabled"
    if data.get("enable-ipv4-masquerade") == "false" and data.get("enable-ipv4") != "false" and not routed:
        said = f"{where} sets enable-ipv4-masquerade: false, and pods' addresses are known in the tunnels alone"
        yield Masquerade(where.at("data.enable-ipv4-masquerade"), said, {"data": {"enable-ipv4-masquerade": "true"}})


def _openings(data: Mapping[str, str]) -> Iterator[CNIOpening]:
    """docs.cilium.io, System Requirements, "Firewall Rules"."""
    if data.get("enable-ipsec") == "true":
        yield between_nodes("IP protocol 50 (ESP)", "encrypted packets of pods")
    if data.get("enable-health-checking", "true") == "true":
        yield between_nodes("TCP 4240", "cilium-health", needed=False)
        yield between_nodes("ICMP echo", "cilium-health", needed=False)
    if data.get("enable-hubble") == "true":
        yield between_nodes("TCP 4244", "Hubble's relay", needed=False)
    if data.get("mesh-auth-enabled") == "true":
        yield between_nodes("TCP 4250", "mutual authentication, where policies ask for it", needed=False)
