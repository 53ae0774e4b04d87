"""Which rule is responsible for a flow that opens or closes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from netdoctor.policy.decide import decide
from netdoctor.policy.diff import Change, Difference, Party
from netdoctor.policy.flow import Flow
from netdoctor.policy.matrix import Matrix
from netdoctor.policy.rules import Protocol
from netdoctor.policy.selection import numbers
from netdoctor.policy.verdict import FlowVerdict, SideVerdict


class DiffReasons:
    """Reasons for one change after the other; flows between the same classes are decided once."""

    def __init__(self, found: Difference) -> None:
        self._found = found
        self._known: dict[tuple[object, ...], str] = {}

    def __call__(self, change: Change) -> Iterable[tuple[str, int]]:
        """The sources of a change, by reason."""
        destination = self._found.parties[change.destination]
        protocol, port = self._port(change)
        by_reason: defaultdict[str, int] = defaultdict(int)
        for number in numbers(change.sources):
            source = self._found.parties[number]
            key = source.before, source.after, destination.before, destination.after, protocol, port
            if gone := _not_in_both(source, destination):
                by_reason[gone] |= 1 << number
                continue
            if key not in self._known:
                was, now = (
                    self._verdict(of, ends, protocol, port)
                    for of, ends in (
                        (self._found.before, (source.before, destination.before)),
                        (self._found.after, (source.after, destination.after)),
                    )
                )
                self._known[key] = _compared(was, now)
            by_reason[self._known[key]] |= 1 << number
        return by_reason.items()

    def _port(self, change: Change) -> tuple[Protocol, int]:
        """A port that the destination declares, where it is among those that change; else the first of them."""
        found, party = self._found, self._found.parties[change.destination]
        of, number = (found.before, party.before) if party.after is None else (found.after, party.after)
        ports = of.classes[number].end.ports if number is not None else ()
        return of.ports.usual(change.ports, ports)

    @staticmethod
    def _verdict(of: Matrix, ends: tuple[int | None, int | None], protocol: Protocol, port: int) -> FlowVerdict:
        one, other = (of.classes[number or 0] for number in ends)
        end = other.end
        if one is other:  # a pod always reaches itself: ask about another one, be it a replica that is yet to come
            end = replace(end, name=f"another {end.name}")
        return decide(of.policies, Flow(one.end, end, protocol, port), of.profile)


def _not_in_both(*parties: Party) -> str:
    new = [party.name for party in parties if party.before is None]
    gone = [party.name for party in parties if party.after is None]
    said = [f"{name} is new" for name in dict.fromkeys(new)] + [f"{name} is gone" for name in dict.fromkeys(gone)]
    return ", ".join(said)


def _compared(was: FlowVerdict, now: FlowVerdict) -> str:
    sides = ((was.egress, now.egress), (was.ingress, now.ingress))
    return "; ".join(_side(old, new) for old, new in sides if old.allowed != new.allowed)


def _side(was: SideVerdict, now: SideVerdict) -> str:
    name = now.direction.field
    if now.allowed:
        if now.decided_by:
            return f"{name} allowed by {now.decided_by}"
        denied_by = ", ".join(str(ref) for ref in was.denied_by) or "what could not be known"
        return f"{name} no longer denied by {denied_by}"
    if now.allowed is None:
        return f"{name} cannot be known any more"
    if now.decided_by:
        return f"{name} denied by {now.decided_by}"
    if was.decided_by:
        return f"{name} no longer allowed by {was.decided_by}"
    return f"{name} isolated by {', '.join(str(ref) for ref in now.isolated_by)}"
