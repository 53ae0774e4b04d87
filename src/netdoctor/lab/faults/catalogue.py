"""The faults that there are, and how they are written: `NAME[:ARGUMENT[,ARGUMENT…]]`, a number before nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from netdoctor.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a fault takes.

    Attributes:
        unit: what it counts, as the usage shows it.
        least: the smallest that makes sense.
        most: the largest.
        default: what it is where none is given; None where one must be.
    """

    unit: str
    least: int
    most: int
    default: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault by its name.

    Attributes:
        name: what it is called.
        title: what it does, in one line.
        nodes: how many nodes it must be given.
        one_node: whether one may be given, instead of meaning all.
        number: that it takes besides, if any.
    """

    name: str
    title: str
    nodes: int = 0
    one_node: bool = False
    number: Number | None = None

    @property
    def usage(self) -> str:
        """How it is written; what may be left out stands in brackets."""
        number = self.number
        needed = [number.unit] if number and number.default is None else []
        needed += ["NODE"] * self.nodes
        optional = [number.unit] if number and number.default is not None else []
        optional += ["NODE"] * self.one_node
        text = f":{','.join(needed)}" if needed else ""
        for word in optional:
            text += f"[{',' if text else ':'}{word}]"
        return f"{self.name}{text}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault to be let in; `number` is 0 where its kind takes none."""

    kind: Kind
    number: int = 0
    nodes: tuple[str, ...] = ()


_PERCENT = Number("PERCENT", 1, 100)
_MILLISECONDS = Number("MILLISECONDS", 1, 60_000)
_BYTES = Number("BYTES", 576, 1499, 1400)
KINDS = {
    kind.name: kind
    for kind in (
        Kind("vxlan-dropped", "packets of the overlay between two nodes are lost (with --overlay vxlan)", nodes=2),
        Kind("mtu-black-hole", "larger packets vanish between the nodes, which believe in 1500 bytes", number=_BYTES),
        Kind("loss", "that part of what reaches nodes from others is lost", one_node=True, number=_PERCENT),
        Kind("delay", "what nodes send to others takes so much longer", one_node=True, number=_MILLISECONDS),
        Kind("proxy-gone", "kube-proxy of a node crashes, and its rules are gone", nodes=1),
        Kind("node-port-dropped", "what others send to a node's NodePorts is lost, as behind a firewall", nodes=1),
        Kind("dns-down", "no DNS server runs: CoreDNS is scaled to 0"),
        Kind("dns-half-down", "one of the DNS servers is Ready and answers nobody"),
        Kind("hairpin-off", "pods do not reach themselves through their Services", one_node=True),
        Kind("no-masquerade", "what pods send out of the cluster keeps their own addresses", one_node=True),
        Kind("node-isolated", "nothing gets to a node from others, nor an answer back", nodes=1),
        Kind("firewall-rejects", "a node rejects new connections of others to its pods, and says so", nodes=1),
        Kind("kubelet-blocked", "a node does not reach its own pods; others do", nodes=1),
        Kind("pods-masqueraded", "what pods of a node send to pods of others gets the node's address", nodes=1),
        Kind("asymmetric-route", "one way between the pods of two nodes passes a stateful filter", nodes=2),
    )
}


def parse(text: str, where: str = "--fault") -> Fault:
    """A fault as it is written.

    Args:
        text: `NAME[:ARGUMENT[,ARGUMENT…]]`.
        where: it is written, for errors.

    Raises:
        InputError: there is no such fault, or it takes other arguments.
    """
    name, colon, rest = text.partition(":")
    kind = KINDS.get(name)
    if kind is None:
        raise InputError(f"{where} {text}: there is no such fault; there are {', '.join(KINDS)}")
    words = rest.split(",") if colon else []
    number, nodes = _number(kind, words)
    optional = kind.one_node and len(nodes) == 1
    if not (len(nodes) == kind.nodes or optional) or not all(nodes) or len(set(nodes)) < len(nodes) or number is None:
        raise InputError(f"{where} {text}: write it as {kind.usage}")
    if kind.number and not kind.number.least <= number <= kind.number.most:
        unit = kind.number.unit
        raise InputError(f"{where} {text}: {unit} is a number from {kind.number.least} to {kind.number.most}")
    return Fault(kind, number, tuple(nodes))


def _number(kind: Kind, words: Sequence[str]) -> tuple[int | None, Sequence[str]]:
    """The number, None where it is missing, and the words behind it."""
    if kind.number is None:
        return 0, words
    if words and words[0].isascii() and words[0].isdigit():
        return int(words[0][:9]), words[1:]
    return kind.number.default, words


def require_nodes(fault: Fault, nodes: Collection[str], where: str = "--fault") -> None:
    """Raise InputError unless there are the nodes that a fault names."""
    for name in fault.nodes:
        if name not in nodes:
            raise InputError(f"{where} {fault.kind.name}: there is no node {name}; there are {', '.join(nodes)}")
