"""From a case to its report: ask every cause, keep the root causes, say what was not tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.diagnosis.addressed import addressed
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, describe
from netdoctor.diagnosis.causes import ALL
from netdoctor.diagnosis.contrasts import contrasts
from netdoctor.diagnosis.entrances import untested_entrances
from netdoctor.diagnosis.factors import flipped
from netdoctor.diagnosis.hops import hops
from netdoctor.diagnosis.ingress_cause import unread_secrets
from netdoctor.diagnosis.ingress_parts import examined
from netdoctor.diagnosis.rank import Ranked, rank
from netdoctor.diagnosis.readiness import objects_suffice
from netdoctor.diagnosis.samples import TO_DECIDE, undecided
from netdoctor.diagnosis.served import untested_trust
from netdoctor.model.report import CheckReport, Evidence, ProbeResult, RuledOut, Untested, Verdict


def diagnose(case: Case, causes: Sequence[Cause] = ALL) -> CheckReport:
    """Explain a case. Pure: the same case always gives the same report."""
    case = addressed(case)
    found: list[tuple[Cause, Found]] = []
    ruled_out: list[RuledOut] = []
    for cause, result in examined(case, causes):
        if isinstance(result, Found):
            found.append((cause, cause.told(case, result)))
        else:
            ruled_out.append(result)
    ranked = rank([item for item in found if not item[1].warning], frozenset(s.id for s in case.failed))
    for code, root in ranked.symptoms.items():
        ruled_out.append(RuledOut(code, f"follows from {root}"))
    not_tested = tuple(_not_tested(case))
    verdict = _verdict(case, ranked)
    return CheckReport(
        verdict=verdict,
        target=case.path.target.ref,
        source=case.path.source.ref,
        summary=_summary(case, verdict, ranked),
        causes=tuple(item.finding for item in ranked.roots),
        warnings=tuple(item.finding for _, item in found if item.warning),
        unexplained=tuple(Evidence(s.id, describe(s)) for s in case.failed if s.id in ranked.unexplained),
        hops=hops(case),
        contrasts=flipped(case),
        ruled_out=tuple(ruled_out),
        not_tested=not_tested,
        probes=tuple(_result(s) for s in case.seen),
    )


def _verdict(case: Case, ranked: Ranked) -> Verdict:
    if ranked.roots:
        return Verdict.UNHEALTHY
    if not case.probed:
        return Verdict.HEALTHY if objects_suffice(case) else Verdict.UNDETERMINED
    conclusive = [s for s in case.seen if s.aimed.required and s.tried and not s.inconclusive]
    if not conclusive:
        return Verdict.NOT_TESTED
    return Verdict.UNDETERMINED if ranked.unexplained else Verdict.HEALTHY


def _summary(case: Case, verdict: Verdict, ranked: Ranked) -> str:
    to = f"{case.path.source.label} to {case.path.target.text}"
    if verdict is Verdict.HEALTHY:
        tested = sum(s.aimed.required and s.ok for s in case.seen)
        how = f"{tested} probes passed" if case.probed else "objects and policies admit the flow, endpoints are Ready"
        return f"{to}: {how}"
    if verdict is Verdict.UNHEALTHY:
        return f"{to}: {'; '.join(item.finding.title for item in ranked.roots)}"
    if verdict is Verdict.NOT_TESTED:
        return f"{to}: nothing could be tried"
    if not case.probed:
        return f"{to}: the objects show no fault, but only a probe can tell whether it answers"
    return ". ".join([f"{to}: no known cause explains what failed", *contrasts(case, ranked.unexplained)])


def _not_tested(case: Case) -> Iterator[Untested]:
    seen: set[tuple[str, str]] = set()
    for item in case.not_tested:
        missed = not item.contrast or case.failed
        if missed and (item.what, item.because) not in seen:
            seen.add((item.what, item.because))
            yield Untested(item.what, item.because)
    for unread in case.snapshot.unread:
        where = f" in namespace {unread.namespace}" if unread.namespace else ""
        yield Untested(f"{unread.kind} objects{where}", unread.because)
    for one in case.seen:
        if one.aimed.required and not one.tried:
            because = str(one.observed.observation.detail.get("because", "the probe failed"))
            yield Untested(f"{one.aimed.aim} ({one.id})", because)
    for parent in case.path.target.attachments:
        if parent.attached is None:
            yield from (Untested(f"whether {parent.field} is attached", because) for because in parent.unknown)
    yield from _undecided(case)
    yield from dict.fromkeys(untested_trust(case))
    yield from unread_secrets(case)
    for part in (case, *case.parts):
        yield from _silent(part)
        yield from untested_entrances(part)
        yield from _open(part)


def _open(case: Case) -> Iterator[Untested]:
    """Without probes: what policies leave open."""
    if case.probed:
        return
    if case.path.target.scheme == "https":
        yield Untested(f"the certificate that {case.path.target.host} shows", "only a probe can tell")
    open_ = [v.assumptions[0] for v in case.expectation.verdicts.values() if v.allowed is None and v.assumptions]
    yield from (Untested("what policies allow here", because) for because in dict.fromkeys(open_))
    if case.path.dns.name and case.path.dns.service is None:
        yield Untested("whether policies let the source ask for names", "no DNS server is among the objects")


def _undecided(case: Case) -> Iterator[Untested]:
    """Samples in which something failed, and that are too small to say what that means."""
    for one in () if case.failed else case.seen:
        if undecided(one.observed):
            yield Untested(
                f"whether it is a fault that {describe(one)}",
                f"so few tries do not tell a fault from chance; --samples {TO_DECIDE} does",
            )


def _silent(case: Case) -> Iterator[Untested]:
    """UDP ports that stayed silent everywhere: neither passed nor failed."""
    for route in case.path.routes:
        silent = [s for s in case.seen if s.aimed.route == route and s.aimed.required and s.inconclusive]
        if silent and not any(s.ok for s in case.seen if s.aimed.route == route and s.aimed.required):
            yield Untested(
                f"{route.label}: whether anything serves it",
                "no answer came, and on UDP silence proves nothing: the server may not answer such a datagram",
            )


def _result(seen: Seen) -> ProbeResult:
    probe, observation = seen.observed.probe, seen.observed.observation
    to = probe.name if probe.kind in ("dns", "lookup", "pair") else f"{probe.host or probe.name}:{probe.port}"
    if probe.server:
        to = f"{to} @{probe.server}/{probe.transport}"
    return ProbeResult(
        id=seen.id,
        kind=probe.kind,
        from_=seen.observed.position.id + (f"@{seen.observed.node}" if seen.observed.node else ""),
        to="" if probe.kind in ("resolvConf", "sockets") else to,
        outcome=observation.outcome,
        answered_by=observation.answered_by,
        seconds=round(observation.seconds, 4),
        detail=observation.detail,
    )
