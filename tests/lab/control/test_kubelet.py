from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.objects import Objects
from tests.lab.builders import container, is_ready, lab, one, pod, reason, some

READY = {"httpGet": {"path": "/", "port": 8080}}


def events(objects: Objects) -> list[tuple[str, str]]:
    return [(event["reason"], event["message"]) for event in some(objects, "Event")]


def test_a_pod_that_runs() -> None:
    web = one(lab(pod("web", container("http:8080", readinessProbe=READY))), "Pod")
    assert is_ready(web)
    assert web["status"]["phase"] == "Running"
    assert web["status"]["podIPs"] == [{"ip": web["status"]["podIP"]}]
    assert web["status"]["podIP"].startswith("10.244.")


def test_both_families_where_the_lab_has_both() -> None:
    first, second = (entry["ip"] for entry in one(lab(pod("web"), dual_stack=True), "Pod")["status"]["podIPs"])
    assert (first[:7], second[:12]) == ("10.244.", "fd00:10:244:")


def test_a_pod_in_the_hosts_network_has_its_nodes_address() -> None:
    web = one(lab(pod("web", hostNetwork=True, nodeName="worker-1")), "Pod")
    assert web["status"]["podIP"] == web["status"]["hostIP"] == "172.18.0.3"


@pytest.mark.parametrize(
    ("app", "waits", "said"),
    [
        (
            container(image="nonexistent.local/x:1", imagePullPolicy="Never"),
            "ErrImageNeverPull",
            'Container image "nonexistent.local/x:1" is not present with pull policy of Never',
        ),
        (container(image="netdoctor.dev/nope:1"), "ImagePullBackOff", 'Back-off pulling image "netdoctor.dev/nope:1"'),
        (container(image="Not An Image"), "InvalidImageName", "Error: InvalidImageName"),
        (
            container("sleep", env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "a"}}}]),
            "CreateContainerConfigError",
            'Error: configmap "absent" not found',
        ),
        (
            container("sleep", envFrom=[{"secretRef": {"name": "absent"}}]),
            "CreateContainerConfigError",
            'Error: secret "absent" not found',
        ),
    ],
)
def test_a_container_that_is_never_started(app: dict[str, Any], waits: str, said: str) -> None:
    objects = lab(pod("web", app))
    web = one(objects, "Pod")
    assert (web["status"]["phase"], reason(web), is_ready(web)) == ("Pending", waits, False)
    assert said in [message for _, message in events(objects)]


def test_a_reference_that_may_lead_nowhere() -> None:
    optional = {"name": "absent", "optional": True}
    assert is_ready(one(lab(pod("web", container("sleep", envFrom=[{"secretRef": optional}]))), "Pod"))


def test_a_volume_of_a_missing_config_map_keeps_everything_waiting_until_it_is_there() -> None:
    objects = lab(pod("web", volumes=[{"name": "config", "configMap": {"name": "absent"}}]))
    assert reason(one(objects, "Pod")) == "ContainerCreating"
    said = 'MountVolume.SetUp failed for volume "config" : configmap "absent" not found'
    assert events(objects) == [("FailedMount", said)]
    key = ("ConfigMap", "shop", "absent")
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "absent", "namespace": "shop"}}
    after = reconcile({**objects, key: made}, past=objects)
    assert is_ready(one(after, "Pod"))
    assert events(after) == []


@pytest.mark.parametrize(
    ("apps", "code"),
    [
        ([container("http:eighty")], 2),
        ([container("http:8080@192.0.2.1")], 1),  # an address that the pod does not have
        ([container(image="busybox:1.36", command=["sh", "-c", "exit 3"])], 3),
        ([container(image="busybox:1.36", command=["true"])], 0),
    ],
)
def test_a_container_that_ends_is_restarted_for_ever(apps: list[dict[str, Any]], code: int) -> None:
    objects = lab(pod("web", *apps))
    web = one(objects, "Pod")
    (status,) = web["status"]["containerStatuses"]
    assert (reason(web), web["status"]["phase"]) == ("CrashLoopBackOff", "Running")
    assert status["lastState"]["terminated"]["exitCode"] == code
    (event,) = events(objects)
    assert event[1].startswith("Back-off restarting failed container app in pod web_shop(")


def test_two_containers_cannot_have_the_same_port() -> None:
    web = one(lab(pod("web", container("http:8080"), container("tcp:8080", name="second"))), "Pod")
    first, second = web["status"]["containerStatuses"]
    assert (first["ready"], second["state"]["waiting"]["reason"]) == (True, "CrashLoopBackOff")


def test_one_port_on_two_addresses_is_two() -> None:
    apps = container("http:8080@127.0.0.1"), container("tcp:8080@127.0.0.2", name="second")
    assert is_ready(one(lab(pod("web", *apps)), "Pod"))


