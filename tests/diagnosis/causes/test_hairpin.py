"""Pods inside which their own Service is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.hairpin import HairpinDisabled
from netdoctor.model.probe import Outcome, Position, Probe, Role
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    cluster,
    codes,
    deployment,
    endpoints,
    examine,
    found,
    pod,
    refs,
    report,
    ruled_out,
    service,
    tries,
)

ONE, OTHER = "10.244.1.5", "10.244.2.8"


def itself(
    failed: int, *, beside: Outcome = Outcome.OK, single: Outcome = Outcome.OK, other: Outcome = Outcome.OK
) -> See:
    """From inside api-1: so many of 10 connections to the ClusterIP time out."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if position.role is Role.NEUTRAL:
            return beside if aimed.aim is Aim.VIP else Outcome.OK
        if probe.tries > 1:
            return tries(probe, failed if aimed.aim is Aim.VIP_SAMPLE else 0)
        if aimed.aim is Aim.VIP:
            return single
        return other if probe.host == OTHER else Outcome.OK

    return see


def check(see: See, *addresses: str, source: str = "pod/api-1", attach: bool = True, **spec: Any) -> Case:
    addresses = addresses or (ONE, OTHER)
    pods = [pod(f"api-{n}", address, owner="api") for n, address in enumerate(addresses, 1)]
    objects: list[Manifest | list[Manifest]] = [service("api", **spec), deployment("api"), pods]
    return examine(cluster(*objects, endpoints("api", *addresses)), "svc/api", see, source=source, attach=attach)


def test_half_of_the_connections_to_two_endpoints_time_out() -> None:
    case = check(itself(5))
    one = found(HairpinDisabled, case)
    assert one.finding.title == "Pod shop/api-1 does not reach itself through Service shop/api"
    assert "5 of 10 connections to the ClusterIP timed out (50 %, 95 % bound 18.7-81.3 %)" in one.finding.explanation
    assert "1 in 2" in one.finding.explanation
    assert refs(one) == ["Node worker-1"]
    assert one.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["HairpinDisabled"]
    assert not report(case).unexplained


def test_the_only_endpoint_never_reaches_itself() -> None:
    case = check(itself(10, single=Outcome.TIMEOUT), ONE)
    assert codes(case) == ["HairpinDisabled"]
    assert "it is the only one" in found(HairpinDisabled, case).finding.explanation


def test_where_a_pod_beside_it_fails_too_it_is_the_service_proxy() -> None:
    case = check(itself(10, single=Outcome.TIMEOUT, beside=Outcome.TIMEOUT), ONE)
    assert "a pod beside it does not reach the ClusterIP either" in ruled_out(HairpinDisabled, case)
    assert codes(case) == ["ServiceProxyBroken"]


def test_an_endpoint_that_answers_nobody_is_no_hairpin() -> None:
    case = check(itself(5, other=Outcome.TIMEOUT))
    assert f"{OTHER} does not answer the pod either" in ruled_out(HairpinDisabled, case)


def test_more_failures_than_one_in_n_are_something_else() -> None:
    many = [f"10.244.2.{n}" for n in range(10, 29)]
    because = ruled_out(HairpinDisabled, check(itself(7), ONE, *many))
    assert "7 of 10 connections timed out" in because
    assert "one in 20 leads to the pod itself" in because


def test_session_affinity_keeps_a_client_to_one_endpoint_be_it_itself() -> None:
    many = [f"10.244.2.{n}" for n in range(10, 29)]
    assert codes(check(itself(10, single=Outcome.TIMEOUT), ONE, *many, sessionAffinity="ClientIP")) == [
        "HairpinDisabled"
    ]


def test_connections_that_all_work_are_counted() -> None:
    told = ruled_out(HairpinDisabled, check(itself(0)))
    assert told.startswith("0 of 10 connections through the ClusterIP of pod api-1")
    assert told.endswith("timed out (0 %, 95 % bound 0.0-30.8 %)")


@pytest.mark.parametrize("source", ["pod/api-1", "deploy/api"])
def test_a_stand_in_cannot_tell_and_that_is_said(source: str) -> None:
    snapshot = check(itself(0), source=source, attach=False)
    assert HairpinDisabled().examine(snapshot) is None
    assert codes(snapshot) == []


def test_outside_of_endpoints_it_does_not_apply() -> None:
    objects = [service("api"), pod("api-1", ONE), endpoints("api", ONE), pod("web-1", OTHER, {"app": "web"})]
    case = examine(cluster(*objects), "svc/api", itself(5), source="pod/web-1", attach=True)
    assert HairpinDisabled().examine(case) is None
    assert report(case).verdict is Verdict.UNDETERMINED
