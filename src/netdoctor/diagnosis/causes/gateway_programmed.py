"""Causes in a Gateway itself: nothing carries it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from netdoctor.cluster.objects import Condition, GatewayClass
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.gateway_status import told
from netdoctor.diagnosis.ingress_cause import WayCause, rule_answers
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.gateway.shapes import spec_of_gateway, status_of_class, status_of_gateway
from netdoctor.path.gateway.way import GatewayWay
from netdoctor.path.source import SourceKind

_NAMED = 3  # names suggested
_WANTED = {"Accepted": "True", "Programmed": "True", "Conflicted": "False"}
_NO_ADDRESS = "AddressNotAssigned"


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong, as a clause, and where; `said` is the condition that says so."""

    field: ObjectRef
    because: str
    said: Condition | None = None


class GatewayNotProgrammed(WayCause):
    """Nothing carries the Gateway out, or its controller says that it cannot.

    What it means: the Gateway names a GatewayClass that does not exist; or no controller has taken the class or the
    Gateway; or the controller says in a condition of the GatewayClass, the Gateway or the listener why it does not
    carry it out: Accepted or Programmed is False (NoResources, AddressNotAssigned, PortUnavailable, Invalid …), or
    Conflicted is True.

    Why it breaks: a Gateway is only a wish. Without a proxy that has its listeners, no route of it is served.

    How it is seen: the condition Programmed of the Gateway is not True, and it has no address, or connections to it are
    refused.

    Trap: where it answers, it is programmed, whatever the status says: an address is not assigned where the cluster has
    no load balancer, and the proxy answers inside the cluster all the same. That is a warning. A Gateway without any
    status, as it stands in manifests, tells nothing. A listener whose certificate is missing is
    ListenerCertificateInvalid.

    Fix: name a GatewayClass that exists and whose controller runs, or do what the condition's message says.

    References: Gateway API reference, GatewayConditionType, ListenerConditionType, GatewayClassConditionType; GEP-1364.
    """

    code: ClassVar[str] = "GatewayNotProgrammed"
    title: ClassVar[str] = "nothing carries the Gateway out, or its controller says that it cannot"
    would_change: ClassVar[str] = "an answer of the Gateway, whatever its status, or the condition Programmed"
    yields_to: ClassVar[tuple[str, ...]] = ("ListenerCertificateInvalid", "CertificateNotIssued")

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the class is missing or a condition says so; a warning where the Gateway answers."""
        way = case.path.target.gateway
        if way is None:
            return None
        fault = next(_faults(case, way), None)
        if fault is None:
            said = _of_type(status_of_gateway(way.gateway).conditions, "Programmed")
            return self.ruled_out("its controller says that it is programmed") if said else None
        answers = rule_answers(case, way.asks)
        answered = any(s.status for s in answers) or (fault.said is not None and _reached_inside(case, way, fault.said))
        failed = [s for s in answers if s in case.failed and not s.status]
        finding = Finding(
            code=self.code,
            title=f"{way.gateway.ref} is not programmed: {fault.because}",
            certainty=certainty(failed),
            objects=(fault.field,),
            explanation=f"{fault.because[0].upper()}{fault.because[1:]}. {_consequence(answered=answered)}",
            evidence=(
                told(fault.field, fault.said) if fault.said else Evidence(str(fault.field), fault.because),
                *probe_evidence(failed),
            ),
            fixes=tuple(_fixes(case, way, fault)),
        )
        return Found(finding, ids(failed), warning=answered)


def _consequence(*, answered: bool) -> str:
    if answered:
        return "The Gateway can be asked all the same."
    return "No proxy has its listeners, so that none of its routes is served."


def _reached_inside(case: Case, way: GatewayWay, said: Condition) -> bool:
    """Whether it lacks an address for clients outside, and the client is inside and needs none."""
    inside = case.path.source.kind is not SourceKind.OUTSIDE
    return inside and said.reason == _NO_ADDRESS and way.proxy is not None and way.proxy.owner is not None


def _of_type(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    return next((one for one in conditions if one.type == kind), None)


def _faults(case: Case, way: GatewayWay) -> Iterator[_Fault]:
    """What speaks against the Gateway, the first causes first."""
    gateway, status = way.gateway, status_of_gateway(way.gateway)
    wanted = spec_of_gateway(gateway).gateway_class_name
    found = case.snapshot.get("GatewayClass", "", wanted)
    programmed = _of_type(status.conditions, "Programmed")
    if found is None and _complete(case) and not (programmed and programmed.status == "True"):
        yield _Fault(gateway.ref.at("spec.gatewayClassName"), f"there is no GatewayClass {wanted or 'without a name'}")
    if isinstance(found, GatewayClass):
        yield from _wrong(found.ref, status_of_class(found).conditions, ("Accepted",))
    yield from _wrong(gateway.ref, status.conditions, ("Accepted", "Programmed"))
    asked = {listener.name for listener in way.listeners}
    for number, one in enumerate(status.listeners):
        refs = _of_type(one.conditions, "ResolvedRefs")
        if one.name in asked and not (refs and refs.status == "False"):
            field = gateway.ref.at(f"status.listeners[{number}]")
            yield from _wrong(field, one.conditions, ("Conflicted", "Accepted", "Programmed"))


def _complete(case: Case) -> bool:
    """Whether a GatewayClass that was not read is none: files of one namespace have none at all."""
    snapshot = case.snapshot
    return snapshot.was_read("GatewayClass") and bool(snapshot.gateway_classes or not snapshot.from_files)


def _wrong(ref: ObjectRef, conditions: tuple[Condition, ...], kinds: tuple[str, ...]) -> Iterator[_Fault]:
    """The conditions that are not as they should be; those that nobody has written yet have reason Pending."""
    for kind in kinds:
        said = _of_type(conditions, kind)
        if said is None or said.status == _WANTED[kind]:
            continue
        if said.status == "Unknown":
            yield _Fault(ref, f"no controller has acted on {ref.object}", said)
        else:
            because = said.message.rstrip(".") or said.reason
            yield _Fault(ref, f"{ref.object} has the condition {kind} {said.status}, {said.reason}: {because}", said)


def _fixes(case: Case, way: GatewayWay, fault: _Fault) -> Iterator[Fix]:
    if fault.field.path == "spec.gatewayClassName":
        known = [one.name for one in case.snapshot.gateway_classes]
        wanted = spec_of_gateway(way.gateway).gateway_class_name
        for name in get_close_matches(wanted, known, _NAMED, 0.5) or known[:_NAMED]:
            yield merge_patch(f"give it class {name}", way.gateway.ref, {"spec": {"gatewayClassName": name}})
    yield Fix("see what its controller says", kubectl("describe", fault.field.object))
