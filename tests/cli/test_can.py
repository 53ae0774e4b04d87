"""`can`: answers, exit codes, what newcomers are told, and what is no question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netdoctor.cli.main import main
from netdoctor.report.schema import schema
from tests.cli.policy_files import BOTH, BY_NAME, CLUSTER, EITHER, NAMED, NO_TYPES, SERVICE_PORT, UDP_ONLY, policy


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def asked(policies: str, *arguments: str) -> tuple[int, str, str]:
        file = Path("cluster.yaml")
        file.write_text(CLUSTER + policies)
        code = main(["can", *arguments, "--snapshot", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return asked


@pytest.mark.parametrize(
    ("policies", "source", "destination", "code", "told"),
    [
        (EITHER, "pod/job.ops", "pod/pg.db", 0, "two peers, and either is enough"),
        (BOTH, "pod/job.ops", "pod/pg.db", 1, "in one peer: both must match"),
        (BY_NAME, "pod/web.shop", "pod/pg.db", 1, "kubernetes.io/metadata.name: NAME"),
        (SERVICE_PORT, "pod/job.ops", "svc/web.shop", 1, "names the Service's port 80"),
        (UDP_ONLY, "pod/web.shop", "pod/coredns.kube-system", 1, "over UDP and over TCP"),
        (NO_TYPES, "pod/job.ops", "pod/web.shop", 1, "write policyTypes: [Egress]"),
        (NAMED, "pod/web.shop", "pod/pg.db", 1, "a port's name is looked up"),
    ],
)
def test_the_best_known_mistakes_are_explained(
    ask: Any, policies: str, source: str, destination: str, code: int, told: str
) -> None:
    found, out, err = ask(policies, source, destination)
    assert (found, err) == (code, "")
    assert told in " ".join(out.split())


@pytest.mark.parametrize(
    ("policies", "source", "destination", "trap"),
    [
        (BOTH.replace("web", "job"), "pod/job.ops", "pod/pg.db", "either is enough"),
        (SERVICE_PORT.replace("80", "8080"), "pod/job.ops", "svc/web.shop", "Service's port"),
        (UDP_ONLY, "pod/web.shop", "pod/coredns.kube-system:53/UDP", "over TCP"),
        (NO_TYPES.replace("egress:", "policyTypes: [Egress], egress:"), "pod/job.ops", "pod/web.shop", "policyTypes"),
    ],
)
def test_what_is_right_is_not_explained_away(ask: Any, policies: str, source: str, destination: str, trap: str) -> None:
    found, out, _ = ask(policies, source, destination)
    assert found == 0
    assert trap not in out


def test_a_denied_flow_names_rules_lines_and_the_nearest_fix(ask: Any) -> None:
    _, out, _ = ask(BY_NAME, "pod/web.shop", "pod/pg.db")
    text = " ".join(out.split())
    line = CLUSTER.count("\n") + 1
    assert text.startswith("✗ DENIED shop/web → db/pg 5432/TCP")
    assert f"isolated by NetworkPolicy db/by-name (cluster.yaml:{line})" in text
    assert "NetworkPolicy/db/by-name#ingress[0].from[0]" in text
    assert "wants namespace label name=shop, found namespace shop with no label name" in text
    assert "kubectl label namespace shop name=shop" in out
    assert "opens: Pod shop/web → Pod db/pg every port" in out


def test_json_follows_the_contract(ask: Any) -> None:
    code, out, _ = ask(BY_NAME, "pod/web.shop", "pod/pg.db:5432/tcp", "-o", "json")
    found = json.loads(out)
    jsonschema.Draft202012Validator(schema("FlowVerdict")).validate(found)
    assert code == 1
    assert (found["apiVersion"], found["kind"], found["allowed"]) == ("netdoctor.dev/v1", "FlowVerdict", False)
    assert found["flow"]["from"] == {"kind": "Pod", "name": "web", "namespace": "shop"}
    assert (found["flow"]["protocol"], found["flow"]["port"]) == ("TCP", 5432)
    assert found["egress"] == {
        "allowed": True, "isolatedBy": [], "decidedBy": None, "because": "no policy applies", "nearMisses": [],
    }  # fmt: skip
    assert found["ingress"]["isolatedBy"] == ["NetworkPolicy/db/by-name"]
    (near,) = found["ingress"]["nearMisses"]
    assert (near["rule"], near["missed"]) == ("NetworkPolicy/db/by-name#ingress[0].from[0]", "peer")
    assert all(fix["command"].startswith(("kubectl ", "printf ")) and fix["effect"]["opens"] for fix in found["fixes"])


def test_several_flows_are_a_list_and_one_denied_is_denied(ask: Any) -> None:
    code, out, _ = ask(UDP_ONLY, "pod/web.shop", "ns/kube-system", "-o", "json")
    found = json.loads(out)
    assert (code, found["kind"]) == (1, "List")
    verdicts = {(flow["flow"]["protocol"], flow["flow"]["port"]): flow["allowed"] for flow in found["items"]}
    assert verdicts == {("UDP", 53): True, ("TCP", 53): False}


@pytest.mark.parametrize(
    ("source", "destination", "code"),
    [
        ("external", "pod/pg.db", 1),
        ("10.0.0.1", "10.0.0.2:5432", 1),  # addresses of pods are those pods
        ("pod/web.shop", "10.96.0.7:80", 0),  # a Service's address
        ("pod/job.ops", "web.shop", 0),  # its name
        ("pod/web.shop", "external:443", 0),
        ("pod/web.shop", "[2001:db8::7]:443", 0),
        ("ns/ops", "svc/web.shop:80", 0),
    ],
)
def test_ends(ask: Any, source: str, destination: str, code: int) -> None:
    assert ask(BY_NAME, source, destination)[0] == code


def test_what_cannot_be_known_is_neither_allowed_nor_denied(ask: Any) -> None:
    unread = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x, namespace: db}\n---\n"
    code, out, _ = ask(BY_NAME + unread, "pod/web.shop", "pod/pg.db")
    assert code == 3
    assert "UNKNOWN" in out
    assert "CiliumNetworkPolicy db/x" in " ".join(out.split())


@pytest.mark.parametrize(
    ("source", "destination", "said"),
    [
        ("svc/web.shop", "pod/pg.db", "a Service sends no traffic"),
        ("pod/nobody.shop", "pod/pg.db", "'nobody' not found"),
        ("web", "pod/pg.db", "neither KIND/NAME nor an address"),
        ("pod/web.shop", "pod/pg.db:0", "port 0 is not between 1 and 65535"),
        ("pod/web.shop", "pod/pg.db:nope", "no such port"),
        ("pod/web.shop", "svc/web.shop:81", "has no such port"),
        ("pod/web.shop", "example.com:443", "policies know addresses, not names"),
        ("pod/web.shop", "10.0.0.99", "declares no port"),
        ("pod/web.shop", "", "not a destination"),
    ],
)
def test_what_is_no_question(ask: Any, source: str, destination: str, said: str) -> None:
    code, out, err = ask(BY_NAME, source, destination)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_an_unknown_plugin_is_a_wrong_command_line(ask: Any) -> None:
    code, _, err = ask("", "pod/web.shop", "pod/pg.db", "--cni", "kalico")
    assert code == 2
    assert "one of: " in err


def test_the_plugin_decides_what_blocks_match(ask: Any) -> None:
    block = policy("pods", "db", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}")
    assert ask(block, "pod/web.shop", "pod/pg.db", "--cni", "calico")[0] == 0
    assert ask(block, "pod/web.shop", "pod/pg.db", "--cni", "cilium")[0] == 1


L7 = """apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: api, namespace: db}
spec:
  endpointSelector: {matchLabels: {app: pg}}
  ingress:
  - fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": shop}}]
    toPorts:
    - ports: [{port: "5432", protocol: TCP}]
      rules: {http: [{method: GET, path: /api/v1/.*}]}
