"""Services that work by one IP family only."""

from __future__ import annotations

from typing import Any

from netdoctor.diagnosis.causes.ip_families import IPFamilyMismatch
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.plan import Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    refs,
    report,
    ruled_out,
    sees,
    service,
)

SIX = "fd00:10:244:1::5"
BOTH: dict[str, Any] = {"ipFamilies": ["IPv4", "IPv6"], "clusterIPs": ["10.96.0.50", "fd00:10:96::50"]}


def dual(*, six: bool = True, **spec: Any) -> list[Manifest]:
    """Service api with both families; with `six` its pod has an address of both, in two EndpointSlices."""
    addresses = [{"ip": "10.244.1.5"}, {"ip": SIX}]
    made = [
        service("api", **{**BOTH, **spec}),
        *deployment("api"),
        pod("api-1", "10.244.1.5", owner="api", status={"podIPs": addresses}),
        endpoints("api", "10.244.1.5"),
    ]
    return [*made, endpoints("api", SIX, name="api-6") | {"addressType": "IPv6"}] if six else made


def not_by(family: str, outcome: Outcome = Outcome.REFUSED) -> See:
    """What goes to addresses of one family is refused."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return outcome if probe.host and (":" in probe.host) == (family == "IPv6") else Outcome.OK

    return see


def test_an_application_that_listens_on_ipv4_only() -> None:
    case = examine(cluster(dual()), "svc/api", not_by("IPv6"))
    one = found(IPFamilyMismatch, case)
    assert one.finding.title == "Deployment shop/api answers by IPv4 and refuses by IPv6"
    assert refs(one) == ["Deployment shop/api spec.template.spec.containers", "Pod shop/api-1"]
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert one.finding.fixes[1].patch == {"spec": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}}
    assert codes(case) == ["IPFamilyMismatch"]


def test_one_that_listens_on_ipv6_only_and_a_first_family_that_cannot_be_changed() -> None:
    one = found(IPFamilyMismatch, examine(cluster(dual()), "svc/api", not_by("IPv4")))
    assert one.finding.title == "Deployment shop/api answers by IPv6 and refuses by IPv4"
    assert one.finding.fixes[1].patch is None
    assert "the first family cannot be changed" in one.finding.fixes[1].title


def test_a_family_without_endpoints() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return Outcome.REFUSED if probe.host == "fd00:10:96::50" else Outcome.OK

    case = examine(cluster(dual(six=False)), "svc/api", see)
    one = found(IPFamilyMismatch, case)
    assert one.finding.title == "Service shop/api has an IPv6 address and no IPv6 endpoint"
    assert refs(one) == ["Service shop/api spec.ipFamilies"]
    assert "EndpointSlice shop/api-1" in {e.id for e in one.finding.evidence}
    assert codes(case) == ["IPFamilyMismatch"]


def test_endpoints_have_one_family_alone_and_prove_nothing_of_the_other() -> None:
    """Who may read Endpoints and no EndpointSlices sees the addresses of the Service's first family."""
    old = manifest("Endpoints", "api", subsets=[{"addresses": [{"ip": "10.244.1.5"}], "ports": [{"port": 8080}]}])
    made = [one for one in dual() if one["kind"] != "EndpointSlice"]
    assert codes(examine(cluster(made, old), "svc/api", sees())) == []
    assert codes(examine(cluster(made, old), "svc/api")) == []


def test_an_address_that_answers_is_served() -> None:
    assert codes(examine(cluster(dual(six=False)), "svc/api", sees())) == []


def test_a_headless_service_has_no_address_that_could_be_unserved() -> None:
    headless = dual(six=False, clusterIP="None", clusterIPs=["None"])
    assert "IPFamilyMismatch" not in codes(examine(cluster(headless), "svc/api"))


def test_both_families_that_refuse_are_another_fault() -> None:
    refused = sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED, OTHER_PROTOCOL=Outcome.TIMEOUT)
    assert codes(examine(cluster(dual()), "svc/api", refused)) == ["NothingListening"]


def test_both_families_that_answer_are_none() -> None:
    case = examine(cluster(dual()), "svc/api", sees())
    assert ruled_out(IPFamilyMismatch, case).startswith("each family has endpoints")
    assert codes(case) == []


def test_silence_is_no_refusal() -> None:
    assert "IPFamilyMismatch" not in codes(examine(cluster(dual()), "svc/api", not_by("IPv6", Outcome.TIMEOUT)))


def test_a_service_of_one_family_is_no_mismatch() -> None:
    single = dual(six=False, ipFamilies=["IPv4"], clusterIPs=["10.96.0.50"])
    assert IPFamilyMismatch().examine(examine(cluster(single), "svc/api", sees())) is None


def test_objects_alone_tell_nothing_of_the_second_family() -> None:
    probed = (container("app", 8080, readinessProbe={"httpGet": {"port": 8080}}),)
    made = dual()
    made[3:4] = [pod("api-1", "10.244.1.5", containers=probed, owner="api", status=made[3]["status"])]
    assert report(examine(cluster(made), "10.244.1.5:8080")).verdict is Verdict.HEALTHY
    assert report(examine(cluster(made), "svc/api")).verdict is Verdict.UNDETERMINED
