"""Addresses of pods that are not Ready, published."""

from __future__ import annotations

from netdoctor.diagnosis.causes.unready import UnreadyAddressesPublished
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
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
    ruled_out,
    sees,
    service,
    unless,
)

PROBED = (container("app", 8080, readinessProbe={"httpGet": {"port": 8080}}),)
LATE_REFUSES = unless(sees(VIP=Outcome.REFUSED), **{"10.244.1.6": Outcome.REFUSED})


def published(*, publish: bool = True, ready: bool = False, first_ready: bool = True) -> list[Manifest]:
    """Service api with pod api-1, and api-2 that is Ready or not; with `publish` both count as ready."""
    listed = "10.244.1.6" if publish or ready else "!10.244.1.6"
    return [
        service("api", publishNotReadyAddresses=publish),
        *deployment("api", containers=PROBED),
        pod("api-1", "10.244.1.5", containers=PROBED, ready=first_ready, owner="api"),
        pod("api-2", "10.244.1.6", containers=PROBED, ready=ready, owner="api"),
        endpoints("api", "10.244.1.5", listed),
    ]


def test_clients_are_sent_to_a_pod_that_is_not_ready_and_refuses() -> None:
    case = examine(cluster(published()), "svc/api", LATE_REFUSES)
    one = found(UnreadyAddressesPublished, case)
    assert refs(one) == ["Service shop/api spec.publishNotReadyAddresses"]
    assert "1 of 2 addresses to which Service shop/api leads" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert one.finding.fixes[0].patch == {"spec": {"publishNotReadyAddresses": None}}
    assert codes(case) == ["UnreadyAddressesPublished"]


def test_without_probes_the_pods_own_readiness_probe_of_the_port_tells() -> None:
    one = found(UnreadyAddressesPublished, examine(cluster(published()), "svc/api"))
    assert one.finding.certainty is Certainty.LIKELY


def test_a_pod_that_answers_all_the_same_is_no_fault() -> None:
    case = examine(cluster(published()), "svc/api", sees())
    assert ruled_out(UnreadyAddressesPublished, case).startswith("no pod that is published without being Ready")
    assert codes(case) == []


def test_the_service_by_which_peers_find_each_other_is_meant_so() -> None:
    peers = manifest(
        "StatefulSet",
        "api",
        "apps/v1",
        spec={"serviceName": "api", "selector": {"matchLabels": {"app": "api"}}, "template": {}},
    )
    case = examine(cluster(published(), peers), "svc/api", LATE_REFUSES)
    assert UnreadyAddressesPublished().examine(case) is None


def test_where_no_pod_is_ready_that_is_the_fault() -> None:
    case = examine(cluster(published(first_ready=False)), "svc/api", sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED))
    assert UnreadyAddressesPublished().examine(case) is None


def test_a_ready_pod_that_refuses_is_another_fault() -> None:
    case = examine(cluster(published(ready=True)), "svc/api", LATE_REFUSES)
    assert ruled_out(UnreadyAddressesPublished, case) == "each pod whose address is published is Ready"
    assert codes(case) == ["NothingListening"]


def test_without_the_field_it_does_not_apply() -> None:
    case = examine(cluster(published(publish=False)), "svc/api", sees(UNREADY=Outcome.REFUSED))
    assert UnreadyAddressesPublished().examine(case) is None
    assert codes(case) == ["SomeEndpointsNotReady"]