---
"""


@pytest.mark.parametrize(
    ("request_", "code", "told"),
    [
        ("GET /api/v1/users", 0, "ALLOWED GET /api/v1/users: shop/web"),
        ("POST /api/v1/users", 1, "REFUSED with HTTP 403 POST /api/v1/users: shop/web"),
        ("GET /x/api/v1/users", 1, "wants path /api/v1/.*, found /x/api/v1/users"),
    ],
)
def test_a_request_that_is_refused_is_told_from_a_drop(ask: Any, request_: str, code: int, told: str) -> None:
    asked = ("pod/pg.db", "--cni", "cilium", "--http", request_)
    found, out, err = ask(L7, "pod/web.shop", *asked)
    assert (found, err) == (code, "")
    assert told in " ".join(out.split())
    found, out, _ = ask(L7, "pod/web.shop", *asked, "-o", "json")
    document = json.loads(out)
    jsonschema.validate(document, schema("FlowVerdict"))
    assert (document["allowed"], document["ingress"]["allowed"]) == (code == 0, True)
    assert document["request"].get("answer", "") == ("403" if code else "")
    found, out, _ = ask(L7, "pod/job.ops", *asked, "-o", "json")
    document = json.loads(out)
    assert (found, document["ingress"]["allowed"], document.get("request")) == (1, False, None)


def test_what_is_limited_to_some_requests_is_said_without_a_request_too(ask: Any) -> None:
    code, out, _ = ask(L7, "pod/web.shop", "pod/pg.db", "--cni", "cilium")
    assert code == 0
    assert "lets through only some HTTP requests on this connection; ask about one with --http" in " ".join(out.split())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--http", "GET /", "--dns", "a"), "only one of --http and --dns"),
        (("--header", "A: b"), "about the request of --http"),
        (("--http", "users"), "no request"),
        (("--dns", "a b"), "no name"),
    ],
)
def test_what_is_no_request(ask: Any, flags: tuple[str, ...], said: str) -> None:
    code, _, err = ask(L7, "pod/web.shop", "pod/pg.db", "--cni", "cilium", *flags)
    assert code == 2
    assert said in err


def test_names_from_a_cluster_say_nothing_to_the_terminal(ask: Any) -> None:
    evil = policy('"\\e[2Jx"', "db", "{podSelector: {}}")
    _, out, _ = ask(evil, "pod/web.shop", "pod/pg.db")
    assert "\x1b" not in out


def test_a_plugin_that_enforces_nothing_is_told(ask: Any) -> None:
    flannel = (
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-flannel-ds, namespace: kube-flannel}\n"
        "spec: {selector: {}, template: {spec: {hostNetwork: true}}}\n---\n"
    )
    code, out, err = ask(BY_NAME + flannel, "pod/web.shop", "pod/pg.db")
    assert code == 1
    assert "every flow passes" in err
    assert "a denied flow passes all the same" in " ".join(out.split())
