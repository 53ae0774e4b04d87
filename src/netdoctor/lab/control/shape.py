"""How large a fresh lab is, and the addresses that it hands out."""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.model.errors import InputError

MOST_NODES = 64

SERVICE_NETWORKS = ("10.96.0.0/16", "fd00:10:96::/112")
API_SERVER_PORT = 6443


@dataclass(frozen=True, slots=True)
class Shape:
    """What a fresh lab consists of.

    Attributes:
        nodes: number of nodes, the control plane among them.
        policy: whether the network plugin enforces NetworkPolicies.
        dual_stack: whether nodes, pods and Services get IPv6 addresses as well.
    """

    nodes: int = 3
    policy: bool = True
    dual_stack: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.nodes <= MOST_NODES:
            raise InputError(f"--nodes: {self.nodes} is not a number from 1 to {MOST_NODES}")

    @property
    def service_networks(self) -> tuple[str, ...]:
        """The networks of the ClusterIPs, the primary first."""
        return SERVICE_NETWORKS if self.dual_stack else SERVICE_NETWORKS[:1]

    def node_addresses(self, number: int) -> tuple[str, ...]:
        """Addresses of a node, which are numbered from 0 for the control plane."""
        both = (f"172.18.0.{number + 2}", f"fd00:172:18::{number + 2:x}")
        return both if self.dual_stack else both[:1]

    def pod_networks(self, number: int) -> tuple[str, ...]:
        """The networks of a node's pods."""
        both = (f"10.244.{number}.0/24", f"fd00:10:244:{number:x}::/64")
        return both if self.dual_stack else both[:1]
