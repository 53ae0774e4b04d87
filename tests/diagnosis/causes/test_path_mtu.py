"""Large packets that vanish, and what looks like it."""

from __future__ import annotations

from typing import Any

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.path_mtu import PathMTUBlackhole
from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.aims import Aim, Aimed
from tests.diagnosis.builders import (
    Sight,
    api,
    cluster,
    codes,
    container,
    examine,
    found,
    policy,
    refs,
    report,
    ruled_out,
    web,
)

ASKED_BY_KUBELET = container("app", 8080, readinessProbe={"httpGet": {"path": "/ready", "port": 8080}})
SILENT = Observation("", Outcome.SKIPPED, 0.1, detail={"because": "too few"})


def sweep(outcome: Outcome, mtu: int, **detail: Any) -> Observation:
    told = {"transport": "icmp", "localMTU": 1500, "answered": "6 of 6", "mtu": mtu, **detail}
    return Observation("", outcome, 0.1, "10.244.1.5", told)


HOLE = sweep(Outcome.TIMEOUT, 1400, lost=1401)
HANGS = Observation("", Outcome.TIMEOUT, 1.0, detail={"connected": True})


def case(sizes: Sight, large: Sight = Outcome.OK, small: Sight = Outcome.OK, *, by_http: bool = True) -> Case:
    made = api(containers=(ASKED_BY_KUBELET if by_http else container("app", 8080),))
    special = {Aim.PATH_MTU: sizes, Aim.SMALL: small, Aim.LARGE: large}

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return special.get(aimed.aim, Outcome.REFUSED if aimed.aim is Aim.NODE else Outcome.OK)

    return examine(cluster(made, web()), "svc/api", see, source="deploy/web")


def test_large_packets_vanish_and_large_requests_hang() -> None:
    hole = case(HOLE, HANGS)
    item = found(PathMTUBlackhole, hole)
    assert refs(item) == ["Node worker-2", "Node worker-1"]
    assert item.finding.certainty is Certainty.LIKELY
    assert "1400 bytes" in item.finding.title
    assert "1500" in item.finding.explanation
    assert codes(hole) == ["PathMTUBlackhole"]
    assert report(hole).verdict is Verdict.UNHEALTHY
    assert any(not hop.ok and "vanish" in hop.seen for hop in report(hole).hops if hop.ok is not None)


def test_an_answer_that_is_too_large_explains_why_a_small_request_hangs() -> None:
    hole = case(HOLE, HANGS, HANGS)
    assert found(PathMTUBlackhole, hole).explains == {s.id for s in hole.failed} != set()
    assert codes(hole) == ["PathMTUBlackhole"]


def test_without_http_the_sweep_tells() -> None:
    assert found(PathMTUBlackhole, case(HOLE, by_http=False)).finding.certainty is Certainty.LIKELY


def test_where_policies_keep_the_sweep_out_large_requests_tell() -> None:
    assert found(PathMTUBlackhole, case(SILENT, HANGS)).finding.certainty is Certainty.POSSIBLE


def test_a_router_that_says_too_big_is_no_fault() -> None:
    assert "as 172.18.0.2 says" in ruled_out(PathMTUBlackhole, case(sweep(Outcome.OK, 1400, tooBigFrom="172.18.0.2")))


def test_where_large_requests_are_answered_nothing_hangs() -> None:
    clamped = case(HOLE, Outcome.OK)
    assert "is answered" in ruled_out(PathMTUBlackhole, clamped)
    assert codes(clamped) == []


def test_a_large_request_that_never_connected_says_nothing_of_size() -> None:
    assert codes(case(SILENT, Outcome.TIMEOUT)) == []


def test_nothing_is_swept_where_a_policy_denies_the_source() -> None:
    denied = policy("none", {"app": "api"}, ingress=[])
    made = cluster(api(), web(), denied)
    asked = examine(made, "svc/api", lambda *_: Outcome.OK, source="deploy/web")
    assert not [s for s in asked.seen if s.aimed.aim in (Aim.PATH_MTU, Aim.LARGE)]
    without = examine(cluster(api(), web()), "svc/api", lambda *_: Outcome.OK, source="deploy/web")
    assert [s.observed.position.node for s in without.seen if s.aimed.aim is Aim.PATH_MTU] == ["worker-2"]
