"""Load balancers without an address, and those that leave clients out."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.load_balancers import LoadBalancerPending, LoadBalancerSourceRangeExcludesClient
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.model.probe import Observation, Outcome
from netdoctor.model.report import Certainty, Verdict
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    deployment,
    event,
    examine,
    found,
    refs,
    ruled_out,
    sees,
)

PORT = {"port": 80, "targetPort": 8080, "nodePort": 30080}
RANGES = {"loadBalancerSourceRanges": ["198.51.100.0/24", "2001:db8::/32"]}


def balanced(*ingress: Manifest, **spec: Any) -> list[Manifest]:
    """Service api of type LoadBalancer with these addresses."""
    objects = api(PORT, type="LoadBalancer", **spec)
    objects[0]["status"] = {"loadBalancer": {"ingress": list(ingress)}}
    return objects


def silent(address: str = "") -> Observation:
    """A timeout, seen with this address of its own."""
    return Observation("", Outcome.TIMEOUT, 1.0, detail={"localAddress": address} if address else {})


def test_no_address_and_nobody_to_give_one() -> None:
    refused = event("api", "SyncLoadBalancerFailed", "quota exceeded", kind="Service")
    case = examine(cluster(balanced(), refused), "svc/api", sees())
    one = found(LoadBalancerPending, case)
    assert refs(one) == ["Service shop/api status.loadBalancer"]
    assert "No load balancer controller is among the cluster's workloads" in one.finding.explanation
    assert one.finding.evidence[1].text == "SyncLoadBalancerFailed: quota exceeded"
    assert codes(case) == ["LoadBalancerPending"]
    hop = next(hop for hop in diagnose(case).hops if hop.name == "LoadBalancer")
    assert hop.ok is False


def test_a_controller_that_is_there() -> None:
    controller = deployment("metallb-controller")
    one = found(LoadBalancerPending, examine(cluster(balanced(), controller), "svc/api"))
    assert "metallb-controller is there for it" in one.finding.explanation


def test_a_class_of_its_own() -> None:
    one = found(LoadBalancerPending, examine(cluster(balanced(loadBalancerClass="example.com/lb")), "svc/api"))
    assert "Only a controller for spec.loadBalancerClass example.com/lb" in one.finding.explanation


@pytest.mark.parametrize("given", [{"ip": "203.0.113.9"}, {"hostname": "lb.example.com"}])
def test_an_address_or_a_name(given: Manifest) -> None:
    case = examine(cluster(balanced(given)), "svc/api", sees())
    assert ruled_out(LoadBalancerPending, case) == f"it has {next(iter(given.values()))}"
    assert diagnose(case).verdict is Verdict.HEALTHY


@pytest.mark.parametrize(
    "objects", [balanced(clusterIP=""), api(PORT, type="NodePort")], ids=["not applied yet", "another type"]
)
def test_what_waits_for_nothing(objects: list[Manifest]) -> None:
    assert LoadBalancerPending().examine(examine(cluster(objects), "svc/api")) is None


@pytest.mark.parametrize("client", ["192.0.2.7", ""])
def test_a_client_in_no_range(client: str) -> None:
    objects = cluster(balanced({"ip": "203.0.113.9"}, **RANGES))
    case = examine(objects, "svc/api", sees(LOAD_BALANCER=silent(client)), source="outside")
    one = found(LoadBalancerSourceRangeExcludesClient, case)
    assert refs(one) == ["Service shop/api spec.loadBalancerSourceRanges"]
    assert one.finding.certainty is (Certainty.CERTAIN if client else Certainty.LIKELY)
    assert [fix.patch and fix.patch["value"] for fix in one.finding.fixes] == (["192.0.2.7/32"] if client else [])
    assert codes(case) == ["LoadBalancerSourceRangeExcludesClient"]


def test_a_client_in_a_range_fails_for_another_reason() -> None:
    objects = cluster(balanced({"ip": "203.0.113.9"}, **RANGES))
    case = examine(objects, "svc/api", sees(LOAD_BALANCER=silent("198.51.100.7")), source="outside")
    assert ruled_out(LoadBalancerSourceRangeExcludesClient, case) == "198.51.100.7 is in the ranges"
    assert diagnose(case).verdict is Verdict.UNDETERMINED


def test_a_client_that_is_answered() -> None:
    objects = cluster(balanced({"ip": "203.0.113.9"}, **RANGES))
    case = examine(objects, "svc/api", sees(), source="outside")
    assert ruled_out(LoadBalancerSourceRangeExcludesClient, case) == "the load balancer answers this client"


def test_ranges_are_not_about_pods() -> None:
    case = examine(cluster(balanced({"ip": "203.0.113.9"}, **RANGES)), "svc/api", sees(LOAD_BALANCER=silent()))
    assert LoadBalancerSourceRangeExcludesClient().examine(case) is None
    assert diagnose(case).verdict is Verdict.HEALTHY


def test_a_refusal_is_no_filter() -> None:
    objects = cluster(balanced({"ip": "203.0.113.9"}, **RANGES))
    case = examine(objects, "svc/api", sees(LOAD_BALANCER=Outcome.REFUSED), source="outside")
    assert codes(case) == []
