"""A Service that does not exist, or not on that port, or as a headless one."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.service import HeadlessPortMismatch, ServiceNotFound, ServicePortMissing
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    container,
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

UNKNOWN = sees(
    NAME=Outcome.UNRESOLVABLE, DNS_VIP=Outcome.UNRESOLVABLE, DNS_SERVER=Outcome.UNRESOLVABLE, HOST=Outcome.UNRESOLVABLE
)


def in_namespace(name: str, namespace: str) -> Manifest:
    return manifest("Service", name, namespace=namespace, spec={"clusterIP": "10.96.0.51", "ports": [{"port": 80}]})


def test_a_name_that_no_service_has() -> None:
    case = examine(cluster(api()), "svc/appi:80", UNKNOWN)
    one = found(ServiceNotFound, case)
    assert refs(one) == ["Service shop/appi"]
    assert one.finding.title == "namespace shop has no Service appi"
    assert "There is api." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert [fix.command for fix in one.finding.fixes] == [
        "netdoctor check svc/api -n shop",
        "kubectl get services -n shop",
    ]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["ServiceNotFound"]


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(api()), "svc/appi")
    assert found(ServiceNotFound, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["ServiceNotFound"]


def test_a_namespace_that_does_not_exist() -> None:
    explanation = found(ServiceNotFound, examine(cluster(), "http://api.shp.svc.cluster.local")).finding.explanation
    assert "Nor is there a namespace shp." in explanation


def test_no_similar_name() -> None:
    explanation = found(ServiceNotFound, examine(cluster(api()), "svc/payments")).finding.explanation
    assert "none with a similar name" in explanation


def test_a_service_of_that_name_elsewhere_is_another_cause() -> None:
    case = examine(cluster(in_namespace("api", "other")), "svc/api:80", UNKNOWN)
    assert "Namespace other has one of that name." in found(ServiceNotFound, case).finding.explanation
    assert codes(case) == ["WrongNamespaceInName"]


def test_services_that_could_not_be_read_are_not_absent() -> None:
    snapshot = cluster(unread=(Unread("Service", "", "forbidden"),))
    assert ServiceNotFound().examine(examine(snapshot, "api.shop:80", UNKNOWN)) is None


def test_ruled_out_by_the_service() -> None:
    assert ruled_out(ServiceNotFound, examine(cluster(api()), "svc/api", sees())) == "Service shop/api exists"


@pytest.mark.parametrize("target", ["pod/api-1:8080", "example.com:443", "192.0.2.1:443"])
def test_does_not_apply_to_other_targets(target: str) -> None:
    case = examine(cluster(pod("api-1", "10.244.1.5")), target)
    assert ServiceNotFound().examine(case) is None
    assert ServicePortMissing().examine(case) is None
    assert HeadlessPortMismatch().examine(case) is None


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.REFUSED, Outcome.REJECTED])
def test_a_port_that_the_service_does_not_list(outcome: Outcome) -> None:
    case = examine(cluster(api()), "svc/api:443", sees(VIP=outcome))
    one = found(ServicePortMissing, case)
    assert refs(one) == ["Service shop/api spec.ports"]
    assert one.finding.title == "Service shop/api has no port 443; it has 80/TCP"
    assert one.finding.certainty is Certainty.CERTAIN
    assert [fix.title for fix in one.finding.fixes] == ["connect to port 80"]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["ServicePortMissing"]


NODE_PORT: Manifest = {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("8080", "8080 is the port of its pods; clients of the Service use 80."),
        ("30080", "30080 is the node port of 80: it belongs to the nodes' addresses."),
        ("grpc", "kube-proxy forwards the listed ports only: 80/TCP (http)."),
    ],
)
def test_what_the_port_is_instead(asked: str, said: str) -> None:
    case = examine(cluster(service("api", NODE_PORT, type="NodePort")), f"svc/api:{asked}")
    one = found(ServicePortMissing, case)
    assert one.finding.explanation.endswith(said)
    assert one.finding.certainty is Certainty.LIKELY


def test_a_port_is_added_where_all_have_names() -> None:
    case = examine(cluster(service("api", NODE_PORT)), "svc/api:9090", sees(VIP=Outcome.REFUSED))
    add = found(ServicePortMissing, case).finding.fixes[-1]
    assert add.patch == {
        "op": "add",
        "path": "/spec/ports/-",
        "value": {"name": "port-9090", "port": 9090, "protocol": "TCP", "targetPort": 9090},
    }
    assert add.command.startswith("kubectl patch service/api -n shop --type=json -p ")


@pytest.mark.parametrize("asked", ["80", "http"])
def test_a_port_that_it_has(asked: str) -> None:
    case = examine(cluster(service("api", NODE_PORT)), f"svc/api:{asked}", sees(VIP=Outcome.REFUSED))
    assert ruled_out(ServicePortMissing, case) == f"Service shop/api has port {asked}"


def test_a_port_that_answers_all_the_same() -> None:
    assert ruled_out(ServicePortMissing, examine(cluster(api()), "svc/api:443", sees())) == "port 443 answers"


def headless(
    *ports: Manifest, containers: tuple[Manifest, ...] = (container("app", 8080),), **spec: Any
) -> list[Manifest]:
    """The Service api without a ClusterIP."""
    return api(*ports, containers=containers, clusterIP="None", **spec)


def test_a_headless_service_does_not_need_to_list_a_port() -> None:
    case = examine(cluster(headless()), "svc/api:8080", sees())
    assert ruled_out(ServicePortMissing, case) == "port 8080 answers"
    assert ServicePortMissing().examine(examine(cluster(headless()), "svc/api:8080")) is None


def test_a_headless_services_port_that_fails_too() -> None:
    case = examine(cluster(headless()), "svc/api:443", sees(HOST=Outcome.REFUSED))
    one = found(ServicePortMissing, case)
    assert not one.proven
    assert codes(case) == ["ServicePortMissing"]


def test_nothing_translates_a_headless_services_port() -> None:
    case = examine(cluster(headless()), "svc/api", sees(HEADLESS_PORT=Outcome.REFUSED))
    one = found(HeadlessPortMismatch, case)
    assert refs(one) == ["Service shop/api spec.ports[0].port"]
    assert one.finding.title == "Service shop/api is headless, so nothing translates its port 80 to 8080"
    assert "Clients have to use port 8080." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    (fix,) = one.finding.fixes
    assert fix.patch == {"op": "replace", "path": "/spec/ports/0/port", "value": 8080}
    assert fix.command.startswith("kubectl patch service/api -n shop --type=json -p ")
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["HeadlessPortMismatch"]


def test_headless_and_objects_alone() -> None:
    case = examine(cluster(headless()), "svc/api")
    one = found(HeadlessPortMismatch, case)
    assert one.finding.certainty is Certainty.LIKELY
    assert one.proven


def test_pods_that_serve_both_ports() -> None:
    both = headless(containers=(container("app", 8080, 80),))
    case = examine(cluster(both), "svc/api", sees())
    assert ruled_out(HeadlessPortMismatch, case) == "the pods answer on the Service's port too"
    assert codes(case) == []
    assert HeadlessPortMismatch().examine(examine(cluster(both), "svc/api")) is None


def test_equal_ports() -> None:
    same = headless({"port": 8080, "targetPort": 8080})
    case = examine(cluster(same), "svc/api", sees())
    assert ruled_out(HeadlessPortMismatch, case) == "port and targetPort are the same"


def test_pods_that_answer_on_neither_port() -> None:
    refused = sees(BACKEND=Outcome.REFUSED, HEADLESS_PORT=Outcome.REFUSED, OTHER_PROTOCOL=Outcome.REFUSED)
    case = examine(cluster(headless()), "svc/api", refused)
    assert HeadlessPortMismatch().examine(case) is None
    assert "HeadlessPortMismatch" not in codes(case)


def one_port_each() -> list[Manifest]:
    """A headless Service whose named targetPort is 80 on its first pod and 8080 on its second."""
    return [
        service("api", {"port": 80, "targetPort": "http"}, clusterIP="None"),
        pod("api-1", "10.244.1.5", containers=(container("app", {"containerPort": 80, "name": "http"}),)),
        pod("api-2", "10.244.2.6", containers=(container("app", {"containerPort": 8080, "name": "http"}),)),
        endpoints("api", "10.244.1.5", port=80),
        endpoints("api", "10.244.2.6", name="api-2"),
    ]


def test_ports_that_differ_per_pod() -> None:
    case = examine(cluster(one_port_each()), "svc/api", sees(HEADLESS_PORT=Outcome.REFUSED))
    one = found(HeadlessPortMismatch, case)
    assert one.finding.title == "Service shop/api is headless, so nothing translates its port 80 to 8080"
    assert "reach pod api-2 (10.244.2.6:8080) on 80. That listens on 8080" in one.finding.explanation
    (fix,) = one.finding.fixes
    assert fix.title == "let all its pods listen on port 80"
    assert fix.patch is None
    assert codes(case) == ["HeadlessPortMismatch"]


def test_a_pod_of_another_port_that_answers_on_neither() -> None:
    see = unless(sees(), **{"10.244.2.6": Outcome.REFUSED})
    assert HeadlessPortMismatch().examine(examine(cluster(one_port_each()), "svc/api", see)) is None


def test_a_cluster_ip_translates() -> None:
    assert HeadlessPortMismatch().examine(examine(cluster(api()), "svc/api", sees())) is None


def test_the_port_of_the_second_entry() -> None:
    ports = [{"name": "http", "port": 8080}, {"name": "admin", "port": 81, "targetPort": 9090}]
    slices = endpoints("api", "10.244.1.5") | {
        "ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": 9090}]
    }
    objects = [service("api", *ports, clusterIP="None"), pod("api-1", "10.244.1.5"), slices]
    case = examine(cluster(objects), "svc/api", sees(HEADLESS_PORT=Outcome.TIMEOUT))
    assert refs(found(HeadlessPortMismatch, case)) == ["Service shop/api spec.ports[1].port"]
