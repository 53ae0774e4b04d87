"""Rules applied to classes: whom each is about on either side, and on which ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.matching import Bits, Selection, about_node, is_plain, join
from netdoctor.policy.ports import PortSpace, resolved
from netdoctor.policy.rules import Direction, NamedPort, Peer, PodPeer, PortRange, Rule, RulePort
from netdoctor.policy.selection import first


class Applied(NamedTuple):
    """A rule, and whom it is about on either side.

    `reach` are the locals that it is certainly about, if its policy selects them at all.
    """

    rule: Rule
    locals: Bits
    remotes: Bits
    reach: int


class Applying:
    """Applies the rules of one direction."""

    def __init__(self, selection: Selection, direction: Direction) -> None:
        self._selection, self._direction = selection, direction
        self._other = next(other for other in Direction if other is not direction)

    def __call__(self, rule: Rule, subjects: Bits) -> Iterator[Applied]:
        """One rule for the classes that its policy selects, in parts whose peers are the same."""
        if rule.locals is None and not rule.source_ports:
            for locals_, remotes in self._with_peers(rule, subjects):
                yield Applied(rule, locals_, remotes, locals_.possible)
            return
        for locals_, remotes in self._with_peers(rule, subjects):
            # The client's port is not known.
            perhaps = Bits(0, remotes.possible) if rule.source_ports else remotes
            yield from self._narrowed(rule, locals_, perhaps)

    def _with_peers(self, rule: Rule, subjects: Bits) -> Iterator[tuple[Bits, Bits]]:
        """The subjects in parts, each with the remotes that the peers mean there."""
        if not rule.peers:
            yield subjects, Bits(self._selection.everything, self._selection.everything)
            return
        if all(isinstance(peer, PodPeer) for peer in rule.peers):
            found = [self._selection.pods(peer) for peer in rule.peers if isinstance(peer, PodPeer)]
            yield subjects, join(found)
            return
        for part in self._parts(rule.peers):
            locals_ = Bits(subjects.certain & part, subjects.possible & part)
            if locals_.possible:
                one = first(locals_.possible)
                yield locals_, join([self._selection.matching(peer, one, self._direction) for peer in rule.peers])

    def _narrowed(self, rule: Rule, locals_: Bits, remotes: Bits) -> Iterator[Applied]:
        """For the locals that the rule is about; where addresses tell, by the remotes' families."""
        if rule.locals is None:
            yield Applied(rule, locals_, remotes, locals_.possible)
            return
        parts = (self._selection.everything,) if is_plain(rule.locals) else self._parts((rule.locals,))
        for part in parts:
            there = Bits(remotes.certain & part, remotes.possible & part)
            if there.possible:
                own = self._selection.matching(rule.locals, first(there.possible), self._other)
                about = Bits(locals_.certain & own.certain, locals_.possible & own.possible)
                yield Applied(rule, about, there, locals_.possible & own.certain)

    def _parts(self, peers: Sequence[Peer]) -> tuple[int, ...]:
        """Classes for which the peers mean the same."""
        return self._selection.neighbours if any(map(about_node, peers)) else self._selection.families


class RulePorts:
    """The ports of rules as masks."""

    def __init__(self, classes: Sequence[EndpointClass], space: PortSpace) -> None:
        self._classes, self._space = classes, space

    def fixed(self, rule: Rule) -> int | None:
        """A rule's ports where they are the same for every destination."""
        if any(isinstance(port, NamedPort) for port in (*rule.ports, *rule.not_ports)):
            return None
        return self.at(rule, 0)

    def at(self, rule: Rule, destination: int) -> int:
        """A rule's ports at a destination."""
        found = self._mask(rule.ports, destination) if rule.ports else self._space.everything
        if rule.not_ports:
            found &= ~self._mask(rule.not_ports, destination)
        if rule.source_ports:
            found &= self._protocols(rule.source_ports)
        return found

    def _mask(self, ports: Sequence[RulePort], destination: int) -> int:
        end = self._classes[destination].end
        found = 0
        for port in ports:
            if isinstance(port, PortRange):
                found |= self._space.mask(port.protocol, port.first, port.last)
            elif end.selectable:
                for declared in resolved(port, end.ports):
                    found |= self._space.holding(declared.protocol, declared.container_port)
        return found

    def _protocols(self, ports: Sequence[PortRange]) -> int:
        found = 0
        for protocol in {port.protocol for port in ports}:
            found |= self._space.mask(protocol, 1, 65535)
        return found
