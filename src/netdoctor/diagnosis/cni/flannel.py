"""What the settings of flannel and Canal say (github.com/flannel-io/flannel, Documentation; docs.tigera.io, Canal)."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.cni import running_plugins
from netdoctor.cluster.encapsulation import encapsulation
from netdoctor.cluster.flags import option
from netdoctor.cluster.network_settings import FlannelSettings, config_data, flannel_settings
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import Facts, Masquerade, MTUSetting, mtu_setting
from netdoctor.model.cni_report import CNIEncryption, CNISetting
from netdoctor.model.refs import ObjectRef

_CANAL = ObjectRef("ConfigMap", "canal-config", "kube-system", "data.veth_mtu")


def flannel_facts(snapshot: Snapshot) -> Facts:
    """Of flannel, alone, inside k3s or as a part of Canal."""
    settings = flannel_settings(snapshot)
    return Facts(
        settings=tuple(_rows(settings)) if settings else (),
        pod_mtu=_mtu(snapshot, settings),
        encryption=_encryption(snapshot),
        not_masqueraded=tuple(_not_masqueraded(snapshot)),
    )


def _rows(settings: FlannelSettings) -> Iterator[CNISetting]:
    for network in settings.networks:
        yield CNISetting("Network", network, settings.field)
    yield CNISetting("Backend", settings.backend or "udp", settings.field)
    yield CNISetting("IPAM", "host-local, from the nodes' podCIDRs")
    for name in ("VNI", "Port", "ListenPort"):
        if (number := settings.number(name)) is not None:
            yield CNISetting(name, str(number), settings.field)
    if settings.direct_routing:
        yield CNISetting("DirectRouting", "true", settings.field)


def _mtu(snapshot: Snapshot, settings: FlannelSettings | None) -> MTUSetting | None:
    """Canal's is for pods; that of flannel's backend is what remains inside, too."""
    canal = mtu_setting(config_data(snapshot, "canal-config").get("veth_mtu"), _CANAL)
    return canal or (mtu_setting(settings.number("MTU"), settings.field) if settings else None)


def _encryption(snapshot: Snapshot) -> CNIEncryption:
    wrapped = encapsulation(snapshot)
    if not wrapped.known:
        return CNIEncryption("unknown", "", wrapped.evidence)
    if "WireGuard" in wrapped.name:
        return CNIEncryption("on", "WireGuard", wrapped.evidence)
    return CNIEncryption("off", "", f"{wrapped.evidence}, which encrypts nothing")


def _not_masqueraded(snapshot: Snapshot) -> Iterator[Masquerade]:
    wrapped = encapsulation(snapshot)
    for name, daemon_set in running_plugins(snapshot):
        given = option(daemon_set.spec.template.spec, "ip-masq")
        if name == "flannel" and given != "true" and wrapped.known and wrapped.name != "none":
            said = (
                f"{daemon_set.ref} runs flanneld without --ip-masq (FLANNELD_IP_MASQ in its environment would count as "
                "well: environments are not read)"
            )
            yield Masquerade(daemon_set.ref.at("spec.template.spec.containers[].args"), said)
