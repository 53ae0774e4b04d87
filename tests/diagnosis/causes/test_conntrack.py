"""Flows that the kernel remembers too long, and queries that race for being remembered."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.conntrack import DNSConntrackRace, StaleConntrack
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty, Fix, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    cluster_dns,
    codes,
    examine,
    found,
    pod,
    refs,
    report,
    ruled_out,
    sampled,
    sees,
    tries,
    web,
)

UDP = {"port": 5060, "targetPort": 8080, "protocol": "UDP"}


def sip() -> list[Manifest]:
    """The Service over UDP."""
    ports = [{"name": "", "port": 8080, "protocol": "UDP"}]
    return [{**one, "ports": ports} if one["kind"] == "EndpointSlice" else one for one in api(UDP)]


def check(see: See, source: str = "pod/phone", attach: bool = True) -> Case:
    phone = pod("phone", "10.244.2.9", {"app": "phone"})
    return examine(cluster(sip(), phone), "svc/api", see, source=source, attach=attach, source_port=5061)


def ports(fixed: int = 0, new: int = 0, single: See | None = None) -> See:
    """Of 4 tries from the source port so many are lost, and so many of 10 from new ones."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.FIXED_PORT:
            return tries(probe, fixed, of=4)
        return sampled(single, VIP_SAMPLE=new)(aimed, probe, position)

    return see


def test_the_old_port_is_silent_and_new_ones_are_answered() -> None:
    case = check(ports(fixed=4))
    one = found(StaleConntrack, case)
    assert one.finding.title == (
        "what is sent to Service shop/api from source port 5061 is not answered, from new ports it is"
    )
    assert "4 of 4 datagrams to 10.96.0.50:5060 from source port 5061 got no answer" in one.finding.explanation
    assert "0 of 10 datagrams from new ports got no answer (0 %, 95 % bound 0.0-30.8 %)" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert refs(one) == ["Node worker-2"]
    (fix,) = one.finding.fixes
    assert fix.command.endswith("conntrack -D -p udp --orig-port-src 5061 --orig-dst 10.96.0.50 --orig-src 10.244.2.9")
    assert codes(case) == ["StaleConntrack"]
    assert not report(case).unexplained


def test_a_stand_in_has_another_address_so_that_it_is_only_possible() -> None:
    assert found(StaleConntrack, check(ports(fixed=4), attach=False)).finding.certainty is Certainty.POSSIBLE


def test_a_server_that_answers_nobody_is_no_stale_entry() -> None:
    silent = sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.REFUSED)
    case = check(ports(fixed=4, new=10, single=silent))
    assert ruled_out(StaleConntrack, case).startswith("10 of 10 datagrams from new source ports got no answer either")
    assert codes(case) == []
    assert report(case).verdict is not Verdict.UNHEALTHY


def test_an_old_port_that_is_answered_sometimes_has_no_stale_entry() -> None:
    assert ruled_out(StaleConntrack, check(ports(fixed=3))).startswith(
        "3 of 4 datagrams from source port 5061 got no answer (75 %"
    )


def test_without_a_port_to_ask_from_nothing_is_said() -> None:
    assert StaleConntrack().examine(examine(cluster(sip()), "svc/api", sampled())) is None


def queries(halves: int, both: int = 0, alone: int = 0, of: int = 40) -> See:
    """Of so many pairs some lose one half, some both; of as many single queries some get no answer."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.DNS_PAIRS:
            lost = {name: count for name, count in (("AAAA", halves), ("both", both)) if count}
            return tries(probe, halves + both, of=of, lost=lost)
        return sampled(DNS_SINGLES=alone, of=of)(aimed, probe, position)

    return see


def ask(see: See) -> Case:
    return examine(
        cluster(api(), web(), dns=cluster_dns("10.244.2.2", "10.244.1.2")), "svc/api", see, source="deploy/web"
    )


def test_pairs_lose_one_half_and_single_queries_nothing() -> None:
    case = ask(queries(halves=6))
    one = found(DNSConntrackRace, case)
    assert one.finding.title == ("12 of 80 pairs of DNS queries lost one of the two (15 %, 95 % bound 8.0-24.7 %)")
    assert "one by one, 0 of 80 queries got no answer (0 %, 95 % bound 0.0-4.5 %)" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert refs(one) == ["Node worker-1", "Node worker-2"]
    (fix,) = one.finding.fixes
    assert _dns_config(fix) == {"options": [{"name": "single-request-reopen"}]}
    assert codes(case) == ["DNSConntrackRace"]
    assert not report(case).unexplained


def test_the_options_that_a_workload_has_are_kept() -> None:
    asking = web(dnsConfig={"searches": ["corp.example"], "options": [{"name": "ndots", "value": "2"}]})
    servers = cluster_dns("10.244.2.2", "10.244.1.2")
    case = examine(cluster(api(), asking, dns=servers), "svc/api", queries(halves=6), source="deploy/web")
    (fix,) = found(DNSConntrackRace, case).finding.fixes
    assert "--type=merge" in fix.command, "what else dnsConfig has stays"
    assert _dns_config(fix) == {"options": [{"name": "ndots", "value": "2"}, {"name": "single-request-reopen"}]}


def _dns_config(fix: Fix) -> Any:
    assert fix.patch is not None
    return fix.patch["spec"]["template"]["spec"]["dnsConfig"]


@pytest.mark.parametrize(
    ("see", "because"),
    [
        (queries(halves=6, alone=5), "10 of 80 single queries got no answer"),
        (queries(halves=6, both=9), "and 18 lost both"),
        (queries(halves=0), "0 of 80 pairs of DNS queries lost one of the two (0 %, 95 % bound 0.0-4.5 %)"),
        (queries(halves=1, of=200), "2 of 400 pairs of DNS queries lost one of the two (0.5 %"),
    ],
)
def test_what_looks_like_it(see: See, because: str) -> None:
    case = ask(see)
    assert because in ruled_out(DNSConntrackRace, case)
    assert "DNSConntrackRace" not in codes(case)


def test_queries_that_an_overloaded_server_loses_are_told_with_their_number() -> None:
    told = report(ask(queries(halves=6, both=6, alone=7)))
    assert told.verdict is Verdict.UNDETERMINED
    assert "7 of 40 DNS queries timed out (17.5 %, 95 % bound 7.3-32.8 %)" in told.summary


def test_without_samples_it_does_not_apply() -> None:
    assert DNSConntrackRace().examine(ask(sees())) is None
