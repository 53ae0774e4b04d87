"""What can be wrong with a network plugin: one function each, from what is known to findings and to what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.cni.rules.addresses import (
    no_pool,
    outside_cluster_cidr,
    outside_network,
    outside_pools,
    overlap,
)
from netdoctor.diagnosis.cni.rules.exhausted import exhausted
from netdoctor.diagnosis.cni.rules.host_ports import host_ports
from netdoctor.diagnosis.cni.rules.packets import masquerade, mtu, wireguard_keys
from netdoctor.diagnosis.cni.rules.policies import foreign_policies, policies
from netdoctor.diagnosis.cni.rules.running import known, not_ready, service_proxy, two_plugins
from netdoctor.model.report import Finding, Untested

Rule = Callable[[View], Iterator[Finding | Untested]]

RULES: tuple[Rule, ...] = (
    known,
    two_plugins,
    not_ready,
    service_proxy,
    outside_network,
    outside_pools,
    outside_cluster_cidr,
    no_pool,
    exhausted,
    overlap,
    mtu,
    masquerade,
    wireguard_keys,
    host_ports,
    policies,
    foreign_policies,
)

#: What they find; docs/cni.md says of each what it is not. Two of them are causes of checks as well.
CODES = (
    "TwoNetworkPlugins",
    "NetworkPluginNotReady",
    "NoServiceProxy",
    "PodCIDROutsideNetwork",
    "PodAddressOutsidePools",
    "PodAddressOutsideClusterCIDR",
    "AddressPoolDisabled",
    "IPAddressesExhausted",
    "PodCIDROverlap",
    "MTUTooLarge",
    "MasqueradeOff",
    "WireGuardKeyMissing",
    "HostPortWithoutPortmap",
    "PoliciesWithoutEffect",
)


def judge(view: View) -> Iterator[Finding | Untested]:
    """All of them."""
    for rule in RULES:
        yield from rule(view)
