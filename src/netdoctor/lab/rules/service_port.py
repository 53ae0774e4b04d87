"""One port of one Service in one address family: its chains, and its entries in the maps.

Source: KEP-3866 (nftables mode of kube-proxy), KEP-2086 (internalTrafficPolicy), KEP-1669 (terminating endpoints).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netdoctor.cluster.addresses import Address, parse_networks
from netdoctor.cluster.objects import Service, ServicePort
from netdoctor.lab.nft.fields import SOURCE, is_port, join, port
from netdoctor.lab.nft.matches import PROTOCOLS, family, from_this_node, within_set
from netdoctor.lab.nft.statements import DROP, TO_DROP, goto, set_mark, to_chain
from netdoctor.lab.nft.table import Chain, RangeSet, Rule, rule
from netdoctor.lab.rules.addresses import encoded, merged, of_version, ranges_of
from netdoctor.lab.rules.details import ServiceDetails
from netdoctor.lab.rules.endpoints import Backend, Choice
from netdoctor.lab.rules.found import Found
from netdoctor.lab.rules.service_hooks import MASQUERADED, REJECTING

_REJECT = to_chain(REJECTING)


@dataclass(frozen=True, slots=True)
class PortRules:
    """What one port needs; `add` puts it into `found`."""

    service: Service
    port: ServicePort
    details: ServiceDetails
    choice: Choice
    found: Found

    def add(self) -> None:
        """Make the chains, and the entries of all addresses that the port has."""
        version, spec = self.found.version, self.service.spec
        cluster_ips = of_version(self.service.vips, version)
        self.found.cluster_ips.update(dict.fromkeys(address.packed for address in cluster_ips))
        internal = "internal" if self._internal_local else "cluster"
        self._enter(cluster_ips, internal, self._instead(local=self._internal_local))
        balanced = of_version(self.details.balancer_addresses, version) if spec.type == "LoadBalancer" else []
        instead = self._instead(local=self._external_local)
        outer = [*of_version(spec.external_ips, version), *balanced]
        self._enter(outer, "external", instead)
        if self._has_node_port:
            key = join(self._protocol, port(self.port.node_port))
            if self.choice.cluster:
                self.found.node_ports.setdefault(key, to_chain(self._name("external")))
            if instead is not None:
                self.found.unserved_node_ports.setdefault(key, instead)
        self._add_firewall(balanced)
        if self.choice.cluster:
            self._add_chains(external=bool(outer) or self._has_node_port)

    def _enter(self, addresses: Iterable[Address], chain: str, instead: bytes | None) -> None:
        for address in addresses:
            key = self._key(address)
            if self.choice.cluster:
                self.found.services.setdefault(key, to_chain(self._name(chain)))
            if instead is not None:
                self.found.unserved.setdefault(key, instead)

    def _instead(self, *, local: bool) -> bytes | None:
        """What is done where nothing can be chosen: endpoints elsewhere are no reason to tell the client."""
        if not self.choice.cluster:
            return _REJECT
        return TO_DROP if local and not self.choice.local else None

    def _add_chains(self, *, external: bool) -> None:
        """Who comes from outside the cluster to any endpoint has its answer from this node, so it sees this node."""
        version = self.found.version
        is_family, pods = family(version), f"pods{version}"
        foreign = within_set(pods, SOURCE[version], inverted=True)
        mark_foreign = rule(is_family, foreign, set_mark(MASQUERADED))
        to_cluster = goto(self._name("cluster"))
        self._chain("cluster", [mark_foreign], self.choice.cluster)
        if self._internal_local:
            self._chain("internal", [mark_foreign], self.choice.local)
        if external and self._external_local:  # pods and nodes are not outside: for them the policy is Cluster
            inside = rule(is_family, within_set(pods, SOURCE[version]), to_cluster), rule(from_this_node(), to_cluster)
            self._chain("external", inside, self.choice.local)
        elif external:
            self._chain("external", [rule(set_mark(MASQUERADED)), rule(to_cluster)])

    def _chain(self, kind: str, rules: Iterable[Rule], backends: tuple[Backend, ...] = ()) -> None:
        name = self._name(kind)
        seconds = self.details.affinity_seconds if self.service.spec.session_affinity == "ClientIP" else 0
        chosen = self.found.choices.rules(name, self.port.protocol, backends, seconds) if backends else []
        self.found.chains.append(Chain(name, [*rules, *chosen]))

    def _add_firewall(self, balanced: Iterable[Address]) -> None:
        """A family in which no network is named is open."""
        version = self.found.version
        networks = [n for n in parse_networks(set(self.details.source_ranges)) if n.version == version]
        if not networks:
            return
        name, sources = self._name("firewall"), self._name("sources")
        self.found.sets.append(RangeSet(sources, SOURCE[version], encoded(merged(ranges_of(networks, ())), version)))
        refused = family(version), within_set(sources, SOURCE[version], inverted=True)
        self.found.chains.append(Chain(name, [rule(*refused, DROP)]))
        for address in balanced:
            self.found.firewalled.setdefault(self._key(address), to_chain(name))

    def _key(self, address: Address) -> bytes:
        return join(address.packed, self._protocol, port(self.port.port))

    def _name(self, kind: str) -> str:
        service, one = self.service, self.port
        where = f"{service.namespace}/{service.name}/{one.protocol.lower()}/{one.port}"
        return f"{kind}/{where}/ipv{self.found.version}"

    @property
    def _protocol(self) -> bytes:
        return bytes([PROTOCOLS[self.port.protocol]])

    @property
    def _internal_local(self) -> bool:
        return self.service.spec.internal_traffic_policy == "Local"

    @property
    def _external_local(self) -> bool:
        return self.service.spec.external_traffic_policy == "Local"

    @property
    def _has_node_port(self) -> bool:
        return self.service.spec.type in ("NodePort", "LoadBalancer") and is_port(self.port.node_port)
