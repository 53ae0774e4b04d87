"""The ordinary causes, asked about each part of the way through an Ingress or a Gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from netdoctor.diagnosis.addressed import addressed
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.causes.ingress_controller import STOPPED
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.ingress_cause import WayCause, without_backend
from netdoctor.model.report import Certainty
from netdoctor.path.source import SourceKind
from netdoctor.probing.aims import Aim
from netdoctor.probing.ingress import parts_of

# A proxy goes to the endpoints of its backends themselves, past the Services' addresses.
_PAST = frozenset(
    {
        "ServiceProxyBroken",
        "InternalTrafficPolicyNoLocalEndpoint",
        "ExternalTrafficPolicyNoLocalEndpoint",
        "HeadlessPortMismatch",
        "LoadBalancerPending",
        "LoadBalancerSourceRangeExcludesClient",
        "NodePortBlocked",
    }
)
_SHOWN = ("CertificateExpired", "CertificateNameMismatch")  # about certificates


def examined(case: Case, causes: Sequence[Cause]) -> Iterator[tuple[Cause, Found | RuledOut]]:
    """What each cause says of a case, or of its parts."""
    parts, hosts = tuple(map(addressed, case.parts)), tuple(_hosts(case))
    for cause in causes:
        if not parts or isinstance(cause, WayCause):
            result = cause.examine(case)
            if result is not None:
                yield cause, result
            continue
        results = [_of_whole(case, n, result) for n, result in _of_parts(case, parts, cause)]
        results += [result for host in hosts if (result := cause.examine(host)) is not None and cause.code in _SHOWN]
        found = [result for result in results if isinstance(result, Found)]
        for one in found or results[:1]:
            yield cause, one


def _hosts(case: Case) -> Iterator[Case]:
    """The certificate that the proxy shows for each host, as a case of the host's own URL."""
    way = case.path.target.way
    for number, ask in enumerate(way.asks if way else ()):
        aims = {i: replace(a, aim=Aim.TLS) for i, a in case.aims.items() if (a.aim, a.ask) == (Aim.CERTIFICATE, number)}
        observed = tuple(o for o in case.observed if o.id in aims)
        if observed:
            target = replace(case.path.target, text=f"https://{ask.host}{ask.path}", scheme="https", ingress=None)
            target = replace(target, gateway=None)
            path, expectation = replace(case.path, target=target, parts=()), replace(case.expectation, parts=())
            yield replace(case, path=path, expectation=expectation, aims=aims, observed=observed)


def _of_parts(case: Case, parts: Sequence[Case], cause: Cause) -> Iterator[tuple[int, Found | RuledOut]]:
    for number, part in enumerate(parts):
        result = cause.examine(part) if _applies(case, cause, part, number) else None
        if result is not None:
            yield number, result


def _applies(case: Case, cause: Cause, part: Case, number: int) -> bool:
    """Whether a cause is to be asked about a part: policies say nothing of a proxy whose pods are not known."""
    if number == 0:
        return cause.code not in STOPPED or case.path.target.ingress is None
    unknown = part.path.source.kind is SourceKind.OUTSIDE
    return cause.code not in _PAST and not (unknown and isinstance(cause, DenialCause))


def _of_whole(case: Case, number: int, result: Found | RuledOut) -> Found | RuledOut:
    if not isinstance(result, Found):
        return result
    if number == 0:
        inside = case.path.source.kind is not SourceKind.OUTSIDE
        return _as_warning(result) if inside and result.finding.code == "LoadBalancerPending" else result
    return _with_answers(case, number, result)


def _as_warning(result: Found) -> Found:
    """The same as a warning: the way asked about does without it."""
    return Found(result.finding, result.explains, result.proven, warning=True)


def _with_answers(case: Case, number: int, result: Found) -> Found:
    """What was found behind the proxy, and how the proxy's answers agree."""
    way = case.path.target.way
    assert way is not None
    asks = [ask for ask in way.asks if number in parts_of(case.path, ask)]
    failed = without_backend(case, asks)
    finding = result.finding
    if failed:
        sure = certainty(failed, configured=result.proven)
        better = sure if finding.certainty is not Certainty.CERTAIN else finding.certainty
        evidence = (*finding.evidence, *probe_evidence(failed, limit=2))
        finding = msgspec.structs.replace(finding, certainty=better, evidence=evidence)
    return Found(finding, result.explains | ids(failed), result.proven, result.warning)
