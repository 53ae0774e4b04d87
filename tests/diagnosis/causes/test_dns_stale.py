"""Answers that are not what the cluster has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from netdoctor.diagnosis.causes.dns_stale import DNSStaleRecord
from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    NOW,
    See,
    Sight,
    api,
    cluster,
    cluster_dns,
    codes,
    examine,
    found,
    refs,
    ruled_out,
)

NAME = "api.shop.svc.cluster.local"


def answering(by_name: str, by_server: dict[str, str] | str, canonical: str = NAME) -> See:
    """What the lookup gives, and each DNS server."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.NAME:
            return _answer(by_name, canonical=canonical)
        if aimed.aim in (Aim.DNS_SERVER, Aim.DNS_VIP):
            return _answer(by_server if isinstance(by_server, str) else by_server.get(probe.server, by_name))
        return Outcome.OK

    return see


def _answer(address: str, **detail: Any) -> Observation:
    return Observation("", Outcome.OK, 0.01, detail={"answers": [address], **detail})


def test_the_servers_give_an_address_that_the_service_has_no_more() -> None:
    case = examine(cluster(api()), "svc/api", answering("10.96.0.99", "10.96.0.99"))
    one = found(DNSStaleRecord, case)
    assert one.finding.title == "DNS says that Service shop/api is at 10.96.0.99, and it is at 10.96.0.50"
    assert refs(one) == ["Deployment kube-system/coredns", "ConfigMap kube-system/coredns"]
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["DNSStaleRecord"]


def test_what_runs_the_servers_is_named_as_it_is_called() -> None:
    servers = cluster_dns("10.244.2.2")
    renamed = [one | {"metadata": one["metadata"] | {"name": "rke2-coredns"}} for one in servers[:1]]
    case = examine(cluster(api(), dns=[*renamed, *servers[1:]]), "svc/api", answering("10.96.0.99", "10.96.0.99"))
    one = found(DNSStaleRecord, case)
    assert refs(one) == ["Deployment kube-system/rke2-coredns"]
    assert [fix.command for fix in one.finding.fixes] == [
        "kubectl rollout restart deployment/rke2-coredns -n kube-system"
    ]


def test_an_ipv6_address_is_the_same_however_it_is_written() -> None:
    six = api(clusterIP="fd00:10:96:0::50", clusterIPs=["fd00:10:96:0::50"], ipFamilies=["IPv6"])
    case = examine(cluster(six), "svc/api", answering("fd00:10:96::50", "fd00:10:96::50"))
    assert "resolves to what Service shop/api has" in ruled_out(DNSStaleRecord, case)


def test_one_server_of_two_is_stale() -> None:
    servers = {"10.244.1.3": "10.96.0.50", "10.244.2.2": "10.96.0.99"}
    two = cluster(api(), dns=cluster_dns("10.244.1.3", "10.244.2.2"))
    one = found(DNSStaleRecord, examine(two, "svc/api", answering("10.96.0.50", servers)))
    assert "10.244.2.2 answers 10.96.0.99" in one.finding.explanation
    assert "10.244.1.3 answers rightly." in one.finding.explanation


def test_a_headless_service_is_at_its_endpoints() -> None:
    headless = api({"port": 8080}, clusterIP="None")
    assert codes(examine(cluster(headless), "svc/api", answering("10.244.1.5", "10.244.1.5"))) == []
    case = examine(cluster(headless), "svc/api", answering("10.244.1.200", "10.244.1.200"))
    assert codes(case) == ["DNSStaleRecord"]


@pytest.mark.parametrize(("age", "stale"), [(30, False), (90, True)])
def test_right_after_a_change_old_answers_are_in_good_order(age: int, stale: bool) -> None:
    made = api()
    made[0]["metadata"]["creationTimestamp"] = (NOW - timedelta(seconds=age)).isoformat()
    case = examine(cluster(made), "svc/api", answering("10.96.0.99", "10.96.0.99"))
    assert codes(case) == (["DNSStaleRecord"] if stale else [])
    if not stale:
        assert "less than a minute ago" in ruled_out(DNSStaleRecord, case)


def test_another_name_that_the_search_list_found_first_is_no_answer_about_the_service() -> None:
    elsewhere = answering("203.0.113.7", "10.96.0.50", canonical="api.example.com")
    case = examine(cluster(api()), "svc/api", elsewhere)
    assert codes(case) == []


def test_right_answers() -> None:
    case = examine(cluster(api()), "svc/api", answering("10.96.0.50", "10.96.0.50"))
    assert ruled_out(DNSStaleRecord, case) == f"{NAME} resolves to what Service shop/api has"
    assert codes(case) == []
