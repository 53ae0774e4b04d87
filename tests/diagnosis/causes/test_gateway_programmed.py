"""Whether anything carries a Gateway out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.gateway import RouteNotAttached
from netdoctor.diagnosis.causes.gateway_programmed import GatewayNotProgrammed
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Verdict
from netdoctor.probing.aims import Aim
from tests.diagnosis.builders import (
    Manifest,
    See,
    api,
    cluster,
    codes,
    examine,
    found,
    refs,
    report,
    ruled_out,
)
from tests.diagnosis.gateway_builders import edge, store, to
from tests.diagnosis.ingress_builders import answers
from tests.path.gateway.builders import gateway, gateway_class, listener

_PENDING = {"reason": "Pending", "message": "Waiting for controller"}


def said(kind: str, status: str, reason: str = "", message: str = "") -> Manifest:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _case(*objects: Manifest | list[Manifest], see: See | None = None, target: str = "httproute/store") -> Case:
    return examine(cluster(api(), store(to("api")), *objects), target, see)


def _edge(*conditions: Manifest, listeners: list[Manifest] | None = None) -> list[Manifest]:
    status: dict[str, Any] = {"conditions": list(conditions)}
    return edge(status=status | ({"listeners": listeners} if listeners else {}))


def _without_class(objects: list[Manifest]) -> list[Manifest]:
    return [one for one in objects if one["kind"] != "GatewayClass"]


def test_a_class_that_does_not_exist() -> None:
    other = gateway_class()
    other["metadata"]["name"] = "exampel"
    result = found(GatewayNotProgrammed, _case(_without_class(edge()), other))
    assert refs(result) == ["Gateway shop/edge spec.gatewayClassName"]
    assert '"gatewayClassName":"exampel"' in result.finding.fixes[0].command


def test_files_without_any_class_are_not_complete() -> None:
    """Trap: they are of one namespace."""
    snapshot = replace(cluster(api(), store(to("api")), _without_class(edge())), from_files=True)
    assert codes(examine(snapshot, "httproute/store")) == []


def test_a_class_that_no_controller_has_taken() -> None:
    result = found(
        GatewayNotProgrammed, _case(_without_class(edge()), gateway_class(said("Accepted", "Unknown", **_PENDING)))
    )
    assert refs(result) == ["GatewayClass example"]
    assert "no controller has acted" in result.finding.title


@pytest.mark.parametrize("kind", ["Accepted", "Programmed"])
def test_a_condition_says_why(kind: str) -> None:
    case = _case(_edge(said(kind, "False", "NoResources", "no node left")))
    result = found(GatewayNotProgrammed, case)
    assert f"{kind} False, NoResources: no node left" in result.finding.title
    assert (codes(case), report(case).verdict) == (["GatewayNotProgrammed"], Verdict.UNHEALTHY)


def test_a_conflicting_listener_of_the_route() -> None:
    wrong = {"name": "web", "conditions": [said("Conflicted", "True", "ProtocolConflict", "port 80 is taken")]}
    result = found(GatewayNotProgrammed, _case(_edge(listeners=[wrong])))
    assert refs(result) == ["Gateway shop/edge status.listeners[0]"]


def test_another_listener_does_not_matter() -> None:
    wrong = {"name": "other", "conditions": [said("Programmed", "False", "Invalid")]}
    case = _case(_edge(said("Programmed", "True"), listeners=[wrong]))
    assert "says that it is programmed" in ruled_out(GatewayNotProgrammed, case)


def test_a_gateway_that_is_refused_explains_it() -> None:
    programmed = _edge(said("Programmed", "False", "Invalid"))
    case = _case(programmed, see=answers(Outcome.REFUSED, VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED))
    assert "GatewayNotProgrammed" in codes(case)


def test_a_gateway_that_answers_is_programmed_whatever_its_status_says() -> None:
    """Trap: an address is not assigned without a load balancer."""
    case = _case(_edge(said("Programmed", "False", "AddressNotAssigned")), see=answers(200))
    assert [one.code for one in report(case).warnings] == ["GatewayNotProgrammed"]
    assert (codes(case), report(case).verdict) == ([], Verdict.HEALTHY)


def test_no_address_is_needed_inside() -> None:
    case = _case(_edge(said("Programmed", "False", "AddressNotAssigned")))
    assert codes(case) == []


def test_a_gateway_without_a_status_tells_nothing() -> None:
    """Trap: it stands so in manifests."""
    assert GatewayNotProgrammed().examine(_case(edge())) is None


def test_a_class_that_may_be_missing_and_a_gateway_that_is_programmed() -> None:
    assert ruled_out(GatewayNotProgrammed, _case(_without_class(_edge(said("Programmed", "True")))))


def test_a_route_that_its_controller_does_not_accept() -> None:
    """The objects would let it be attached."""
    no = {"parentRef": {"name": "edge"}, "conditions": [said("Accepted", "False", "UnsupportedValue", "no filters")]}
    refused = store(to("api"), status={"parents": [no]})
    case = examine(cluster(api(), edge(listener(), listener("tcp", 81, "TCP")), refused), "httproute/store")
    result = found(RouteNotAttached, case)
    assert refs(result) == ["HTTPRoute shop/store spec.parentRefs[0]"]
    assert "its controller says UnsupportedValue" in result.finding.title
    assert "tcp" not in result.finding.explanation
    served = examine(cluster(api(), edge(), refused), "httproute/store", answers(200))
    assert ruled_out(RouteNotAttached, served), "an answer counts more"


def test_a_gateway_without_routes_is_asked_at_its_ports() -> None:
    case = examine(cluster(edge()), "gateway/edge", answers(200))
    assert report(case).verdict is Verdict.HEALTHY
    assert {s.observed.probe.port for s in case.of(Aim.VIP)} == {80}


def test_an_unknown_gateway_is_said() -> None:
    case = examine(
        cluster(api(), gateway(listener(), namespace="shop"), gateway_class(), store(to("api"))), "gateway/edge"
    )
    assert report(case).verdict is Verdict.UNDETERMINED
