from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.objects import Manifest
from netdoctor.lab.programs import DNS, INGRESS, TESTAPP, Program, listening_notes, programs, stood_in
from tests.lab.builders import container, lab, one, pod, some, workload


def of(*containers: dict[str, Any], **spec: Any) -> tuple[Program, ...]:
    return programs(one(lab(pod("web", *containers, **spec)), "Pod"))


def listens(found: tuple[Program, ...]) -> list[str]:
    return [str(listening) for program in found for listening in program.listens]


def test_the_test_application_runs_with_its_very_arguments() -> None:
    env = [{"name": "PORT", "value": "8080"}, {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    (program,) = of(container("http:$(PORT)", "udp:53@127.0.0.1", env=env))
    assert (program.module, program.arguments, program.because) == (TESTAPP, ("http:8080", "udp:53@127.0.0.1"), "")
    assert [(each.protocol, each.port, each.address) for each in program.listens] == [
        ("TCP", 8080, ""),
        ("UDP", 53, "127.0.0.1"),
    ]
    assert program.environment["POD_NAME"] == "web"
    assert program.environment["IP"].startswith("10.244.")


def test_any_other_image_listens_on_what_it_declares() -> None:
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 7, "protocol": "SCTP"}]
    (program,) = of(container(image="nginx:1.27", ports=ports))
    assert program.arguments == ("http:80", "udp:53")
    assert program.because == "image nginx:1.27 is not run; it listens on its declared ports 80/TCP, 53/UDP"


def test_a_probe_shows_a_port_only_if_it_passes() -> None:
    probe = {"tcpSocket": {"port": 9000}}
    ready = one(lab(pod("web", container(image="a/b:1", readinessProbe=probe))), "Pod")
    assert listens(programs(ready)) == ["9000/TCP"]
    (status,) = ready["status"]["containerStatuses"]
    unready: Manifest = {**ready, "status": {**ready["status"], "containerStatuses": [{**status, "ready": False}]}}
    assert programs(unready) == ()


def test_a_container_without_ports_runs_nothing() -> None:
    assert of(container(image="busybox:1.36", command=["sleep", "infinity"])) == ()


def test_what_does_not_run_runs_nothing() -> None:
    assert of(container("http:oops")) == ()
    assert of(container("http:80", image="netdoctor.dev/nope:1")) == ()
    assert of(container("http:80"), nodeSelector={"no": "node"}) == ()


def test_a_port_belongs_to_the_container_that_really_listens() -> None:
    sidecar = container(image="proxy:1", name="proxy", ports=[{"containerPort": 8080}, {"containerPort": 15001}])
    found = of(sidecar, container("http:8080"))
    assert [(program.container, listens((program,))) for program in found] == [
        ("proxy", ["15001/TCP"]),
        ("app", ["8080/TCP"]),
    ]


def test_the_dns_server_is_stood_in_for() -> None:
    coredns = some(lab(), "Pod", "coredns", "kube-system")[0]
    dns, rest = programs(coredns)
    assert (dns.module, listens((dns,))) == (DNS, ["53/UDP", "53/TCP"])
    assert listens((rest,)) == ["9153/TCP", "8080/TCP", "8181/TCP"]


def test_the_dns_server_listens_on_its_declared_port() -> None:
    declared = container(image="registry.k8s.io/coredns/coredns:v1.12.1") | {
        "ports": [{"name": "dns", "protocol": "UDP", "containerPort": 5353}]
    }
    dns = of(declared)[0]
    assert (dns.arguments, listens((dns,))) == (("--listen", "5353"), ["5353/UDP", "5353/TCP"])


@pytest.mark.parametrize(
    ("image", "ports", "arguments"),
    [
        ("registry.k8s.io/ingress-nginx/controller:v1.13.0@sha256:0", [], ("http:80", "https:443")),
        ("localhost:5000/traefik:v3", [("web", 8000), ("websecure", 8443)], ("http:8000", "https:8443")),
        ("netdoctor.dev/ingress:1", [("http", 8080)], ("http:8080", "https:443")),
    ],
)
def test_ingress_controllers_are_stood_in_for(
    image: str, ports: list[tuple[str, int]], arguments: tuple[str, ...]
) -> None:
    declared = [{"name": name, "containerPort": number} for name, number in ports]
    deployed = one(lab(pod("web", container(image="x/y:1", ports=declared))), "Pod")
    (own,) = deployed["spec"]["containers"]
    (program,) = programs({**deployed, "spec": {**deployed["spec"], "containers": [{**own, "image": image}]}})
    assert (program.module, program.arguments) == (INGRESS, arguments)


def test_the_processes_of_nodes_are_not_run() -> None:
    pods = [*some(lab(), "Pod", "kube-", "kube-system"), *some(lab(), "Pod", "calico", "kube-system")]
    assert len(pods) == 7
    assert [programs(each) for each in pods] == [()] * 7


def test_one_note_for_a_workload() -> None:
    nginx = container(image="nginx:1.27", ports=[{"containerPort": 80}])
    objects = lab(workload("Deployment", "web", nginx, replicas=3), pod("bare", container("sleep")))
    notes = [note for note in listening_notes(objects) if "kube-system" not in note]
    assert notes == ["Deployment shop/web: image nginx:1.27 is not run; it listens on its declared ports 80/TCP"]


def test_what_every_lab_stands_in_for_is_no_news_and_long_lists_are_cut() -> None:
    nginx = container(image="nginx:1.27", ports=[{"containerPort": 80}])
    lines = stood_in(lab(*(pod(f"web-{number}", nginx) for number in range(12))))
    assert len(lines) == 9
    assert lines[-1] == "and 4 more workloads whose images are not run"
    assert not any("coredns" in line for line in lines)
