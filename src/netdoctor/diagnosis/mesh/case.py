"""Everything that is known of a mesh, what is found in it, and both in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netdoctor.cluster.encapsulation import Encapsulation
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.mesh.links import Link, Links
from netdoctor.model.mesh_report import MeshPair
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding

SHOWN = 6  # names in a title
_EVIDENCE = 3  # pairs
_ENDS = {"pod": ("pod on", "pod on"), "node": ("node", "node"), "nodeToPod": ("node", "its own pod on")}


@dataclass(frozen=True, slots=True)
class MeshCase:
    """The objects, and what was seen."""

    snapshot: Snapshot
    encapsulation: Encapsulation
    pairs: tuple[MeshPair, ...]
    links: Links


@dataclass(frozen=True, slots=True)
class MeshFound:
    """A finding, and the ids of the pairs that follow from it."""

    finding: Finding
    explains: frozenset[str]


def describe(pair: MeshPair) -> str:
    """One pair in words."""
    source, to = _ENDS[pair.network]
    said = f"{source} {pair.from_} to {to} {pair.to}: {pair.outcome}"
    if pair.answered_by and not pair.ok:
        said += f", answered by {pair.answered_by}" + (f" ({pair.because})" if pair.because else "")
    if pair.only_tcp:
        said += ", but TCP: ok (does a firewall let only TCP pass?)"
    if pair.ok and pair.lost:
        said += f", {pair.lost} of {pair.sent} datagrams without an answer"
    if pair.stalls:
        said += f", but TCP: {pair.tcp} (does a stateful filter see only one direction?)"
    if pair.black_hole:
        fits = f"at most {pair.mtu} of {pair.believed_mtu} bytes arrive"
        said += f", {fits}" if pair.mtu else f", packets of {pair.believed_mtu} bytes do not arrive"
    if pair.seen_as:
        said += f", seen as {pair.seen_as}"
    return said


def evidence(pairs: Sequence[MeshPair]) -> tuple[Evidence, ...]:
    """Some of the pairs as evidence."""
    return tuple(Evidence(pair.id, describe(pair)) for pair in pairs[:_EVIDENCE])


def ids(pairs: Iterable[MeshPair]) -> frozenset[str]:
    """Of pairs, for `MeshFound.explains`."""
    return frozenset(pair.id for pair in pairs)


def ends(links: Iterable[Link]) -> list[str]:
    """The nodes of some links."""
    return sorted({node for link in links for node in link.nodes})


def node_refs(names: Iterable[str]) -> tuple[ObjectRef, ...]:
    """Nodes as the objects of a finding."""
    return tuple(ObjectRef("Node", name) for name in names)


def where(links: Sequence[Link]) -> str:
    """The links, or the node that they have in common, or how many nodes they have."""
    if len(links) == 1:
        return links[0].text
    common = set.intersection(*(set(link.nodes) for link in links))
    if len(common) == 1:
        return f"{next(iter(common))} and {count(len(links), 'other node')}"
    names = ends(links)
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} nodes ({', '.join(names[:SHOWN])}{more})"


def count(number: int, what: str) -> str:
    """`1 pair`, `2 pairs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
