"""The settings of network plugins, where they keep them: ConfigMaps and objects of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from netdoctor.cluster.cni import cni, running_plugins
from netdoctor.cluster.decode import NOT_JSON
from netdoctor.cluster.objects import ConfigMap, FelixConfiguration, Installation, IPPool
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

_SYSTEM = "kube-system"
_FLANNEL = (("kube-flannel", "kube-flannel-cfg"), (_SYSTEM, "kube-flannel-cfg"), (_SYSTEM, "canal-config"))


# Where plugins keep the configuration that they write to /etc/cni/net.d: by plugin, ConfigMaps and their keys.
_CHAINS: Mapping[str, tuple[tuple[str, str, str], ...]] = MappingProxyType(
    {
        "calico": ((_SYSTEM, "calico-config", "cni_network_config"), ("calico-system", "cni-config", "config")),
        "canal": ((_SYSTEM, "canal-config", "cni_network_config"),),
        "flannel": tuple((namespace, "kube-flannel-cfg", "cni-conf.json") for namespace in ("kube-flannel", _SYSTEM)),
        "kube-router": ((_SYSTEM, "kube-router-cfg", "cni-conf.json"),),
    }
)
CHAIN_KEYS = frozenset(key for places in _CHAINS.values() for _, _, key in places)
_PLACEHOLDER = re.compile(r"__\w+?__")  # that an init container replaces


def config_data(snapshot: Snapshot, name: str, namespace: str = _SYSTEM) -> Mapping[str, str]:
    """The data of a ConfigMap; empty where there is none."""
    found = snapshot.get("ConfigMap", namespace, name)
    return found.data if isinstance(found, ConfigMap) else {}


def felix(snapshot: Snapshot) -> FelixConfiguration | None:
    """Calico's settings for all nodes."""
    return next((one for one in snapshot.felix_configurations if one.name == "default"), None)


def installation(snapshot: Snapshot) -> Installation | None:
    """What Calico's operator was asked to install; it heeds no object of another name."""
    return next((one for one in snapshot.installations if one.name == "default"), None)


def for_pods(pool: IPPool) -> bool:
    """Whether pods get addresses of a pool of Calico's, as far as it is enabled; by default they do."""
    uses = pool.spec.get("allowedUses")
    return not isinstance(uses, list) or not uses or "Workload" in uses


def cilium_settings(snapshot: Snapshot) -> tuple[ObjectRef, Mapping[str, str]]:
    """Cilium's ConfigMap beside its DaemonSet, and what is in it; empty where it is not there."""
    homes = [one.namespace for name, one in running_plugins(snapshot) if name == "cilium"]
    for namespace in dict.fromkeys((*homes, _SYSTEM)):
        if data := config_data(snapshot, "cilium-config", namespace):
            return ObjectRef("ConfigMap", "cilium-config", namespace), data
    return ObjectRef("ConfigMap", "cilium-config", _SYSTEM), {}


@dataclass(frozen=True, slots=True)
class FlannelSettings:
    """net-conf.json of flannel (github.com/flannel-io/flannel, Documentation/configuration.md and backends.md).

    Attributes:
        field: where it stands.
        networks: from which the nodes' podCIDRs have to be; as they are written.
        backend: ``vxlan``, ``host-gw``, ``wireguard``, ...; empty where it is not said.
        text: all of it.
    """

    field: ObjectRef
    networks: tuple[str, ...]
    backend: str
    text: str

    def number(self, name: str) -> int | None:
        """A number among the backend's options."""
        given = re.search(rf'"{name}"\s*:\s*(\d{{1,9}})', self.text)
        return int(given[1]) if given else None

    @property
    def direct_routing(self) -> bool:
        """Whether packets to nodes of the same subnet are sent as they are."""
        return bool(re.search(r'"DirectRouting"\s*:\s*true', self.text))


def flannel_settings(snapshot: Snapshot) -> FlannelSettings | None:
    """Flannel's, or Canal's; None where they are not there."""
    for namespace, name in _FLANNEL:
        text = config_data(snapshot, name, namespace).get("net-conf.json", "")
        if text:
            backend = re.search(r'"Type"\s*:\s*"([\w-]+)"', text)
            return FlannelSettings(
                ObjectRef("ConfigMap", name, namespace, "data.net-conf.json"),
                tuple(re.findall(r'"(?:IPv6)?Network"\s*:\s*"([^"]+)"', text)),
                backend[1] if backend else "",
                text,
            )
    return None


@dataclass(frozen=True, slots=True)
class Chain:
    """The CNI configuration that a plugin writes on each node (github.com/containernetworking/cni, SPEC.md).

    Attributes:
        field: where it stands.
        types: of its plugins, in their order: ``calico``, ``portmap``, ``bandwidth``.
    """

    field: ObjectRef
    types: tuple[str, ...]


class _Plugin(msgspec.Struct):
    type: str = ""


class _Configuration(msgspec.Struct):
    plugins: list[_Plugin] = []
    type: str = ""  # of one that is no list


_CONFIGURATION = msgspec.json.Decoder(_Configuration)


def chain(snapshot: Snapshot) -> Chain | None:
    """The cluster's, where a ConfigMap has it; None where none has, or it cannot be understood."""
    for name in cni(snapshot).name.split("+"):
        for namespace, config, key in _CHAINS.get(name, ()):
            if text := config_data(snapshot, config, namespace).get(key):
                types = chain_types(text)
                field = ObjectRef("ConfigMap", config, namespace, f"data.{key}")
                return Chain(field, types) if types else None
    return None


def chain_types(text: str) -> tuple[str, ...]:
    """The types of the plugins in a CNI configuration; empty where the text is none."""
    try:
        found = _CONFIGURATION.decode(_PLACEHOLDER.sub("0", text).encode())
    except NOT_JSON:
        return ()
    return tuple(filter(None, (*(plugin.type for plugin in found.plugins), found.type)))
