"""EndpointSlices that list an address behind which nobody is."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.stale import StaleEndpoint
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    cluster,
    codes,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    policy,
    refs,
    ruled_out,
    sees,
    service,
    unless,
)

GONE = "10.244.1.9"
SOME_FAIL = unless(sees(VIP=Outcome.TIMEOUT), **{GONE: Outcome.TIMEOUT})


def listed(address: str = GONE, **fields: Any) -> list[Manifest]:
    """A Service with a live pod and a second address."""
    second = endpoints("api", address, name="api-by-hand", **fields)
    return [service("api"), pod("api-1", "10.244.1.5"), endpoints("api", "10.244.1.5"), second]


def outside(**spec: Any) -> list[Manifest]:
    """A Service that somebody fills by hand, with an address outside the cluster."""
    return [service("api", selector={}, **spec), endpoints("api", "192.0.2.1")]


def test_a_pods_address_that_no_pod_has() -> None:
    case = examine(cluster(listed()), "svc/api", SOME_FAIL)
    one = found(StaleEndpoint, case)
    assert refs(one) == ["EndpointSlice shop/api-by-hand endpoints[0]"]
    assert one.finding.title == (
        "EndpointSlice shop/api-by-hand lists 10.244.1.9:8080, a pod's address that no pod has"
    )
    assert "has 2 endpoints that count as ready, and behind 1 of them nobody answers" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["StaleEndpoint"]


def test_the_address_is_taken_out_of_the_slice() -> None:
    objects = [service("api"), pod("api-1", "10.244.1.5"), endpoints("api", "10.244.1.5", GONE)]
    (fix,) = found(StaleEndpoint, examine(cluster(objects), "svc/api", SOME_FAIL)).finding.fixes
    assert fix.title == "take 10.244.1.9 out of EndpointSlice shop/api-1"
    assert fix.patch == {"op": "remove", "path": "/endpoints/1"}
    assert fix.command.startswith("kubectl patch endpointslice/api-1 -n shop --type=json -p ")


def by_endpoints(*addresses: str, **others: Any) -> list[Manifest]:
    """A Service with a live pod whose Endpoints list these addresses, and that has no EndpointSlice."""
    ports = [{"port": 8080, "protocol": "TCP"}]
    subset = {"addresses": [{"ip": address} for address in addresses], "ports": ports, **others}
    first = {"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 9090, "protocol": "TCP", "name": "v6"}]}
    return [service("api"), pod("api-1", "10.244.1.5"), manifest("Endpoints", "api", subsets=[first, subset])]


def test_endpoints_that_no_slice_mirrors() -> None:
    one = found(StaleEndpoint, examine(cluster(by_endpoints("10.244.1.5", GONE)), "svc/api", SOME_FAIL))
    assert refs(one) == ["Endpoints shop/api subsets[1].addresses[1]"]
    assert one.finding.title == "Endpoints shop/api lists 10.244.1.9:8080, a pod's address that no pod has"
    (fix,) = one.finding.fixes
    assert fix.title == "take 10.244.1.9 out of Endpoints shop/api"
    assert fix.patch == {"op": "remove", "path": "/subsets/1/addresses/1"}
    assert fix.command.startswith("kubectl patch endpoints/api -n shop --type=json -p ")


def test_a_subset_without_addresses_is_not_valid() -> None:
    one = found(StaleEndpoint, examine(cluster(by_endpoints(GONE)), "svc/api", sees(Outcome.TIMEOUT)))
    assert refs(one) == ["Endpoints shop/api subsets[1]"]
    assert one.finding.fixes[0].patch == {"op": "remove", "path": "/subsets/1"}


def test_a_subset_with_an_address_that_is_not_ready_stays() -> None:
    objects = by_endpoints(GONE, notReadyAddresses=[{"ip": "10.244.1.5"}])
    one = found(StaleEndpoint, examine(cluster(objects), "svc/api", sees(Outcome.TIMEOUT)))
    assert one.finding.fixes[0].patch == {"op": "remove", "path": "/subsets/1/addresses/0"}


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(listed()), "svc/api")
    assert found(StaleEndpoint, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["StaleEndpoint"]


@pytest.mark.parametrize(
    ("target", "because"),
    [
        ({"kind": "Pod", "name": "api-0", "namespace": "shop"}, "but its pod api-0 is gone"),
        ({"kind": "Pod", "name": "api-1"}, "but its pod api-1 has 10.244.1.5"),
        ({"kind": "Pod", "name": "api-2", "namespace": "shop"}, "but its pod api-2 has no address"),
    ],
)
def test_what_became_of_the_pod_that_is_named(target: Manifest, because: str) -> None:
    case = examine(cluster(listed(targetRef=target), pod("api-2")), "svc/api", SOME_FAIL)
    assert because in found(StaleEndpoint, case).finding.title


def test_an_address_of_a_pod_that_has_finished() -> None:
    finished = pod("api-0", GONE, status={"phase": "Succeeded"})
    case = examine(cluster(listed(), finished), "svc/api", SOME_FAIL)
    assert "a pod's address that no pod has" in found(StaleEndpoint, case).finding.title


def test_each_port_of_the_address_is_the_same_defect() -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": 8081}]
    slices = endpoints("api", GONE) | {"ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": 8081}]}
    one = found(StaleEndpoint, examine(cluster(service("api", *ports), slices), "svc/api"))
    assert refs(one) == ["EndpointSlice shop/api-1 endpoints[0]"]
    assert len(one.finding.fixes) == 1


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.REJECTED, Outcome.REFUSED])
def test_an_address_outside_that_does_not_answer(outcome: Outcome) -> None:
    case = examine(cluster(outside()), "svc/api", sees(VIP=outcome, BACKEND=outcome))
    one = found(StaleEndpoint, case)
    assert f"lists 192.0.2.1:8080, where nobody answers ({outcome})" in one.finding.title
    assert one.finding.certainty is Certainty.LIKELY
    assert not one.proven


def test_an_address_outside_that_answers_is_right() -> None:
    case = examine(cluster(outside()), "svc/api", sees())
    assert ruled_out(StaleEndpoint, case) == "each of 1 listed addresses is a live pod's, or answers"
    assert codes(case) == []


def test_without_a_probe_an_address_outside_is_believed() -> None:
    case = examine(cluster(outside()), "svc/api")
    assert ruled_out(StaleEndpoint, case) == "each of 1 listed addresses is a live pod's, or answers"


def test_an_address_that_a_policy_keeps_the_source_from_proves_nothing() -> None:
    dns = {"ports": [{"port": 53, "protocol": "UDP"}]}
    case = examine(
        cluster(outside(), policy("out", egress=[dns])), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT)
    )
    assert codes(case) == ["PolicyDeniesEgress"]


def test_silence_on_udp_proves_nothing() -> None:
    by_udp = outside(ports=[{"port": 80, "targetPort": 8080, "protocol": "UDP"}])
    by_udp[1]["ports"][0]["protocol"] = "UDP"
    case = examine(cluster(by_udp), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
    assert ruled_out(StaleEndpoint, case) == "each of 1 listed addresses is a live pod's, or answers"


def test_a_live_pod_that_is_silent_is_not_stale() -> None:
    objects = [service("api"), pod("api-1", "10.244.1.5"), endpoints("api", "10.244.1.5")]
    case = examine(cluster(objects), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
    assert ruled_out(StaleEndpoint, case) == "each of 1 listed addresses is a live pod's, or answers"


def test_pods_that_could_not_be_read_are_not_absent() -> None:
    snapshot = cluster(listed(), unread=(Unread("Pod", "", "forbidden"),))
    assert "StaleEndpoint" not in codes(examine(snapshot, "svc/api", SOME_FAIL))
    by_hand = cluster(outside(), unread=(Unread("Pod", "", "forbidden"),))
    see = sees(BACKEND=Outcome.REFUSED, OTHER_PROTOCOL=Outcome.TIMEOUT)
    assert codes(examine(by_hand, "svc/api", see)) == ["StaleEndpoint"]


def test_an_address_that_counts_as_not_ready_gets_no_connection() -> None:
    objects = [service("api"), pod("api-1", "10.244.1.5"), endpoints("api", "10.244.1.5", f"!{GONE}")]
    ruled_out(StaleEndpoint, examine(cluster(objects), "svc/api", sees()))


def test_does_not_apply_to_pods() -> None:
    case = examine(cluster(pod("api-1", "10.244.1.5")), "pod/api-1:8080", sees(Outcome.TIMEOUT))
    assert StaleEndpoint().examine(case) is None
