from __future__ import annotations

import pytest

from tests.lab.builders import is_ready, lab, one, some
from tests.lab.kubectl.shell import Shell

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  type: NodePort
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
  - {name: app, image: "netdoctor.dev/testapp:1", args: ["http:8080"]}
"""


@pytest.fixture
def shell() -> Shell:
    shell = Shell(lab(), {"web.yaml": WEB})
    shell("create namespace shop")
    return shell


def test_apply_creates_configures_and_leaves_alone(shell: Shell) -> None:
    assert shell("apply -f web.yaml") == "service/web created\npod/web created"
    assert is_ready(one(shell.objects, "Pod"))
    before = shell.objects
    assert shell("apply -f web.yaml") == "service/web unchanged\npod/web unchanged"
    assert shell.objects is before
    assert shell("apply -f -", WEB.replace("8080}", "9090}")) == "service/web configured\npod/web unchanged"
    assert one(shell.objects, "EndpointSlice")["ports"][0]["port"] == 9090


def test_apply_takes_away_what_is_no_longer_said_and_keeps_what_others_have_set(shell: Shell) -> None:
    shell("apply -f web.yaml")
    shell("annotate svc/web -n shop owner=me")
    address = one(shell.objects, "Service")["spec"]["clusterIP"]
    shell(
        "apply -f -",
        WEB.replace("  type: NodePort\n", "").replace("  - {name: dns-tcp, port: 53, protocol: TCP}\n", ""),
    )
    service = one(shell.objects, "Service")
    assert (service["spec"]["type"], service["spec"]["clusterIP"]) == ("ClusterIP", address)
    assert [(port["name"], port["protocol"]) for port in service["spec"]["ports"]] == [("http", "TCP"), ("dns", "UDP")]
    assert service["metadata"]["annotations"]["owner"] == "me"


def test_what_a_lab_was_started_with_counts_as_applied() -> None:
    document = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"old": "1"}},
        "spec": {"podSelector": {}, "ingress": [{}], "egress": [{}]},
    }
    shell = Shell(lab(document))
    text = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}, "
    assert (
        shell("apply -f -", text + "spec: {podSelector: {}, ingress: []}}")
        == "networkpolicy.networking.k8s.io/web configured"
    )
    policy = one(shell.objects, "NetworkPolicy")
    assert policy["spec"] == {"podSelector": {}, "ingress": [], "policyTypes": ["Ingress", "Egress"]}
    assert policy["metadata"].get("labels", {}) == {}


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        ("apply -f -", WEB.replace("shop", "nowhere"), 'Error from server (NotFound): namespaces "nowhere" not found'),
        ("apply -f - -n other", WEB, 'error: the namespace from the provided object "shop" does not match'),
        ("apply -f -", "kind: Pod", "error: Pod: metadata.name is missing"),
        ("apply -f -", "{", "error: STDIN:"),
        ("apply -f -", "", "error: no objects passed to apply"),
        (
            "apply -f -",
            WEB.replace("port: 80,", "port: x,"),
            "error: Service shop/web: spec.ports[0].port: expected `int`",
        ),
        (
            "create -f - -n kube-system",
            "{apiVersion: v1, kind: Service, metadata: {name: kube-dns}}",
            'Error from server (AlreadyExists): error when creating "STDIN": services "kube-dns" already exists',
        ),
        ("replace -f -", WEB, 'Error from server (NotFound): error when replacing "STDIN": services "web" not found'),
        ("create deployment web", "", "error: the lab creates what is in files"),
        ("apply -f -", "{apiVersion: v1, kind: Node, metadata: {name: n}}", "error: the lab's nodes are made when it"),
        (
            "apply -f -",
            "{apiVersion: knative.dev/v1, kind: Service, metadata: {name: n}}",
            "error: no matches for kind",
        ),
    ],
)
def test_what_is_refused(shell: Shell, line: str, text: str, said: str) -> None:
    before = shell.objects
    assert shell(line, text, code=1).startswith(said)
    assert shell.objects is before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'args: ["http:8080"]',
            "args: [sleep]",
            'The Pod "web" is invalid: spec: Forbidden: pod updates may not change',
        ),
        ("type: NodePort", "clusterIP: 10.96.3.3", 'The Service "web" is invalid: spec.clusterIPs[0]: Invalid value'),
    ],
)
def test_fields_that_may_not_change(shell: Shell, old: str, new: str, said: str) -> None:
    shell("apply -f web.yaml")
    assert shell("apply -f -", WEB.replace(old, new), code=1).startswith(said)


def test_replace_and_create(shell: Shell) -> None:
    shell("create -f web.yaml")
    address = one(shell.objects, "Service")["spec"]["clusterIP"]
    shell("replace -f -", WEB.partition("---")[0].replace("app: web", "app: api"))
    service = one(shell.objects, "Service")
    assert (service["spec"]["selector"], service["spec"]["clusterIP"]) == ({"app": "api"}, address)
    assert one(shell.objects, "EndpointSlice")["endpoints"] == []


def test_delete_by_file(shell: Shell) -> None:
    shell("apply -f web.yaml")
    assert shell("delete -f web.yaml") == 'service "web" deleted\npod "web" deleted'
    assert some(shell.objects, "Pod") == some(shell.objects, "EndpointSlice") == []
    assert "NotFound" in shell("delete -f web.yaml", code=1)
    shell("delete -f web.yaml --ignore-not-found")


def test_a_pod_is_replaced_by_force_only(shell: Shell) -> None:
    shell("apply -f web.yaml")
    pod = "---" + WEB.partition("---")[2].replace("http:8080", "tcp:8080")
    assert shell("replace -f -", pod, code=1).startswith('The Pod "web" is invalid')
    before = one(shell.objects, "Pod")
    assert shell("replace --force -f -", pod) == "pod/web replaced"
    assert one(shell.objects, "Pod")["metadata"]["uid"] != before["metadata"]["uid"]
