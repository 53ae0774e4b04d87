"""Pods that are not known by their own addresses, and what looks like it."""

from __future__ import annotations

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.masquerade import PodTrafficMasqueraded
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.aims import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    Sight,
    api,
    cluster,
    cluster_dns,
    codes,
    examine,
    found,
    policy,
    refs,
    web,
)

ADMITS_WEB = policy("api-in", {"app": "api"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])
BESIDE = cluster_dns("10.244.1.2")  # on the node of the endpoint, where no policy isolates it


def lost_from_the_other_node(*objects: Manifest, dns_lost: bool = False) -> Case:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        away = position.node == "worker-2"
        to_api = probe.host in ("10.244.1.5", "10.96.0.50")
        to_dns = aimed.aim in (Aim.DNS_SERVER, Aim.DNS_VIP, Aim.NAME)
        if away and ((to_api and aimed.aim is not Aim.NODE) or (to_dns and dns_lost)):
            return Outcome.SKIPPED if aimed.aim is Aim.PATH_MTU else Outcome.TIMEOUT
        return Outcome.REFUSED if aimed.aim is Aim.NODE else Outcome.OK

    return examine(cluster(api(), web(), *objects, dns=BESIDE), "svc/api", see, source="deploy/web")


def test_only_what_a_policy_isolates_is_lost_and_only_from_another_node() -> None:
    case = lost_from_the_other_node(ADMITS_WEB)
    item = found(PodTrafficMasqueraded, case)
    assert refs(item) == ["Node worker-2"]
    assert item.finding.certainty is Certainty.POSSIBLE
    assert codes(case) == ["PodTrafficMasqueraded"]


def test_without_a_policy_nobody_minds_the_source_address() -> None:
    assert "PodTrafficMasqueraded" not in codes(lost_from_the_other_node())


def test_where_other_pods_there_are_lost_too_it_is_the_way() -> None:
    assert codes(lost_from_the_other_node(ADMITS_WEB, dns_lost=True)) == ["CrossNodePathBroken"]


def test_a_policy_that_denies_is_the_policy() -> None:
    denies = policy("none", {"app": "api"}, ingress=[])
    assert "PodTrafficMasqueraded" not in codes(lost_from_the_other_node(denies))
