"""The links between nodes: what all pairs of two nodes, in both directions, say together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from netdoctor.model.mesh_report import MeshPair
from netdoctor_probe.mesh.document import NODE, POD


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes, and what was tried between them."""

    nodes: tuple[str, str]
    pods: tuple[MeshPair, ...] = ()
    hosts: tuple[MeshPair, ...] = ()

    @property
    def pods_pass(self) -> bool | None:
        """Whether pods reach each other, both ways; None if that is not known."""
        return all(pair.ok for pair in self.pods) if self.pods else None

    @property
    def hosts_pass(self) -> bool | None:
        """Whether a node gets any answer of the other; None if that is not known."""
        return any(pair.ok for pair in self.hosts) if self.hosts else None

    @property
    def cut(self) -> bool:
        """Whether nothing that was tried got through."""
        tried = (*self.pods, *self.hosts)
        return bool(tried) and not any(pair.ok for pair in tried)

    @property
    def text(self) -> str:
        """Both names."""
        return f"{self.nodes[0]} and {self.nodes[1]}"


@dataclass(frozen=True)
class Links:
    """All links, and the pairs within nodes."""

    nodes: tuple[str, ...]
    all: tuple[Link, ...]
    within: dict[str, tuple[MeshPair, ...]] = field(default_factory=dict)

    def of(self, node: str) -> tuple[Link, ...]:
        """The links of one node."""
        return tuple(self._by_node[node])

    def between(self, one: str, other: str) -> Link | None:
        """The link of two nodes, if anything was tried there."""
        first, second = sorted((one, other))
        return next((link for link in self._by_node[first] if link.nodes == (first, second)), None)

    @cached_property
    def _by_node(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = defaultdict(list)
        for link in self.all:
            for node in link.nodes:
                found[node].append(link)
        return found

    def without(self, nodes: Collection[str]) -> tuple[Link, ...]:
        """The links that have none of these nodes."""
        return tuple(link for link in self.all if not set(link.nodes) & set(nodes))

    def pods_work_within(self, node: str) -> bool | None:
        """Whether two pods of a node reach each other; None if that was not tried."""
        tried = [pair.ok for pair in self.within.get(node, ()) if pair.network == POD]
        return all(tried) if tried else None


def links_of(nodes: Sequence[str], pairs: Iterable[MeshPair]) -> Links:
    """Sort pairs that were tried into links."""
    between: dict[tuple[str, str], list[MeshPair]] = defaultdict(list)
    within: dict[str, list[MeshPair]] = defaultdict(list)
    for pair in pairs:
        if not pair.tried:
            continue
        if pair.from_ == pair.to:
            within[pair.from_].append(pair)
        else:
            first, second = sorted((pair.from_, pair.to))
            between[first, second].append(pair)
    return Links(
        tuple(nodes),
        tuple(Link(ends, _on(POD, found), _on(NODE, found)) for ends, found in between.items()),
        {node: tuple(found) for node, found in within.items()},
    )


def _on(network: str, pairs: Iterable[MeshPair]) -> tuple[MeshPair, ...]:
    return tuple(pair for pair in pairs if pair.network == network)
