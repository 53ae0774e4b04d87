"""What samples of connections and queries mean for a check."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.case import Case
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    See,
    Sight,
    api,
    cluster,
    cluster_dns,
    endpoints,
    examine,
    pod,
    report,
    sampled,
    tries,
)


def check(see: See) -> Case:
    return examine(cluster(api()), "svc/api", see)


def test_all_answered_is_healthy() -> None:
    told = report(check(sampled()))
    assert told.verdict is Verdict.HEALTHY
    assert not told.not_tested


def test_what_no_cause_explains_is_told_with_its_rate_and_from_where() -> None:
    told = report(check(sampled(FIXED_PORT=10, VIP_SAMPLE=4)))
    assert told.verdict is Verdict.UNDETERMINED
    said = "4 of 10 connections timed out (40 %, 95 % bound 12.2-73.8 %)"
    assert f"of what was sent to 10.96.0.50:80: from same-node on worker-1, {said}" in told.summary
    assert f"from other-node on worker-2, {said}" in told.summary
    assert {one.text.partition(": ")[2] for one in told.unexplained} == {said}


def test_one_of_ten_may_be_chance_and_that_is_said() -> None:
    told = report(check(sampled(VIP_SAMPLE=1)))
    assert told.verdict is Verdict.HEALTHY
    assert told.exit_code == 4
    assert {one.because for one in told.not_tested} == {
        "so few tries do not tell a fault from chance; --samples 59 does"
    }
    assert "1 of 10 connections timed out (10 %, 95 % bound 0.3-44.5 %)" in told.not_tested[0].what


def test_the_way_there_sums_up_every_place() -> None:
    hops = {hop.name: hop for hop in report(check(sampled(VIP_SAMPLE=4))).hops}
    vip = hops["ClusterIP 10.96.0.50:80/TCP"]
    assert (vip.ok, vip.seen) == (False, "2x ok, 8 of 20 repeated tries got no answer (40 %, 95 % bound 19.1-63.9 %)")
    assert hops["Endpoints 80/TCP"].seen == "2x ok"


@pytest.mark.parametrize("aim", ["VIP", "BACKEND"])
def test_a_sample_follows_from_the_single_probe_that_fails_beside_it(aim: str) -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return Outcome.TIMEOUT if aimed.aim.name == aim else sampled(VIP_SAMPLE=9)(aimed, probe, position)

    assert {s.aimed.aim for s in check(see).failed} == {Aim[aim]}


def test_a_sample_does_not_follow_from_another_endpoints_failure() -> None:
    objects = [*api(), pod("api-2", "10.244.2.8"), endpoints("api", "10.244.2.8", name="api-2")]

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if probe.tries > 1:
            return tries(probe, 5 if probe.host == "10.244.2.8" else 0)
        return Outcome.TIMEOUT if probe.host == "10.244.1.5" and aimed.aim is Aim.BACKEND else Outcome.OK

    failed = examine(cluster(objects), "svc/api", see).failed
    assert {s.observed.probe.host for s in failed if s.aimed.aim is Aim.BACKEND_SAMPLE} == {"10.244.2.8"}


def test_queries_follow_from_a_dns_server_that_does_not_answer() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if probe.tries > 1:
            return sampled(DNS_PAIRS=5, DNS_SINGLES=4)(aimed, probe, position)
        return Outcome.TIMEOUT if probe.server == "10.244.2.2" else Outcome.OK

    objects = cluster(api(), dns=cluster_dns("10.244.2.2", "10.244.1.2"))
    failed = examine(objects, "svc/api", see).failed
    assert {s.aimed.aim for s in failed} == {Aim.DNS_SERVER}


def test_datagrams_of_which_some_are_answered_are_no_proof_of_silence() -> None:
    udp = {"port": 80, "targetPort": 8080, "protocol": "UDP"}
    objects = api(udp)
    for one in objects:
        if one["kind"] == "EndpointSlice":
            one["ports"] = [{"name": "", "port": 8080, "protocol": "UDP"}]

    def case(answered: int) -> Case:
        def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
            return tries(probe, 10 - answered) if aimed.aim is Aim.BACKEND_SAMPLE else Outcome.OK

        return examine(cluster(objects), "svc/api", see)

    assert {s.aimed.aim for s in case(answered=5).failed} == {Aim.BACKEND_SAMPLE}
    assert not case(answered=0).failed
