"""What the causes have in common that are a kind of policy denial."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut
from netdoctor.diagnosis.denial_finding import denial_finding, missed, subjects
from netdoctor.diagnosis.denials import Denial, Reason, denials, enforced_denials
from netdoctor.model.report import Fix
from netdoctor.policy.verdict import SideVerdict

Scope = frozenset[tuple[bool, bool]]  # of (egress, to a DNS server)


class DenialCause(Cause):
    """Subclasses say which denials are theirs, and how to explain them.

    A subclass with a `scope` is the general case of it, and is ruled out where nothing in its scope is denied;
    one without is a particular mistake.
    """

    scope: ClassVar[Scope | None] = None

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a denial of this kind is not contradicted by packets."""
        mine = tuple(d for d in enforced_denials(case) if self.claims(d))
        if mine:
            first = mine[0]
            fixes = self.fixes(case, first)
            found = denial_finding(self.code, case, mine, self.headline(first), self.explain(case, first), fixes)
            return self.completed(case, first, found)
        if any(self.claims(d) for d in denials(case)):
            return self.ruled_out("the network does not enforce the policies that deny it")
        scope = self.scope
        if scope is None or any((d.egress, d.route is None) in scope for d in denials(case)):
            return None
        sides = list(_sides(case, scope))
        if not sides or any(side.allowed is None for side in sides):
            return None
        return self.ruled_out(f"no policy denies it: {_allowing(sides)}")

    @abstractmethod
    def claims(self, denial: Denial) -> bool:
        """Whether this cause names the denial."""

    @abstractmethod
    def headline(self, denial: Denial) -> str:
        """One line with the names of the objects."""

    def explain(self, case: Case, denial: Denial) -> str:
        """Two to four sentences."""
        return f"{subjects(denial)} {missed(case, denial)}"

    def fixes(self, case: Case, denial: Denial) -> tuple[Fix, ...]:  # noqa: ARG002 - for those that know any
        """Fixes beside those that repair any denial."""
        return ()

    def completed(self, case: Case, denial: Denial, found: Found) -> Found:  # noqa: ARG002 - for those that know more
        """The finding, with what only this kind of denial shows."""
        return found


class FamilyDenialCause(DenialCause):
    """Denials by one family of policies that is not Kubernetes' NetworkPolicy: by a rule, or for want of one."""

    reason: ClassVar[Reason]

    def claims(self, denial: Denial) -> bool:
        """All of the family's, but for those that where they lead has a code for."""
        dns_of_its_own = denial.egress and denial.route is None
        return denial.reason is self.reason and not dns_of_its_own and not denial.named_by_area

    def headline(self, denial: Denial) -> str:
        """The policy and both ends."""
        way = f"{denial.verdict.flow.source} the way to {denial.backend.label}"
        return f"{denial.side.denied_by[0]} denies {way}"

    @abstractmethod
    def explain(self, case: Case, denial: Denial) -> str:
        """The rule or the isolation, when it is evaluated, and what missed."""


def _sides(case: Case, scope: Scope) -> Iterator[SideVerdict]:
    """What policies say of each flow in a scope."""
    flows = [(False, b, route.protocol) for route in case.path.routes for b in route.backends]
    flows += [(True, b, "UDP") for b in case.path.dns.asked]
    for to_dns, backend, protocol in flows:
        verdict = case.expectation.of(backend, protocol)
        yield from (side for side in (verdict.egress, verdict.ingress) if (side is verdict.egress, to_dns) in scope)


def _allowing(sides: Iterable[SideVerdict]) -> str:
    applying = {ref for side in sides for ref in side.isolated_by}
    applying |= {side.decided_by.object for side in sides if side.decided_by}
    if not applying:
        return "none selects the source or the target"
    names = ", ".join(f"{ref.namespace}/{ref.name}" if ref.namespace else str(ref) for ref in sorted(applying))
    return f"the rules of {names} admit it"
