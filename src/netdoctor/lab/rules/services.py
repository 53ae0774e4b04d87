"""Services as kube-proxy realises them on one node.

The kernel finds a Service's port in one map, whatever their number, chooses an endpoint at random, and rejects what is
for a port without endpoints. Source: KEP-3866 (nftables mode of kube-proxy).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.nft.fields import is_port
from netdoctor.lab.nft.matches import PROTOCOLS
from netdoctor.lab.nft.table import Table
from netdoctor.lab.rules.addresses import VERSIONS, pod_ranges
from netdoctor.lab.rules.details import ServiceDetails
from netdoctor.lab.rules.endpoints import choice
from netdoctor.lab.rules.found import Found
from netdoctor.lab.rules.service_hooks import hook_chains
from netdoctor.lab.rules.service_port import PortRules

SERVICES_TABLE = "netdoctor-services"
_NO_DETAILS: Mapping[tuple[str, str], ServiceDetails] = MappingProxyType({})


def service_table(
    snapshot: Snapshot, node: str, details: Mapping[tuple[str, str], ServiceDetails] = _NO_DETAILS
) -> Table:
    """The table of one node.

    Args:
        snapshot: the cluster; its EndpointSlices decide, even those of addresses outside.
        node: whose table.
        details: what `details_of` finds; without it a Service has no load balancer and the default affinity.
    """
    found = {version: Found.empty(version) for version in VERSIONS}
    for service in snapshot.services:
        if not service.vips or service.spec.type == "ExternalName":
            continue
        more = details.get((service.namespace, service.name), ServiceDetails())
        for port in service.spec.ports:
            for version in VERSIONS if port.protocol in PROTOCOLS and is_port(port.port) else ():
                if _has_family(service.vips, version):
                    chosen = choice(snapshot, service, port, version, node)
                    PortRules(service, port, more, chosen, found[version]).add()
    chains = [chain for one in found.values() for chain in one.all_chains()]
    sets = [one for each in found.values() for one in each.all_sets(pod_ranges(snapshot, each.version))]
    return Table(SERVICES_TABLE, [*chains, *hook_chains()], sets)


def _has_family(addresses: tuple[str, ...], version: int) -> bool:
    return any((":" in address) == (version == 6) for address in addresses)
