"""A Service's targetPort: a wrong number, or a name that pods do not declare."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.ports import NamedPortNotFound, TargetPortMismatch
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    See,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    examine,
    found,
    listening,
    pod,
    policy,
    refs,
    ruled_out,
    sees,
    service,
)

APP = container("app", 8080)
REFUSED = sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED, OTHER_PROTOCOL=Outcome.REFUSED)
DROPPED = sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT)
REJECTED = sees(VIP=Outcome.REJECTED)
ADMITS_8080 = policy("api-in", {"app": "api"}, ingress=[{"ports": [{"port": 8080}]}])


def to_8081(one: Manifest = APP) -> list[Manifest]:
    """A Service that sends to 8081, and its pod."""
    return [
        service("api", {"port": 80, "targetPort": 8081}),
        *deployment("api", containers=(one,)),
        pod("api-1", "10.244.1.5", containers=(one,), owner="api"),
        endpoints("api", "10.244.1.5", port=8081),
    ]


def test_another_port_answers() -> None:
    case = examine(cluster(to_8081()), "svc/api", REFUSED)
    one = found(TargetPortMismatch, case)
    assert refs(one) == ["Service shop/api spec.ports[0].targetPort"]
    assert one.finding.title == "Service shop/api sends port 80 to 8081, its pods listen on 8080"
    assert "What is sent to pod api-1 is refused there, while port 8080 answers." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["TargetPortMismatch"]


def test_the_target_port_is_corrected() -> None:
    (fix,) = found(TargetPortMismatch, examine(cluster(to_8081()), "svc/api", REFUSED)).finding.fixes
    assert fix.patch == {"op": "replace", "path": "/spec/ports/0/targetPort", "value": 8080}
    assert fix.command.startswith("kubectl patch service/api -n shop --type=json -p ")


def test_the_second_port_of_a_service() -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": 9091}]
    both = (container("app", 8080, 9090),)
    slices = endpoints("api", "10.244.1.5") | {
        "ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": 9091}]
    }
    objects = [service("api", *ports), pod("api-1", "10.244.1.5", containers=both), slices]

    case = examine(cluster(objects), "svc/api:admin", REFUSED)
    assert refs(found(TargetPortMismatch, case)) == ["Service shop/api spec.ports[1].targetPort"]


def test_a_policy_that_admits_only_the_right_port() -> None:
    case = examine(cluster(to_8081(), ADMITS_8080), "svc/api", DROPPED)
    one = found(TargetPortMismatch, case)
    assert "is dropped there by a policy that admits the declared port" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["TargetPortMismatch"]


@pytest.mark.parametrize(
    ("chosen", "see", "expected"),
    [
        (policy("api-in", ingress=[]), DROPPED, ["PolicyDeniesIngress"]),
        (ADMITS_8080, sees(), ["PolicyNotEnforced"]),
        (
            ADMITS_8080,
            sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT, OTHER_PORT=Outcome.TIMEOUT),
            ["PolicyDeniesIngress"],
        ),
    ],
    ids=["admits neither port", "is not enforced", "the admitted port is silent too"],
)
def test_a_policy_that_does_not_point_to_another_port(chosen: Manifest, see: See, expected: list[str]) -> None:
    case = examine(cluster(to_8081(), chosen), "svc/api", see)
    assert codes(case) == expected


def test_a_policy_and_objects_alone() -> None:
    case = examine(cluster(to_8081(), ADMITS_8080), "svc/api")
    one = found(TargetPortMismatch, case)
    assert "while port 8080 is declared." in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["TargetPortMismatch"]


def test_a_port_that_only_the_readiness_probe_names() -> None:
    probed = container("app", readinessProbe={"httpGet": {"path": "/", "port": 8080}})
    one = found(TargetPortMismatch, examine(cluster(to_8081(probed)), "svc/api", REFUSED))
    assert one.finding.title.endswith("its pods listen on 8080")
    assert "while the readiness probe of port 8080 succeeds." in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY


def test_a_port_that_only_the_socket_table_names() -> None:
    case = examine(cluster(to_8081(container())), "svc/api", listening(("TCP", "0.0.0.0", 3000)), attach=True)
    one = found(TargetPortMismatch, case)
    assert one.finding.title.endswith("its pods listen on 3000")
    assert "while a socket listens on port 3000." in one.finding.explanation
    assert one.finding.evidence[-1].text == "inside Pod shop/api-1: listens on 0.0.0.0:3000"


def to_9443(*declared: tuple[int, str], name: str = "https") -> list[Manifest]:
    """A Service port 443 of this name that leads to 9443, and its pod with these ports (number, name)."""
    one = container("app", *({"containerPort": number, "name": called} for number, called in declared))
    slices = endpoints("api", "10.244.1.5", port=9443, port_name=name)
    port = {"name": name, "port": 443, "targetPort": 9443}
    return [service("api", port), pod("api-1", "10.244.1.5", containers=(one,)), slices]


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (((2112, "metrics"), (8443, "https")), "https"),
        (((2112, "app"), (8443, "https")), "https"),
        (((2112, "metrics"), (8443, "web")), "https"),
        (((2112, "metrics"), (8443, "tls"), (8081, "health")), ""),
        (((8443, "metrics"), (2112, "http")), "metrics"),
    ],
    ids=["the same name", "the same name among others", "no side port", "no names to compare", "a Service of metrics"],
)
def test_which_of_several_ports_is_meant(declared: tuple[tuple[int, str], ...], name: str) -> None:
    one = found(TargetPortMismatch, examine(cluster(to_9443(*declared, name=name)), "svc/api", REFUSED))
    assert one.finding.title == "Service shop/api sends port 443 to 9443, its pods listen on 8443"
    assert "while port 8443 answers." in one.finding.explanation
    assert [fix.patch for fix in one.finding.fixes] == [
        {"op": "replace", "path": "/spec/ports/0/targetPort", "value": 8443}
    ]


def test_several_ports_may_be_meant() -> None:
    case = examine(cluster(to_9443((2112, "metrics"), (8443, "web"), (8080, "grpc"))), "svc/api", REFUSED)
    one = found(TargetPortMismatch, case)
    assert one.finding.title == "Service shop/api sends port 443 to 9443, its pods listen on 8080, 8443"
    assert "while port 8080 answers, and port 8443 answers." in one.finding.explanation
    (fix,) = one.finding.fixes
    assert fix.title == "send port 443 to the port that is meant; there are 8080, 8443"
    assert fix.patch is None
    assert not fix.command
    assert codes(case) == ["TargetPortMismatch"]


def test_a_side_port_alone_is_hardly_meant() -> None:
    case = examine(cluster(to_9443((2112, "metrics"))), "svc/api", REFUSED)
    one = found(TargetPortMismatch, case)
    assert [fix.patch for fix in one.finding.fixes] == [None]
    assert one.finding.certainty is Certainty.LIKELY


def test_no_port_that_all_pods_have() -> None:
    objects = [
        service("api", {"port": 80, "targetPort": 8081}),
        pod("api-1", "10.244.1.5", containers=(container("app", 8080),)),
        pod("api-2", "10.244.2.6", containers=(container("app", 9090),)),
        endpoints("api", "10.244.1.5", "10.244.2.6", port=8081),
    ]
    one = found(TargetPortMismatch, examine(cluster(objects), "svc/api", REFUSED))
    assert one.finding.title.endswith("its pods listen on 8080, 9090")
    assert [fix.patch for fix in one.finding.fixes] == [None]


def test_a_target_port_that_nobody_declares_is_right_if_it_answers() -> None:
    case = examine(cluster(to_8081()), "svc/api", sees(OTHER_PORT=Outcome.REFUSED))
    assert ruled_out(TargetPortMismatch, case) == "the targetPort answers"
    assert codes(case) == []


def test_a_port_that_is_not_declared_proves_nothing_alone() -> None:
    case = examine(cluster(to_8081()), "svc/api")
    assert TargetPortMismatch().examine(case) is None
    assert codes(case) == []


def test_no_other_port_answers() -> None:
    refused = sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED, OTHER_PORT=Outcome.REFUSED)
    case = examine(cluster(to_8081()), "svc/api", refused)
    assert TargetPortMismatch().examine(case) is None


def test_a_declared_target_port_that_refuses_is_the_pods_fault() -> None:
    case = examine(cluster(to_8081(container("app", 8080, 8081))), "svc/api", REFUSED)
    assert TargetPortMismatch().examine(case) is None
    assert codes(case) == ["NothingListening"]


def test_a_side_port_in_a_policy_is_not_what_the_service_means() -> None:
    metrics = container("app", {"containerPort": 9090, "name": "metrics"})
    admits = policy("scrape", {"app": "api"}, ingress=[{"ports": [{"port": 9090}]}])
    case = examine(cluster(to_8081(metrics), admits), "svc/api")
    assert TargetPortMismatch().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


HTTP = {"port": 80, "targetPort": "http"}


def named(*declared: int | Manifest, **fields: Any) -> list[Manifest]:
    """A Service that wants the port http, and a pod that is Ready and no endpoint."""
    one = (container("app", *declared),)
    return [
        service("api", HTTP),
        *deployment("api", containers=one),
        pod("api-1", "10.244.1.5", containers=one, owner="api", **fields),
    ]


def test_a_name_that_no_pod_declares() -> None:
    case = examine(cluster(named(8080)), "svc/api", REJECTED)
    one = found(NamedPortNotFound, case)
    assert refs(one) == [
        "Service shop/api spec.ports[0].targetPort",
        "Deployment shop/api spec.template.spec.containers",
    ]
    assert one.finding.title == "Service shop/api wants port 'http', which Deployment shop/api does not declare"
    assert "no endpoint remains. api-1 declares 8080/TCP without a name." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["NamedPortNotFound"]


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ((8080,), 8080, "declares 8080/TCP without a name"),
        (({"containerPort": 8080, "name": "web"},), "web", "calls 8080/TCP 'web'"),
        (
            ({"containerPort": 9090, "name": "metrics"}, {"containerPort": 8080, "name": "http1"}),
            "http1",
            "calls 8080/TCP 'http1'",
        ),
    ],
    ids=["without a name", "another name", "a similar name"],
)
def test_the_service_is_led_to_what_the_pod_declares(
    declared: tuple[int | Manifest, ...], value: int | str, said: str
) -> None:
    one = found(NamedPortNotFound, examine(cluster(named(*declared)), "svc/api"))
    retarget, name = one.finding.fixes
    assert said in one.finding.explanation
    assert retarget.patch == {"op": "replace", "path": "/spec/ports/0/targetPort", "value": value}
    assert retarget.command.startswith("kubectl patch service/api -n shop --type=json -p ")
    assert name.title == "name the port 'http' in Deployment shop/api spec.template.spec.containers"


def test_the_name_of_another_protocol() -> None:
    declared = {"containerPort": 8080, "name": "http", "protocol": "UDP"}
    one = found(NamedPortNotFound, examine(cluster(named(declared)), "svc/api"))
    assert "api-1 has that name for UDP, not for TCP." in one.finding.explanation


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(named(8080)), "svc/api")
    assert found(NamedPortNotFound, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["NamedPortNotFound"]


def test_some_pods_lack_the_name() -> None:
    good = (container("app", {"containerPort": 8080, "name": "http"}),)
    objects = [*named(8080), pod("api-2", "10.244.2.6", containers=good), endpoints("api", "10.244.2.6")]
    one = found(NamedPortNotFound, examine(cluster(objects), "svc/api", sees()))
    assert "1 of its pods declare no such port and so are no endpoints of it: 1 other" in one.finding.explanation
    assert one.explains == frozenset()
    assert [fix.command for fix in one.finding.fixes] == [""]


def test_the_same_name_for_another_number_on_each_pod() -> None:
    first = (container("app", {"containerPort": 8080, "name": "http"}),)
    second = (container("app", {"containerPort": 9090, "name": "http"}),)
    objects = [
        service("api", HTTP),
        pod("api-1", "10.244.1.5", containers=first),
        pod("api-2", "10.244.2.6", containers=second),
        endpoints("api", "10.244.1.5"),
        endpoints("api", "10.244.2.6", port=9090, name="api-2"),
    ]
    case = examine(cluster(objects), "svc/api", sees())
    assert ruled_out(NamedPortNotFound, case) == "each of 2 pods declares the named port"
    assert codes(case) == []


def test_a_sidecar_may_declare_the_name() -> None:
    sidecar = container("proxy", {"containerPort": 8080, "name": "http"}, restartPolicy="Always")
    objects = named(9000, spec={"initContainers": [sidecar]})
    case = examine(cluster(objects, endpoints("api", "10.244.1.5")), "svc/api", sees())
    assert ruled_out(NamedPortNotFound, case) == "each of 1 pods declares the named port"


@pytest.mark.parametrize(
    "objects",
    [[service("api"), pod("api-1", "10.244.1.5")], [service("api", HTTP)], [service("api", HTTP, selector={})]],
    ids=["a number", "no pod", "no selector"],
)
def test_named_ports_do_not_matter(objects: list[Manifest]) -> None:
    assert NamedPortNotFound().examine(examine(cluster(objects), "svc/api")) is None
