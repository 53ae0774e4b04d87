"""What the settings of the other plugins say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from netdoctor.cluster.cni import running_plugins
from netdoctor.cluster.flags import option
from netdoctor.cluster.network_settings import config_data
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import Facts, between_nodes, mtu_setting
from netdoctor.model.cni_report import CNIEncryption, CNIOpening, CNISetting
from netdoctor.model.refs import ObjectRef

_ANTREA = ObjectRef("ConfigMap", "antrea-config", "kube-system", "data.antrea-agent.conf")
_KUBE_ROUTER = ObjectRef("ConfigMap", "kube-router-cfg", "kube-system", "data.cni-conf.json")
_ROUTER_FLAGS = (
    "run-router",
    "run-firewall",
    "run-service-proxy",
    "enable-overlay",
    "overlay-type",
    "enable-pod-egress",
)
_HOST_LOCAL = CNISetting("IPAM", "host-local, from the nodes' podCIDRs")


def other_facts(snapshot: Snapshot, name: str) -> Facts:
    """Of one plugin; what nothing is known of has no settings."""
    read = _READERS.get(name)
    return read(snapshot) if read else Facts()


def _plain(plugin: str) -> CNIEncryption:
    return CNIEncryption("off", "", f"{plugin} encrypts nothing")


def _kindnet(_: Snapshot) -> Facts:
    return Facts(settings=(_HOST_LOCAL,), encryption=_plain("kindnet"))


def _kube_router(snapshot: Snapshot) -> Facts:
    """github.com/cloudnativelabs/kube-router, docs/user-guide.md."""
    rows = [_HOST_LOCAL]
    for name, daemon_set in running_plugins(snapshot):
        if name == "kube-router":
            spec = daemon_set.spec.template.spec
            rows += [CNISetting(f, v, daemon_set.ref) for f in _ROUTER_FLAGS if (v := option(spec, f))]
    given = re.search(r'"mtu"\s*:\s*(\d{1,5})', config_data(snapshot, "kube-router-cfg").get("cni-conf.json", ""))
    mtu = mtu_setting(given[1], _KUBE_ROUTER) if given else None
    return Facts(tuple(rows), pod_mtu=mtu, encryption=_plain("kube-router"))


def _antrea(snapshot: Snapshot) -> Facts:
    """antrea.io: antrea-agent.conf; Network Requirements."""
    text = config_data(snapshot, "antrea-config").get("antrea-agent.conf", "")
    shown = re.findall(
        r"^\s*(trafficEncapMode|tunnelType|trafficEncryptionMode|defaultMTU|noSNAT):[ \t]*(\S+)", text, re.M
    )
    given = {name: value.strip("\"'") for name, value in shown}
    mode = given.get("trafficEncryptionMode", "none").lower()
    names = {"wireguard": "WireGuard", "ipsec": "IPsec"}
    state = "on" if mode in names else "off" if text else "unknown"
    return Facts(
        settings=tuple(CNISetting(name, value, _ANTREA) for name, value in given.items()),
        pod_mtu=mtu_setting(given.get("defaultMTU"), _ANTREA),
        encryption=CNIEncryption(
            state, names.get(mode, ""), f"trafficEncryptionMode {mode}" if text else "no object tells"
        ),
        openings=(
            CNIOpening("TCP 10349", "every node", "the node of antrea-controller", "policies"),
            between_nodes("TCP 10350", "the API of antrea-agent", needed=False),
            between_nodes("TCP and UDP 10351", "memberlist, for Egress and external addresses", needed=False),
            *((between_nodes("IP protocol 50 (ESP), UDP 500 and 4500", "IPsec"),) if mode == "ipsec" else ()),
        ),
    )


def _ovn(_: Snapshot) -> Facts:
    """ovn-kubernetes.io: pods' ranges are in annotations of nodes, the databases behind the control plane."""
    databases = CNIOpening("TCP 6641 and 6642", "every node", "the control plane", "OVN's databases, unless per node")
    return Facts(openings=(databases,))


def _weave(_: Snapshot) -> Facts:
    because = "a Secret may hold a password for it, and Secrets are not read"
    return Facts(encryption=CNIEncryption("unknown", "", because))


def _cloud(because: str) -> Callable[[Snapshot], Facts]:
    facts = Facts(
        (CNISetting("IPAM", because),), encryption=CNIEncryption("unknown", "", "the cloud's network may encrypt")
    )
    return lambda _: facts


_READERS: Mapping[str, Callable[[Snapshot], Facts]] = MappingProxyType(
    {
        "kindnet": _kindnet,
        "kube-router": _kube_router,
        "antrea": _antrea,
        "ovn-kubernetes": _ovn,
        "weave": _weave,
        "aws-vpc-cni": _cloud("addresses of the VPC's subnets, by ipamd on each node"),
        "azure-cni": _cloud("addresses that Azure gives each node, by azure-cns"),
        "gke": _cloud("the nodes' podCIDRs, which are alias ranges of the VPC"),
    }
)
