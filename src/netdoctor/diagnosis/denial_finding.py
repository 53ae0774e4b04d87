"""A finding out of denials: objects, evidence, fixes and the probes that fail for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Found, certainty, ids, probe_evidence
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.model.probe import Outcome, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Effect, Evidence, Finding, Fix
from netdoctor.policy.repair import Repair, repairs
from netdoctor.policy.verdict import SideVerdict
from netdoctor.probing.plan import Aim


def denial_finding(  # noqa: PLR0913, PLR0917 - what a finding consists of
    code: str, case: Case, denied: Sequence[Denial], title: str, explanation: str, fixes: Sequence[Fix] = ()
) -> Found:
    """One finding for all denials of a kind; the first is the one that is explained. `fixes` come before others."""
    first = denied[0]
    agreeing = [s for d in denied for s in d.dropped]
    finding = Finding(
        code=code,
        title=title,
        certainty=certainty(agreeing),
        objects=tuple(dict.fromkeys(ref for d in denied for ref in _objects(d))),
        explanation=explanation,
        evidence=(*_policy_evidence(first), *probe_evidence(agreeing), *_contrast(case, first)),
        fixes=(*fixes, *_fixes(case, first)),
    )
    return Found(finding, frozenset().union(*(_explained(case, d) for d in denied)))


def subjects(denial: Denial) -> str:
    """Who is isolated by what, or which rule denies it."""
    flow, rule = denial.verdict.flow, denial.side.decided_by
    who = flow.source if denial.egress else flow.destination
    if rule:
        return f"{who} is selected by {rule.object}, whose rule {rule.path} denies it."
    return f"{who} is isolated for {denial.side.direction.lower()} by {isolating(denial.side)}."


def isolating(side: SideVerdict) -> str:
    """The policies that isolate: `NetworkPolicy a/b, a/c`, those of other kinds with their own."""
    names = [f"{ref.namespace}/{ref.name}" for ref in side.isolated_by if ref.kind == "NetworkPolicy"]
    others = [str(ref) for ref in side.isolated_by if ref.kind != "NetworkPolicy"]
    return ", ".join([*([f"NetworkPolicy {', '.join(names)}"] if names else []), *others])


def missed(case: Case, denial: Denial) -> str:
    """The nearest rule and the one thing that missed."""
    flow = denial.verdict.flow
    if denial.side.decided_by and denial.near is None:
        return f"No rule before it allows {flow.source} → {flow.destination} {flow.port_text}."
    if denial.near is None:
        return f"None of these has a rule for {denial.side.direction.lower()}, so nothing passes."
    rule = case.expectation.policies.rule(denial.near.rule)
    return (
        f"No rule admits {flow.source} → {flow.destination} {flow.port_text}; the nearest is "
        f"{denial.near.rule.path} of {rule.ref.object}, which {denial.near.because}."
    )


def _objects(denial: Denial) -> Iterator[ObjectRef]:
    if denial.near is not None:
        yield denial.near.rule
    if denial.near is None or denial.reason in (Reason.ADMIN, Reason.CALICO, Reason.CILIUM, Reason.OTHER):
        yield from (ref for ref in _denying(denial) if denial.near is None or ref != denial.near.rule.object)
    elif denial.reason is Reason.NAMESPACE_LABEL:
        flow = denial.verdict.flow
        yield ObjectRef("Namespace", (flow.destination if denial.egress else flow.source).namespace)


def _denying(denial: Denial) -> tuple[ObjectRef, ...]:
    """The rule that denies, or all policies that isolate."""
    return (denial.side.decided_by,) if denial.side.decided_by else denial.side.isolated_by


def _policy_evidence(denial: Denial) -> Iterator[Evidence]:
    who = denial.verdict.flow.source if denial.egress else denial.verdict.flow.destination
    for ref in _denying(denial):
        yield Evidence(str(ref), f"denies the flow; the policy selects {who}" if ref.path else f"selects {who}")
    for near in denial.side.near_misses[:3]:
        yield Evidence(str(near.rule), near.because)


def _contrast(case: Case, denial: Denial) -> tuple[Evidence, ...]:
    """A neutral pod's probe of the same backend with another outcome: the source's labels make the difference."""
    aims = (Aim.BACKEND, Aim.UNREADY) if denial.route else (Aim.DNS_SERVER,)
    transport = "" if denial.route else denial.verdict.flow.protocol.lower()
    neutral = case.of(*aims, backend=denial.backend, role=Role.NEUTRAL, transport=transport)
    return probe_evidence([s for s in neutral if s.ok], limit=1)


def _fixes(case: Case, denial: Denial) -> tuple[Fix, ...]:
    found = repairs(case.expectation.policies, denial.verdict, case.expectation.profile)
    mine = [repair for repair in found if repair.direction is denial.side.direction]
    return tuple(fix_of(repair) for repair in mine[:2])


def fix_of(repair: Repair) -> Fix:
    """A repair as reports have it."""
    return Fix(repair.title, repair.command, repair.patch, Effect(repair.opens, repair.closes))


def _explained(case: Case, denial: Denial) -> frozenset[str]:
    """The failed probes that this denial accounts for."""
    if denial.route is None:
        failed = [s for s in case.failed if s.aimed.aim in (Aim.NAME, Aim.DNS_VIP, Aim.HOST, Aim.URL)]
        failed += [s for s in case.failed if s.aimed.aim is Aim.DNS_SERVER and s.aimed.backend == denial.backend]
        return ids(s for s in failed if _dropped(s))
    through = (Aim.VIP, Aim.HOST, Aim.NODE_PORT, Aim.LOAD_BALANCER)
    return ids(
        s
        for s in case.failed
        if s.aimed.route == denial.route
        and _dropped(s)
        and (s.aimed.backend == denial.backend or (s.aimed.aim in through and s.aimed.backend is None))
    )


def _dropped(seen: Seen) -> bool:
    return seen.outcome in (Outcome.TIMEOUT, Outcome.REJECTED, Outcome.UNRESOLVABLE)
