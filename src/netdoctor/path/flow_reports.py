"""Verdicts on flows as reports: the deciding rules, what nearly matched, what would change it."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.model.flow_report import AskedFlow, FlowEnd, FlowReport, NearMiss, Side, Text
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Effect, Fix
from netdoctor.path.flows import AskedFlow as Asked
from netdoctor.path.flows import End
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import decide
from netdoctor.policy.explain import because, origin_text
from netdoctor.policy.hints import hints
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.repair import Repair, repairs
from netdoctor.policy.verdict import FlowVerdict, SideVerdict
from netdoctor.policy.verdict import NearMiss as Near


def flow_report(policies: CompiledPolicies, asked: Asked, profile: CNIProfile, *, fixes: bool = True) -> FlowReport:
    """Decide one flow. Without `fixes`, none are looked for, which takes far less time."""
    verdict = decide(policies, asked.flow, profile)
    found = repairs(policies, verdict, profile) if fixes and verdict.allowed is False else ()
    return FlowReport(
        flow=AskedFlow(
            from_=_end(asked.source),
            to=_end(asked.destination),
            protocol=asked.flow.protocol,
            port=asked.flow.port,
            service=f"{asked.service.namespace}/{asked.service.name}" if asked.service else "",
            service_port=asked.service_port,
        ),
        allowed=verdict.allowed,
        because=_why_unknown(verdict),
        egress=_side(policies, verdict.egress),
        ingress=_side(policies, verdict.ingress),
        assumptions=tuple(map(Text, verdict.assumptions)),
        hints=tuple(map(Text, hints(policies, verdict, asked.service_port))),
        fixes=_fixes(found),
    )


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