@pytest.mark.parametrize(
    ("listens", "probe", "said"),
    [
        ("http:8080", {"httpGet": {"path": "/status/503", "port": 8080}}, "HTTP probe failed with statuscode: 503"),
        ("http:8080@127.0.0.1", READY, 'Get "http://IP:8080/": dial tcp IP:8080: connect: connection refused'),
        ("udp:8080", {"tcpSocket": {"port": 8080}}, "dial tcp IP:8080: connect: connection refused"),
        ("tls:8080", READY, 'Get "http://IP:8080/": EOF'),
        ("http:8080", {"exec": {"command": ["false"]}}, ""),
    ],
)
def test_a_readiness_probe_that_does_not_pass(listens: str, probe: dict[str, Any], said: str) -> None:
    objects = lab(pod("web", container(listens, readinessProbe=probe)))
    web = one(objects, "Pod")
    assert (is_ready(web), web["status"]["phase"]) == (False, "Running")
    (event,) = events(objects)
    assert event == ("Unhealthy", f"Readiness probe failed: {said.replace('IP', web['status']['podIP'])}")


@pytest.mark.parametrize(
    ("listens", "probe"),
    [
        ("tcp:8080", {"tcpSocket": {"port": 8080}}),
        ("tls:8443", {"httpGet": {"path": "/", "port": 8443, "scheme": "HTTPS"}}),
        ("http:8080", {"exec": {"command": ["cat", "/tmp/ready"]}}),
        ("http:8080", {"httpGet": {"path": "/status/204", "port": 8080}}),
    ],
)
def test_a_readiness_probe_that_passes(listens: str, probe: dict[str, Any]) -> None:
    assert is_ready(one(lab(pod("web", container(listens, readinessProbe=probe))), "Pod"))


def test_a_probe_that_nobody_waits_for() -> None:
    objects = lab(pod("web", container("http:8080", readinessProbe={**READY, "initialDelaySeconds": 600})))
    assert not is_ready(one(objects, "Pod"))
    assert events(objects) == []


def test_a_startup_probe_comes_before_the_readiness_probe() -> None:
    startup = {"httpGet": {"path": "/status/500", "port": 8080}}
    objects = lab(pod("web", container("http:8080", startupProbe=startup, readinessProbe=READY)))
    (status,) = one(objects, "Pod")["status"]["containerStatuses"]
    assert (status["started"], status["ready"]) == (False, False)
    assert events(objects) == [("Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500")]


@pytest.mark.parametrize(
    ("init", "phase", "initialized"),
    [
        (container("sleep", name="init"), "Pending", False),
        (container("http:oops", name="init"), "Pending", False),
        (container(name="init", image="busybox:1.36", command=["sleep", "infinity"]), "Pending", False),
        (
            container(name="init", image="busybox:1.36", command=["sh", "-c", "until nslookup db; do :; done"]),
            "Running",
            True,
        ),
        (container("http:9000", name="init", restartPolicy="Always"), "Running", True),
    ],
)
def test_init_containers_come_first(init: dict[str, Any], phase: str, initialized: bool) -> None:
    web = one(lab(pod("web", initContainers=[init])), "Pod")
    assert web["status"]["phase"] == phase
    conditions = {c["type"]: c["status"] for c in web["status"]["conditions"]}
    assert (conditions["Initialized"], conditions["Ready"]) == (str(initialized), str(initialized))


def test_a_readiness_gate_must_be_met() -> None:
    gate = "example.com/registered"
    objects = lab(pod("web", readinessGates=[{"conditionType": gate}]))
    key = ("Pod", "shop", "web")
    assert not is_ready(objects[key])
    web = objects[key]
    met = {**web["status"], "conditions": [*web["status"]["conditions"], {"type": gate, "status": "True"}]}
    assert is_ready(reconcile({**objects, key: {**web, "status": met}}, past=objects)[key])


def test_the_dns_server_ends_without_its_configuration() -> None:
    objects = lab()
    key = ("Deployment", "kube-system", "coredns")
    deployment = objects[key]
    template = deployment["spec"]["template"]
    (dns,) = template["spec"]["containers"]
    broken = {**template, "spec": {**template["spec"], "containers": [{**dns, "args": ["-conf", "/etc/coredns/X"]}]}}
    after = reconcile(
        {**objects, key: {**deployment, "spec": {**deployment["spec"], "template": broken}}}, past=objects
    )
    reasons = [reason(each) for each in some(after, "Pod", "coredns", "kube-system")]
    assert "CrashLoopBackOff" in reasons
    assert after[key]["status"]["unavailableReplicas"]
