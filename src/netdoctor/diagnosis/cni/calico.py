"""What Calico's settings say (docs.tigera.io: IPPool, FelixConfiguration, BGPConfiguration, Installation)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netdoctor.cluster.addresses import parse_networks
from netdoctor.cluster.network_settings import config_data, felix, for_pods, installation
from netdoctor.cluster.objects import IPPool
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import Facts, Masquerade, MTUSetting, between_nodes, mtu_setting
from netdoctor.model.cni_report import CNIEncryption, CNIOpening, CNISetting
from netdoctor.model.refs import ObjectRef

WIREGUARD_KEY = "projectcalico.org/WireguardPublicKey"
_CONFIG = ObjectRef("ConfigMap", "calico-config", "kube-system")
_TUNNEL_MTUS = ("vxlanMTU", "ipipMTU", "wireguardMTU")
_FELIX = ("bpfEnabled", "wireguardEnabled", "wireguardEnabledV6", "defaultEndpointToHostAction", "routeSource")
_BGP = ("nodeToNodeMeshEnabled", "asNumber")
_LONGEST_PREFIX = 128
_NETWORK = ("bgp", "linuxDataplane", "hostPorts")


def calico_facts(snapshot: Snapshot) -> Facts:
    """All of it."""
    return Facts(
        settings=tuple(_settings(snapshot)),
        pod_mtu=_mtu(snapshot),
        encryption=calico_encryption(snapshot),
        not_masqueraded=tuple(_not_masqueraded(snapshot)),
        openings=tuple(_openings(snapshot)),
    )


def connects_pods(snapshot: Snapshot) -> bool | None:
    """Whether Calico makes pods' networks itself, or only applies policies beside another plugin; None if unknown."""
    made = installation(snapshot)
    if made is not None:
        kind = _at(made.spec, "cni").get("type")
        return None if kind is None else kind == "Calico"
    backend = config_data(snapshot, "calico-config").get("calico_backend")
    return None if backend is None else backend != "none"


def calico_encryption(snapshot: Snapshot) -> CNIEncryption:
    """WireGuard, where it is asked for and nodes have keys (docs.tigera.io, Encrypt in-cluster pod traffic)."""
    settings = felix(snapshot)
    if settings is None:
        return CNIEncryption("unknown", "", "no FelixConfiguration default was read")
    asked = [name for name in ("wireguardEnabled", "wireguardEnabledV6") if settings.spec.get(name) is True]
    if not asked:
        return CNIEncryption("off", "", f"{settings.ref} does not set wireguardEnabled")
    keyed = sum(WIREGUARD_KEY in node.metadata.annotations for node in snapshot.nodes)
    said = f"{settings.ref} sets {' and '.join(asked)}"
    return CNIEncryption("on", "WireGuard", f"{said}; {keyed} of {len(snapshot.nodes)} nodes have a public key")


def _settings(snapshot: Snapshot) -> Iterator[CNISetting]:
    made = installation(snapshot)
    if made is not None:
        cni = _at(made.spec, "cni")
        yield from _rows("", _NETWORK, _at(made.spec, "calicoNetwork"), made.ref, "spec.calicoNetwork")
        yield from _rows("IPAM ", ("type",), _at(cni, "ipam"), made.ref, "spec.cni.ipam")
        yield from _rows("CNI ", ("type",), cni, made.ref, "spec.cni")
        yield from _rows("observed ", ("mtu",), made.status, made.ref, "status")
    if backend := config_data(snapshot, "calico-config").get("calico_backend"):
        yield CNISetting("backend", backend, _CONFIG.at("data.calico_backend"))
    if made is None and (ipam := _ipam(snapshot)):
        yield CNISetting("IPAM", ipam, _CONFIG.at("data.cni_network_config"))
    for pool in snapshot.ip_pools:
        yield CNISetting("pool", _pool(pool), pool.ref.at("spec"))
    for one in snapshot.felix_configurations:
        yield from _rows("", _FELIX, one.spec, one.ref, "spec")
    for bgp in snapshot.bgp_configurations:
        yield from _rows("BGP ", _BGP, bgp.spec, bgp.ref, "spec")


def _rows(
    prefix: str, names: tuple[str, ...], spec: Mapping[str, Any], ref: ObjectRef, path: str
) -> Iterator[CNISetting]:
    """Those that are set."""
    for name in names:
        if name in spec and isinstance(spec[name], str | int | bool):
            value = str(spec[name]).lower() if isinstance(spec[name], bool) else str(spec[name])
            yield CNISetting(f"{prefix}{name}", value, ref.at(f"{path}.{name}"))


