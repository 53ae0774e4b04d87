"""Connections between nodes of which some are lost."""

from __future__ import annotations

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.loss import PacketLoss
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    cluster,
    cluster_dns,
    codes,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    refs,
    report,
    ruled_out,
    sampled,
    service,
    tries,
)

ONE, OTHER = "10.244.1.5", "10.244.2.8"


def two() -> list[Manifest]:
    return [service("api"), pod("api-1", ONE), pod("api-2", OTHER), endpoints("api", ONE, OTHER)]


def losing(*ways: tuple[str, str], failed: int = 4, outcome: Outcome = Outcome.TIMEOUT, rest: See | None = None) -> See:
    """Connections from a node to an address of which so many in 10 fail."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if probe.tries == 1:
            return rest(aimed, probe, position) if rest else Outcome.OK
        lost = (position.node, probe.host) in ways
        return tries(probe, failed if lost else 0, outcome)

    return see


def check(see: See) -> Case:
    return examine(cluster(two(), dns=cluster_dns(OTHER.replace(".8", ".2"))), "svc/api", see)


ACROSS = ("worker-1", OTHER), ("worker-2", ONE)


def test_between_nodes_some_are_lost_and_within_a_node_none() -> None:
    case = check(losing(*ACROSS))
    one = found(PacketLoss, case)
    lost = "4 of 10 connections timed out (40 %, 95 % bound 12.2-73.8 %)"
    assert one.finding.title == (
        "from worker-1 to worker-2 8 of 20 connections timed out (40 %, 95 % bound 19.1-63.9 %)"
    )
    assert (
        f"Repeated from each node, from worker-1 to worker-2 {lost}; from worker-2 to worker-1 {lost}."
        in one.finding.explanation
    )
    assert "within worker-1 0 of 10 connections timed out (0 %, 95 % bound 0.0-30.8 %)" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert refs(one) == ["Node worker-1", "Node worker-2"]
    assert codes(case) == ["PacketLoss"]
    assert not report(case).unexplained


def test_what_fails_besides_on_the_lossy_way_follows_from_it() -> None:
    def single(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        across = position.node == "worker-1" and (probe.host == OTHER or aimed.aim in (Aim.VIP, Aim.NAME))
        return Outcome.TIMEOUT if across else Outcome.OK

    case = check(losing(*ACROSS, rest=single))
    assert codes(case) == ["PacketLoss"]
    assert not report(case).unexplained


def test_the_node_that_all_lossy_ways_share() -> None:
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    third = manifest("Node", "worker-3", namespace="", spec={"podCIDR": "10.244.3.0/24"}, status=status)
    ways = ("worker-1", OTHER), ("worker-3", OTHER)
    assert refs(found(PacketLoss, examine(cluster(two(), third), "svc/api", losing(*ways)))) == ["Node worker-2"]


def test_an_endpoint_that_loses_within_its_node_too_is_not_the_way_between_nodes() -> None:
    case = check(losing(("worker-1", ONE), ("worker-2", ONE)))
    assert ruled_out(PacketLoss, case).startswith("within worker-1 4 of 10 connections timed out")
    assert not codes(case)
    assert "worker-1, 4 of 10 connections timed out (40 %" in report(case).summary


def test_without_anything_within_a_node_it_is_only_possible() -> None:
    single = [service("api"), pod("api-1", ONE), endpoints("api", ONE)]
    case = examine(cluster(single), "svc/api", losing(("worker-2", ONE)), source="node/worker-2")
    one = found(PacketLoss, case)
    assert one.finding.certainty is Certainty.POSSIBLE
    assert "the endpoint itself may be overloaded" in one.finding.explanation


def test_one_in_ten_is_no_proof() -> None:
    case = check(losing(ACROSS[0], failed=1))
    assert ruled_out(PacketLoss, case) == (
        "1 of 40 connections to endpoints got no answer (2.5 %, 95 % bound 0.1-13.2 %)"
    )


def test_rejections_that_are_limited_in_number_are_no_loss() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if probe.tries == 1 or (position.node, probe.host) not in ACROSS:
            return sampled()(aimed, probe, position)
        outcomes = {"rejected": 6, "timeout": 3, "ok": 1}
        return tries(probe, 9, outcomes=outcomes)

    assert "0 of 20" in ruled_out(PacketLoss, check(see))


def test_all_lost_is_another_fault() -> None:
    assert "PacketLoss" not in codes(check(losing(*ACROSS, failed=10)))


def test_without_samples_nothing_is_said() -> None:
    assert PacketLoss().examine(examine(cluster(two()), "svc/api", None)) is None
