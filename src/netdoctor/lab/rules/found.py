"""What the Services of a cluster come to in one address family: the maps by which packets find their way."""

from __future__ import annotations

from dataclasses import dataclass, field

from netdoctor.lab.nft.fields import DESTINATION, DESTINATION_PORT, PROTOCOL, SOURCE
from netdoctor.lab.nft.table import AnySet, Chain, RangeSet, Set, VerdictMap
from netdoctor.lab.rules.addresses import Range, encoded
from netdoctor.lab.rules.choosing import Choices

Verdicts = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """Filled Service by Service; the first that claims an address and port has it.

    Attributes:
        choices: the endpoints.
        services: by address, protocol and port, the chain that translates.
        node_ports: the same by protocol and port, for the addresses of the node.
        unserved: by address, protocol and port, what is done instead where there is no endpoint.
        unserved_node_ports: the same for the addresses of the node.
        firewalled: by address, protocol and port, the chain that drops what may not use a load balancer.
        cluster_ips: all of them.
        chains: what the maps point to.
        sets: what these chains look things up in.
    """

    version: int
    choices: Choices
    services: Verdicts = field(default_factory=dict)
    node_ports: Verdicts = field(default_factory=dict)
    unserved: Verdicts = field(default_factory=dict)
    unserved_node_ports: Verdicts = field(default_factory=dict)
    firewalled: Verdicts = field(default_factory=dict)
    cluster_ips: dict[bytes, None] = field(default_factory=dict)
    chains: list[Chain] = field(default_factory=list)
    sets: list[AnySet] = field(default_factory=list)

    @classmethod
    def empty(cls, version: int) -> Found:
        """Before the first Service."""
        return cls(version, Choices(version))

    def all_chains(self) -> list[Chain]:
        """Those of ports, and of single endpoints."""
        return [*self.chains, *self.choices.chains]

    def all_sets(self, pods: tuple[Range, ...]) -> list[AnySet]:
        """The maps as the kernel has them; `pods` are the addresses of the cluster's pods."""
        version, destination = self.version, DESTINATION[self.version]
        by_address = destination, PROTOCOL, DESTINATION_PORT
        by_port = PROTOCOL, DESTINATION_PORT
        return [
            VerdictMap(f"services{version}", by_address, list(self.services.items())),
            VerdictMap(f"node-ports{version}", by_port, list(self.node_ports.items())),
            VerdictMap(f"unserved{version}", by_address, list(self.unserved.items())),
            VerdictMap(f"unserved-node-ports{version}", by_port, list(self.unserved_node_ports.items())),
            VerdictMap(f"firewalled{version}", by_address, list(self.firewalled.items())),
            Set(f"cluster-ips{version}", (destination,), list(self.cluster_ips)),
            RangeSet(f"pods{version}", SOURCE[version], encoded(pods, version)),
            *self.choices.sets(),
            *self.sets,
        ]
