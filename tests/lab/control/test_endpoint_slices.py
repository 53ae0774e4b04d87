from __future__ import annotations

from typing import Any

from netdoctor.lab.control.reconcile import reconcile
from tests.lab.builders import container, lab, names, one, pod, service, some, workload


def serving(found: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(e["targetRef"]["name"], e["conditions"]["ready"]) for e in found["endpoints"]]


def test_ready_and_unready_pods_are_listed() -> None:
    broken = container("http:8080", readinessProbe={"tcpSocket": {"port": 1}})
    labels = {"app": "web"}
    objects = lab(service("web"), pod("good", labels=labels), pod("bad", broken, labels=labels), pod("other"))
    found = one(objects, "EndpointSlice")
    assert serving(found) == [("good", True), ("bad", False)]
    assert found["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
    assert found["endpoints"][0]["nodeName"] == objects["Pod", "shop", "good"]["spec"]["nodeName"]


def test_published_though_not_ready() -> None:
    broken = container("http:8080", readinessProbe={"tcpSocket": {"port": 1}})
    objects = lab(service("web", publishNotReadyAddresses=True), pod("bad", broken, labels={"app": "web"}))
    (endpoint,) = one(objects, "EndpointSlice")["endpoints"]
    assert endpoint["conditions"] == {"ready": True, "serving": False, "terminating": False}


def test_one_slice_for_each_number_that_a_name_has() -> None:
    def named(number: int) -> dict[str, Any]:
        return container(f"http:{number}", ports=[{"name": "web", "containerPort": number}])

    labels = {"app": "web"}
    pods = [pod("old", named(8080), labels=labels), pod("new", named(9090), labels=labels), pod("none", labels=labels)]
    objects = lab(service("web", {"port": 80, "targetPort": "web"}), *pods)
    found = {tuple(p["port"] for p in s["ports"]): serving(s) for s in some(objects, "EndpointSlice")}
    assert found == {(8080,): [("old", True)], (9090,): [("new", True)], (): [("none", True)]}


def test_one_slice_for_each_family_of_the_service() -> None:
    objects = lab(service("web", ipFamilyPolicy="PreferDualStack"), pod("web", labels={"app": "web"}), dual_stack=True)
    assert {s["addressType"] for s in some(objects, "EndpointSlice")} == {"IPv4", "IPv6"}


def test_a_service_without_pods_has_an_empty_slice_and_one_without_selector_none() -> None:
    objects = lab(service("lonely"), service("outside", selector={}))
    assert [
        (s["metadata"]["labels"]["kubernetes.io/service-name"], s["endpoints"]) for s in some(objects, "EndpointSlice")
    ] == [("lonely", [])]


def test_slices_of_others_are_left_alone() -> None:
    labels = {"kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": "operations"}
    by_hand = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-by-hand", "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.1.251"]}],
        "ports": [],
    }
    objects = lab(service("web"), by_hand)
    assert "web-by-hand" in names(some(objects, "EndpointSlice"))
    assert len(some(objects, "EndpointSlice")) == 2


def test_a_slice_keeps_its_name_when_its_endpoints_change() -> None:
    before = lab(service("web"), workload("Deployment", "web"))
    key = ("Deployment", "shop", "web")
    deployment = before[key]
    after = reconcile({**before, key: {**deployment, "spec": {**deployment["spec"], "replicas": 2}}}, past=before)
    assert names(some(after, "EndpointSlice")) == names(some(before, "EndpointSlice"))
    assert len(one(after, "EndpointSlice")["endpoints"]) == 2
