"""By which node a load balancer's address leads into a lab."""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.lab.balancers import balanced
from tests.diagnosis.builders import Manifest, cluster, endpoints, service


def objects(*nodes: str, **spec: Any) -> list[Manifest]:
    """Service api with endpoints on these nodes."""
    made = [service("api", **{"type": "LoadBalancer", **spec})]
    made += [endpoints("api", f"10.244.9.{n}", name=f"api-{n}", nodeName=node) for n, node in enumerate(nodes, 1)]
    made[0]["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {"hostname": "lb.example.com"}]}}
    return made


def test_a_node_with_an_endpoint_comes_first() -> None:
    assert balanced(cluster(objects("worker-2"))) == {parse_address("203.0.113.9"): "worker-2"}


def test_any_node_where_none_has_one() -> None:
    assert list(balanced(cluster(objects())).values()) == ["worker-1"]


def test_other_types_have_no_balancer() -> None:
    assert balanced(cluster(objects("worker-2", type="NodePort"))) == {}
