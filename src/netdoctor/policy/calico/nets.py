"""Addresses as Calico's policies and sets write them: CIDRs, and single addresses without a length."""

from __future__ import annotations

from netdoctor.cluster.addresses import Network
from netdoctor.policy.invalid import parse_network
from netdoctor.policy.rules import BlockPeer, Peer


def parse_net(text: str) -> Network:
    """One of `nets`.

    Raises:
        ValueError: it is neither a CIDR nor an address.
    """
    if "/" in text:
        return parse_network(text)
    return parse_network(f"{text}/{128 if ':' in text else 32}")


def blocks(nets: tuple[str, ...], path: str) -> tuple[Peer, ...]:
    """A list of `nets` as peers: addresses of anybody, pods too. Those that are not valid mean nobody."""
    found: list[Peer] = []
    for index, text in enumerate(nets):
        try:
            found.append(BlockPeer(f"{path}[{index}]", parse_net(text), everyone=True))
        except ValueError:
            continue
    return tuple(found)


def of_version(version: int, path: str) -> BlockPeer:
    """Everyone, at addresses of one family."""
    return BlockPeer(path, parse_net("0.0.0.0/0" if version == 4 else "::/0"), everyone=True)
