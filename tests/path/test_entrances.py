"""NodePorts and load balancer addresses."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.path.entrances import MAX_NODES, Entrance, Way, entrances, not_swept
from netdoctor.path.path import build_path
from tests.diagnosis.builders import Manifest, api, cluster, manifest

PORT = {"port": 80, "targetPort": 8080, "nodePort": 30080}


def node(name: str, *addresses: tuple[str, str], ready: bool = True) -> Manifest:
    status = {
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "addresses": [{"type": kind, "address": address} for kind, address in addresses],
    }
    return manifest("Node", name, namespace="", status=status)


def of(*more: Manifest, source: str | None = None, status: Manifest | None = None, **spec: Any) -> tuple[Entrance, ...]:
    objects = api(PORT, **spec)
    objects[0]["status"] = status or {}
    snapshot = cluster(objects, list(more))
    path = build_path(snapshot, "svc/api", source, "shop")
    return entrances(snapshot, path, path.routes[0])


def test_the_node_port_at_each_node() -> None:
    found = of(type="NodePort")
    assert found == (
        Entrance(Way.NODE_PORT, 30080, "172.18.0.1", node="worker-1"),
        Entrance(Way.NODE_PORT, 30080, "172.18.0.2", node="worker-2"),
    )


def test_a_cluster_ip_service_has_none() -> None:
    assert of() == ()


def test_nodes_without_an_endpoint_drop_under_local() -> None:
    found = of(type="NodePort", externalTrafficPolicy="Local")
    assert {entrance.node: entrance.drops for entrance in found} == {"worker-1": False, "worker-2": True}


@pytest.mark.parametrize(("source", "used"), [(None, "10.0.0.3"), ("outside", "203.0.113.3")])
def test_from_outside_a_node_has_its_external_address(source: str | None, used: str) -> None:
    third = node("worker-3", ("InternalIP", "10.0.0.3"), ("ExternalIP", "203.0.113.3"), ("InternalIP", "fd00::3"))
    assert of(third, source=source, type="NodePort")[2].address == used


def test_both_families_of_a_service() -> None:
    third = node("worker-3", ("InternalIP", "10.0.0.3"), ("InternalIP", "fd00::3"))
    found = of(third, type="NodePort", ipFamilies=["IPv6", "IPv4"])
    assert [entrance.address for entrance in found if entrance.node == "worker-3"] == ["10.0.0.3", "fd00::3"]


def test_addresses_and_names_of_load_balancers() -> None:
    ingress = [{"ip": "203.0.113.9"}, {"ip": "203.0.113.8", "ipMode": "Proxy"}, {"hostname": "lb.example.com"}]
    found = of(type="LoadBalancer", status={"loadBalancer": {"ingress": ingress}})
    assert [(e.host, e.port, e.proxied) for e in found if e.way is Way.LOAD_BALANCER] == [
        ("203.0.113.9", 80, False),
        ("203.0.113.8", 80, True),
        ("lb.example.com", 80, True),
    ]


def test_a_sweep_has_its_bounds_and_says_so() -> None:
    many = [node(f"more-{n}", ("InternalIP", f"10.0.1.{n}")) for n in range(MAX_NODES)]
    down = node("down", ("InternalIP", "10.0.2.1"), ready=False)
    snapshot = cluster(api(PORT, type="NodePort"), many, down)
    path = build_path(snapshot, "svc/api", None, "shop")
    assert len(entrances(snapshot, path, path.routes[0])) == MAX_NODES
    assert list(not_swept(snapshot, path)) == [
        ("the NodePorts of 2 of 18 nodes", "a check probes those of 16 nodes"),
        ("the NodePorts of Node down", "it is not Ready"),
    ]