def _pool(pool: IPPool) -> str:
    """`10.0.0.0/16, VXLAN CrossSubnet, natOutgoing, blocks of /26`."""
    parts = [str(pool.spec.get("cidr", "?"))]
    for mode, name in (("vxlanMode", "VXLAN"), ("ipipMode", "IPIP")):
        if pool.spec.get(mode) not in (None, "Never"):
            parts.append(f"{name} {pool.spec[mode]}")
    parts += ["no encapsulation"] if len(parts) == 1 else []
    parts += ["natOutgoing"] if pool.spec.get("natOutgoing") else []
    parts += [f"blocks of /{block_size(pool)}"]
    parts += ["disabled"] if pool.spec.get("disabled") else []
    return ", ".join(parts)


def block_size(pool: IPPool) -> int:
    """The prefix length of blocks; by default 26 for IPv4 and 122 for IPv6 (docs.tigera.io, IPPool)."""
    given = pool.spec.get("blockSize")
    if isinstance(given, int) and 0 < given <= _LONGEST_PREFIX:
        return given
    return 122 if ":" in str(pool.spec.get("cidr", "")) else 26


def _ipam(snapshot: Snapshot) -> str:
    network = config_data(snapshot, "calico-config").get("cni_network_config", "")
    given = re.search(r'"ipam"\s*:\s*\{\s*"type"\s*:\s*"([\w-]+)"', network)
    return given[1] if given else ""


def _mtu(snapshot: Snapshot) -> MTUSetting | None:
    """The least of what pods and tunnels are given: no larger packet leaves a node; 0 leaves it to Calico."""
    given = [mtu_setting(config_data(snapshot, "calico-config").get("veth_mtu"), _CONFIG.at("data.veth_mtu"))]
    made = installation(snapshot)
    if made is not None:
        given.append(mtu_setting(_at(made.spec, "calicoNetwork").get("mtu"), made.ref.at("spec.calicoNetwork.mtu")))
    if (settings := felix(snapshot)) is not None:
        given += [mtu_setting(settings.spec.get(name), settings.ref.at(f"spec.{name}")) for name in _TUNNEL_MTUS]
    return min((one for one in given if one), key=lambda one: one.value, default=None)


def _not_masqueraded(snapshot: Snapshot) -> Iterator[Masquerade]:
    """Pools with an encapsulation: nobody outside has routes to their addresses, unless somebody has made them."""
    for pool in snapshot.ip_pools:
        wrapped = any(pool.spec.get(mode) in ("Always", "CrossSubnet") for mode in ("vxlanMode", "ipipMode"))
        private = any(network.is_private for network in parse_networks({str(pool.spec.get("cidr", ""))}))
        off = not pool.spec.get("natOutgoing") and not pool.spec.get("disabled")
        if off and wrapped and private and for_pods(pool):
            said = f"{pool.ref} has no natOutgoing, and its addresses ({pool.spec.get('cidr')}) are private"
            yield Masquerade(pool.ref.at("spec.natOutgoing"), said, {"spec": {"natOutgoing": True}})


def _openings(snapshot: Snapshot) -> Iterator[CNIOpening]:
    if _speaks_bgp(snapshot):
        yield between_nodes("TCP 179 (BGP)", "routes of pods, and peers outside")
    if any(one.name == "calico-typha" for one in snapshot.deployments):
        yield CNIOpening("TCP 5473 (Typha)", "every node", "nodes with pods of calico-typha", "settings and policies")
    settings = felix(snapshot)
    if settings is not None and settings.spec.get("wireguardEnabledV6") is True:
        port = settings.spec.get("wireguardListeningPortV6") or 51821
        yield between_nodes(f"UDP {port} (WireGuard)", "encrypted packets of pods, IPv6")


def _speaks_bgp(snapshot: Snapshot) -> bool:
    """With VXLAN alone nothing needs it; where nothing says that it is off, BIRD runs."""
    made = installation(snapshot)
    asked = _at(made.spec, "calicoNetwork").get("bgp") if made is not None else None
    if asked is not None:
        return bool(asked == "Enabled")
    backend = config_data(snapshot, "calico-config").get("calico_backend")
    if backend is not None:
        return backend == "bird"
    return any(pool.spec.get("vxlanMode") not in ("Always", "CrossSubnet") for pool in snapshot.ip_pools)


def _at(spec: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside; empty where there is none."""
    found = spec.get(name)
    return found if isinstance(found, Mapping) else {}
