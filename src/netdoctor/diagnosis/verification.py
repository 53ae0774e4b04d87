"""Compares three things for each expected flow: what is expected, what policies say, and what packets did. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netdoctor.cluster.addresses import host_and_port
from netdoctor.diagnosis.causes.policy_enforcement import PolicyNotEnforced
from netdoctor.model.probe import Observed, Outcome, ProbeKind
from netdoctor.model.verify_report import Packet, Result, VerifiedFlow
from netdoctor.path.expected import DecidedExpectation, DecidedFlow
from netdoctor.path.flow_reports import flow_report
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.profile import CNIProfile
from netdoctor.probing.flow_plan import SentFlow

_MOST_VERDICTS = 3  # of one expectation that a reader wants to see in full

# Whether the packet arrived. A refusal is the destination's own; what comes after connecting shows that it did.
_ARRIVED = {
    Outcome.OK: True,
    Outcome.REFUSED: True,
    Outcome.RESET: True,
    Outcome.TIMEOUT: False,
    Outcome.REJECTED: False,
}
_SEEN = {
    Outcome.OK: "it is answered",
    Outcome.REFUSED: "it is refused by the destination, so it arrives",
    Outcome.RESET: "it is reset after connecting, so it arrives",
    Outcome.TIMEOUT: "nothing answers (timeout)",
    Outcome.REJECTED: "it is rejected on its way (ICMP, or no route)",
}


@dataclass(frozen=True, slots=True)
class Verifying:
    """What the comparison is made against."""

    policies: CompiledPolicies
    profile: CNIProfile


@dataclass(frozen=True, slots=True)
class Observations:
    """What came back: by probe id what was seen, or why nothing was."""

    seen: Mapping[str, Observed]
    missing: Mapping[str, str]

    def arrived(self, sent: SentFlow) -> bool | None:
        """Whether the packet did. Silence over UDP tells only where the same port has answered somebody else."""
        seen = self.seen.get(sent.probe)
        if seen is None:
            return None
        if seen.probe.kind is ProbeKind.UDP and seen.outcome is Outcome.TIMEOUT:
            return False if self._answers(seen) else None
        return _ARRIVED.get(seen.outcome)

    def why_unknown(self, sent: SentFlow) -> str:
        """Why that cannot be told."""
        seen = self.seen.get(sent.probe)
        if seen is None:
            return sent.because or self.missing.get(sent.probe, "its probe did not run")
        if seen.outcome is Outcome.TIMEOUT:
            return (
                f"{_target(seen)} did not answer, which proves nothing: most UDP servers ignore what they do not know"
            )
        return f"the probe failed: {seen.observation.detail.get('because', seen.outcome)}"

    def _answers(self, silent: Observed) -> bool:
        place = silent.probe.kind, silent.probe.host, silent.probe.port
        others = (s for s in self.seen.values() if (s.probe.kind, s.probe.host, s.probe.port) == place)
        return any(_ARRIVED.get(other.outcome) for other in others)


def verify_statically(against: Verifying, expectation: DecidedExpectation) -> VerifiedFlow:
    """Compare what is expected with what policies say."""
    return _Comparison(against, expectation, None, ()).flow()


def verify_with_packets(
    against: Verifying, expectation: DecidedExpectation, sent: Sequence[SentFlow], observations: Observations
) -> VerifiedFlow:
    """Compare both with what packets did."""
    return _Comparison(against, expectation, observations, sent).flow()


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One expectation. Without `observations` nothing was to be sent."""

    against: Verifying
    expectation: DecidedExpectation
    observations: Observations | None
    sent: Sequence[SentFlow]

    def flow(self) -> VerifiedFlow:
        """What came of it."""
        expected = self.expectation.expected
        agreement = self._agreement()
        result = self._result()
        told = self._told(result)
        return VerifiedFlow(
            name=expected.name or f"{expected.source} to {expected.destination}",
            at=f"{expected.origin.file}:{expected.origin.line}" if expected.origin else "",
            from_=expected.source,
            to=expected.destination,
            expected="allow" if expected.allowed else "deny",
            result=result,
            policies=_summary(self._verdicts, ("allowed", "denied")),
            packets=None if self.observations is None else _summary(self._fates, ("passed", "stopped")),
            agreement=agreement,
            code=PolicyNotEnforced.code if self._unenforced else "",
            text="" if result is Result.AS_EXPECTED and agreement is not False else self._text(),
            because=expected.because,
            verdicts=tuple(
                flow_report(self.against.policies, one.asked, self.against.profile, fixes=number == 0)
                for number, one in enumerate(told)
            ),
            probes=tuple(self._packets()),
        )

    @property
    def _verdicts(self) -> list[bool | None]:
        return [one.verdict.allowed for one in self.expectation.flows]

    @property
    def _fates(self) -> list[bool | None]:
        seen = self.observations
        return [seen.arrived(one) for one in self.sent] if seen else []

    @property
    def _unenforced(self) -> bool:
        """Whether what policies deny gets through: it was seen, or the network plugin is known to enforce nothing."""
        if self.observations is None:
            return self.against.profile.enforces is False and False in self._verdicts
        pairs = zip(self.sent, self._fates, strict=True)
        return any(one.decided.verdict.allowed is False and fate for one, fate in pairs)

    def _result(self) -> Result:
        wanted = self.expectation.expected.allowed
        verdicts, fates = self._verdicts, self._fates
        if (not wanted) in (*verdicts, *fates) or (self._unenforced and not wanted):
            return Result.MISMATCH
        counted = verdicts if self.observations is None else fates
        return Result.AS_EXPECTED if counted and None not in counted else Result.NOT_TESTED

    def _agreement(self) -> bool | None:
        pairs = [
            one.decided.verdict.allowed is fate
            for one, fate in zip(self.sent, self._fates, strict=True)
            if fate is not None and one.decided.verdict.allowed is not None
        ]
        return all(pairs) if pairs else None

    def _told(self, result: Result) -> list[DecidedFlow]:
        """The flows whose verdicts a reader needs: those against the expectation, or those that are not known."""
        if result is Result.AS_EXPECTED:
            return []
        wanted = self.expectation.expected.allowed
        against = [one for one in self.expectation.flows if one.verdict.allowed is (not wanted)]
        unknown = [one for one in self.expectation.flows if one.verdict.allowed is None]
        return (against or unknown)[:_MOST_VERDICTS]

    def _text(self) -> str:
        """What is not as expected, or not known, first about policies and then about packets."""
        wanted = self.expectation.expected.allowed
        sentences = [self.expectation.untested, *self._about_policies(wanted)]
        if self.observations is not None:
            sentences += self._about_packets(wanted, self.observations)
        return "; ".join(dict.fromkeys(filter(None, sentences)))

    def _about_policies(self, wanted: bool) -> Iterator[str]:
        flows = self.expectation.flows
        against = [one for one in flows if one.verdict.allowed is (not wanted)]
        if against:
            which = f"{len(against)} of {len(flows)} flows: " if len(flows) > 1 else ""
            yield f"{which}policies {'deny' if wanted else 'allow'} {against[0].verdict.flow}"
        for one in flows:
            if one.verdict.allowed is None:
                yield f"policies leave {one.verdict.flow} open: {'; '.join(one.verdict.assumptions)}"
        if self.observations is None and self._unenforced:
            yield f"{self.against.profile.name} enforces no NetworkPolicy, so what they deny passes"

    def _about_packets(self, wanted: bool, observations: Observations) -> Iterator[str]:
        for one, fate in zip(self.sent, self._fates, strict=True):
            verdict = one.decided.verdict
            if fate is None:
                yield f"no packet tells of {verdict.flow}: {observations.why_unknown(one)}"
            elif fate is not wanted or fate is not verdict.allowed:
                seen = observations.seen[one.probe]
                yield f"a packet to {_target(seen)}: {_SEEN[seen.outcome]}"
                if verdict.allowed is not fate:
                    yield from _disagreement(one.decided, fate)

    def _packets(self) -> Iterator[Packet]:
        if self.observations is None:
            return
        said: set[str] = set()
        for one, fate in zip(self.sent, self._fates, strict=True):
            seen = self.observations.seen.get(one.probe)
            if seen and seen.id not in said:
                said.add(seen.id)
                position = seen.position
                whence = str(position.stands_for or f"a neutral pod in {position.namespace}")
                yield Packet(whence, _target(seen), seen.outcome, fate)


def _disagreement(decided: DecidedFlow, fate: bool) -> Iterator[str]:
    """Packets and policies are not of one mind: what may explain it."""
    verdict = decided.verdict
    if verdict.allowed is False and fate:
        policies = dict.fromkeys((*verdict.egress.denied_by, *verdict.ingress.denied_by))
        verb = "denies" if len(policies) == 1 else "deny"
        yield f"{' and '.join(map(str, policies))} {verb} {verdict.flow}, and nothing enforces that"
    elif verdict.allowed:
        yield f"policies allow {verdict.flow}: something else stops it (netdoctor check finds what)"
    yield from (f"assumed: {text}" for text in verdict.assumptions)


def _summary(known: Iterable[bool | None], words: tuple[str, str]) -> str:
    distinct = {*known}
    if {True, False} <= distinct:
        return "mixed"
    if distinct == {True}:
        return words[0]
    return words[1] if distinct == {False} else "unknown"


def _target(seen: Observed) -> str:
    return f"{host_and_port(seen.probe.host, seen.probe.port)}/{seen.probe.kind.value.upper()}"
