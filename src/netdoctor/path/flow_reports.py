"""Verdicts on flows as reports: the deciding rules, what nearly matched, what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.model.flow_report import AskedFlow, FlowEnd, FlowReport, NearMiss, RequestAnswer, Side, Text
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Effect, Fix
from netdoctor.path.flows import AskedFlow as Asked
from netdoctor.path.flows import End
from netdoctor.policy.calico.staged import staged_notes
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import decide
from netdoctor.policy.explain import because, origin_text
from netdoctor.policy.hints import hints
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.repair import Repair, repairs
from netdoctor.policy.requests import ANSWERS, Request, limiting_rules, request_verdict
from netdoctor.policy.verdict import FlowVerdict, SideVerdict
from netdoctor.policy.verdict import NearMiss as Near


def flow_report(
    policies: CompiledPolicies,
    asked: Asked,
    profile: CNIProfile,
    *,
    fixes: bool = True,
    request: Request | None = None,
) -> FlowReport:
    """Decide one flow, and a request over it. Without `fixes`, none are looked for (and no staged policies)."""
    verdict = decide(policies, asked.flow, profile)
    answer = _answer(policies, asked, profile, request) if request and verdict.allowed else None
    found = repairs(policies, verdict, profile) if fixes and verdict.allowed is False else ()
    staged = staged_notes(policies, asked.flow, verdict, profile) if fixes else ()
    return FlowReport(
        flow=AskedFlow(
            from_=_end(asked.source),
            to=_end(asked.destination),
            protocol=asked.flow.protocol,
            port=asked.flow.port,
            service=f"{asked.service.namespace}/{asked.service.name}" if asked.service else "",
            service_port=asked.service_port,
        ),
        allowed=answer.allowed if answer else verdict.allowed,
        because=answer.because if answer and answer.allowed is None else _why_unknown(verdict),
        egress=_side(policies, verdict.egress),
        ingress=_side(policies, verdict.ingress),
        request=answer,
        assumptions=tuple(map(Text, verdict.assumptions)),
        hints=tuple(map(Text, (*_hints(policies, asked, profile, verdict, request), *staged))),
        fixes=_fixes(found),
    )


def _answer(policies: CompiledPolicies, asked: Asked, profile: CNIProfile, request: Request) -> RequestAnswer:
    found = request_verdict(policies, asked.flow, request, profile)
    return RequestAnswer(
        protocol=request.protocol,
        text=request.text,
        allowed=found.allowed,
        answer=ANSWERS[request.protocol] if found.allowed is False else "",
        refused_by=found.direction.field if found.allowed is False and found.direction else None,
        rules=tuple(map(short, found.rules)),
        because=found.because,
    )


def _hints(
    policies: CompiledPolicies, asked: Asked, profile: CNIProfile, verdict: FlowVerdict, request: Request | None
) -> Iterator[str]:
    yield from hints(policies, verdict, asked.service_port)
    if request is None and verdict.allowed:
        for rule in limiting_rules(policies, asked.flow, profile):
            protocol = rule.requests.protocol if rule.requests else ""
            flag = f"; ask about one with --{protocol}" if protocol in ANSWERS else ""
            yield f"{rule.ref} lets through only some {protocol.upper()} requests on this connection{flag}"


def short(ref: ObjectRef) -> str:
    """`NetworkPolicy/shop/web-out#egress[1].to[0]`."""
    place = f"{ref.kind}/{ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind}/{ref.name}"
    return f"{place}#{ref.path.removeprefix('spec.')}" if ref.path else place


def _end(end: End) -> FlowEnd:
    one = end.endpoint
    if end.label:
        return FlowEnd("Address", end.label)
    kind = {"pod": "Pod", "node": "Node", "ip": "Address"}[one.kind]
    return FlowEnd(kind, one.name, one.namespace, end.count)


def _why_unknown(verdict: FlowVerdict) -> str:
    return "; ".join(verdict.assumptions) if verdict.allowed is None else ""


def _side(policies: CompiledPolicies, side: SideVerdict) -> Side:
    return Side(
        allowed=side.allowed,
        isolated_by=tuple(map(short, side.isolated_by)),
        decided_by=short(side.decided_by) if side.decided_by else None,
        because=because(policies, side),
        near_misses=tuple(_near(policies, near) for near in side.near_misses),
    )


def _near(policies: CompiledPolicies, near: Near) -> NearMiss:
    missed = next(what for what in ("peer", "protocol", "port") if what in near.missed)
    return NearMiss(short(near.rule), missed, near.because, origin_text(policies, near.rule))


def _fixes(found: Sequence[Repair]) -> tuple[Fix, ...]:
    return tuple(Fix(r.title, r.command, r.patch, Effect(r.opens, r.closes)) for r in found)
