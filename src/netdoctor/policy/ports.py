"""Sets of ports as bit masks over atoms: ranges of one protocol that no rule divides.

A mask has one bit per atom, in the order of `PortSpace.atoms`; so union, intersection and complement of port sets are
those of integers, and sets of the same space can be compared.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from netdoctor.cluster.objects import ContainerPort
from netdoctor.policy.rules import PROTOCOLS, NamedPort, PortRange, Protocol, RulePort

FIRST, LAST = 1, 65535


@dataclass(frozen=True)
class PortSpace:
    """All ports of all protocols, cut wherever a range begins or ends.

    Attributes:
        starts: by protocol, the first port of each atom, ascending.
    """

    starts: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, ranges: Iterable[tuple[str, int, int]]) -> PortSpace:
        """Cut by ranges of (protocol, first, last)."""
        cuts: dict[str, set[int]] = {protocol: {FIRST} for protocol in PROTOCOLS}
        for protocol, first, last in ranges:
            if protocol in cuts:
                cuts[protocol] |= {first, last + 1}
        return cls({p: tuple(sorted(c for c in found if FIRST <= c <= LAST)) for p, found in cuts.items()})

    @cached_property
    def offsets(self) -> dict[str, int]:
        """The number of each protocol's first atom."""
        offsets, count = {}, 0
        for protocol, starts in self.starts.items():
            offsets[protocol] = count
            count += len(starts)
        return offsets

    @cached_property
    def everything(self) -> int:
        """All ports of all protocols."""
        return (1 << sum(map(len, self.starts.values()))) - 1

    def mask(self, protocol: str, first: int, last: int) -> int:
        """The atoms from port `first` to `last`, whose bounds are cuts of this space."""
        starts, offset = self.starts[protocol], self.offsets[protocol]
        low, high = bisect_left(starts, first), bisect_left(starts, last + 1)
        return ((1 << (high - low)) - 1) << (offset + low)

    def holding(self, protocol: str, port: int) -> int:
        """The one atom that holds a port."""
        return 1 << (self.offsets[protocol] + bisect_right(self.starts[protocol], port) - 1)

    def ranges(self, mask: int) -> Iterator[tuple[str, int, int]]:
        """The set as ranges of (protocol, first, last), neighbours joined."""
        for protocol, starts in self.starts.items():
            bits = (mask >> self.offsets[protocol]) & ((1 << len(starts)) - 1)
            position = 0
            while bits:
                skip = (bits & -bits).bit_length() - 1
                bits >>= skip
                position += skip
                run = (bits ^ (bits + 1)).bit_length() - 1  # ones at the low end
                first, after = position, position + run
                yield protocol, starts[first], starts[after] - 1 if after < len(starts) else LAST
                bits >>= run
                position = after

    def usual(self, mask: int, declared: Iterable[ContainerPort]) -> tuple[Protocol, int]:
        """A port of a set that stands for it: one that is declared, if any is in it; else the first."""
        found = ((p.protocol, p.container_port) for p in declared if mask & self.holding(p.protocol, p.container_port))
        protocol, port = next(found, None) or next(self.ranges(mask))[:2]
        return next(known for known in PROTOCOLS if known == protocol), port

    def text(self, mask: int) -> str:
        """`80/TCP, 8000-8999/TCP, UDP`, `every port` or `every port but 53/UDP`."""
        rest = list(self.ranges(self.everything & ~mask))
        ranges = list(self.ranges(mask))
        if not rest:
            return "every port"
        if len(rest) < len(ranges):
            return f"every port but {_listed(rest)}"
        return _listed(ranges) or "no port"


def _listed(ranges: Iterable[tuple[str, int, int]]) -> str:
    return ", ".join(str(PortRange("", *found)) for found in ranges)


def cuts_of(ports: Iterable[RulePort], declared: Iterable[ContainerPort]) -> Iterator[tuple[str, int, int]]:
    """The ranges that a space must be cut by: those of rules, and the numbers that named ports may stand for."""
    names: dict[str, set[str]] = defaultdict(set)
    for port in ports:
        if isinstance(port, PortRange):
            yield port.protocol, port.first, port.last
        else:
            names[port.name].add(port.protocol)
    for port_of_pod in declared:
        if port_of_pod.name in names:
            yield port_of_pod.protocol, port_of_pod.container_port, port_of_pod.container_port


def resolved(port: NamedPort, declared: Iterable[ContainerPort]) -> Iterator[ContainerPort]:
    """The declared ports that a named port means, by name and protocol."""
    return (p for p in declared if p.name == port.name and port.protocol in ("", p.protocol))
