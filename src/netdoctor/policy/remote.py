"""The ends of a flow as the peers of rules see them: with the addresses of one family, under a network plugin."""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.cluster.addresses import Address, parse_address
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Direction


@dataclass(frozen=True, slots=True)
class Remote:
    """The end that a rule's peers are about, with its addresses in the flow's family; `local` is the other one."""

    endpoint: Endpoint
    local: Endpoint
    addresses: tuple[Address, ...]
    version: int | None  # of the flow: 4, 6, or None where neither end has an address
    profile: CNIProfile


def remote_end(flow: Flow, direction: Direction, profile: CNIProfile) -> Remote:
    """The remote end of one side; the family is the destination's first that the source has too."""
    local, remote = flow.ends(direction)
    addresses, others = _addresses(remote), _addresses(local)
    version = next(iter(families(flow)), None) or next((a.version for a in addresses + others), None)
    in_family = tuple(a for a in addresses if a.version == version)
    return Remote(remote, local, in_family or addresses, version, profile)


def local_end(flow: Flow, direction: Direction, profile: CNIProfile) -> Remote:
    """The other end of the same side, seen as the one that a rule narrows its policy's subject to."""
    return remote_end(flow, next(other for other in Direction if other is not direction), profile)


def families(flow: Flow) -> tuple[int, ...]:
    """IP versions that both ends have, in the destination's order."""
    source = {address.version for address in _addresses(flow.source)}
    ordered = dict.fromkeys(address.version for address in _addresses(flow.destination))
    return tuple(version for version in ordered if version in source)


def _addresses(end: Endpoint) -> tuple[Address, ...]:
    return tuple(address for address in map(parse_address, end.ips) if address)
