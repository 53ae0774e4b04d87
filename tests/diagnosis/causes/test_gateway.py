"""Causes in routes of the Gateway API."""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.gateway import RouteNotAttached
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Verdict
from tests.diagnosis.builders import Manifest, api, cluster, codes, examine, found, refs, report, ruled_out, sees
from tests.path.gateway.builders import admitting, gateway, gateway_class, listener, parent, route

_ALL = admitting("All")


def _case(*objects: Manifest, unread: tuple[Unread, ...] = (), probed: bool = False) -> Case:
    see = sees(Outcome.OK) if probed else None
    return examine(cluster(api(), gateway_class(), *objects, unread=unread), "httproute/store", see)


def _said(status: str, reason: str) -> dict[str, Any]:
    conditions = [{"type": "Accepted", "status": status, "reason": reason, "message": "so it is"}]
    return {"parents": [{"parentRef": parent(), "controllerName": "example.com/c", "conditions": conditions}]}


def test_a_namespace_that_the_listener_does_not_admit() -> None:
    """The default of allowedRoutes.namespaces.from is Same."""
    case = _case(gateway(listener()), route(parent(), status=_said("False", "NotAllowedByListeners")))
    result = found(RouteNotAttached, case)
    assert refs(result) == ["Gateway infra/edge spec.listeners[0].allowedRoutes.namespaces"]
    assert result.finding.certainty is Certainty.LIKELY
    assert any("NotAllowedByListeners" in evidence.text for evidence in result.finding.evidence)
    assert (codes(case), report(case).verdict) == (["RouteNotAttached"], Verdict.UNHEALTHY)


def test_a_gateway_in_another_namespace_is_the_fix() -> None:
    result = found(RouteNotAttached, _case(gateway(listener(**_ALL)), route(parent(None))))
    assert refs(result) == ["HTTPRoute shop/store spec.parentRefs[0]"]
    (fix,) = result.finding.fixes
    assert '"path":"/spec/parentRefs/0/namespace","value":"infra"' in fix.command


def test_a_gateway_of_a_similar_name_is_the_fix() -> None:
    result = found(RouteNotAttached, _case(gateway(listener(**_ALL), name="edges"), route(parent())))
    (fix,) = result.finding.fixes
    assert '"path":"/spec/parentRefs/0/name","value":"edges"' in fix.command


def test_a_listener_of_another_name_is_the_fix() -> None:
    result = found(RouteNotAttached, _case(gateway(listener(**_ALL)), route(parent(sectionName="webs"))))
    assert refs(result) == ["HTTPRoute shop/store spec.parentRefs[0].sectionName"]
    (fix,) = result.finding.fixes
    assert '"path":"/spec/parentRefs/0/sectionName","value":"web"' in fix.command


def test_a_route_that_one_listener_takes_is_attached() -> None:
    """Trap: the other listener refuses it."""
    case = _case(gateway(listener("own"), listener(**_ALL)), route(parent()))
    assert "takes the route" in ruled_out(RouteNotAttached, case)
    assert (codes(case), report(case).verdict) == ([], Verdict.UNDETERMINED)


def test_a_controller_that_accepted_the_route_knows_better() -> None:
    """Trap: what the objects say is not what the implementation does."""
    case = _case(gateway(listener()), route(parent(), status=_said("True", "Accepted")))
    assert "accepted the route all the same" in ruled_out(RouteNotAttached, case)
    assert codes(case) == []


def test_one_of_two_parents_is_a_warning() -> None:
    case = _case(gateway(listener(**_ALL)), route(parent(), parent(name="gone")))
    assert [one.code for one in report(case).warnings] == ["RouteNotAttached"]
    assert report(case).verdict is Verdict.UNDETERMINED


def test_gateways_that_may_not_be_read_are_not_missing() -> None:
    case = _case(route(parent()), unread=(Unread("Gateway", "", "forbidden"),))
    assert RouteNotAttached().examine(case) is None
    said = [(one.what, one.because) for one in report(case).not_tested]
    assert ("Gateway objects", "forbidden") in said
    assert ("whether HTTPRoute shop/store spec.parentRefs[0] is attached", "forbidden") in said


def test_nothing_is_asked_of_a_gateway_and_the_report_says_so() -> None:
    case = _case(gateway(listener(**_ALL)), route(parent()), probed=True)
    assert (case.observed, report(case).verdict) == ((), Verdict.NOT_TESTED)
