from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.lab.builders import container, lab, pod, service, workload
from tests.lab.kubectl.shell import Shell


@pytest.fixture
def shell() -> Shell:
    crashing = container("http:oops")
    init = container("sleep", name="init")
    return Shell(
        lab(
            pod("good", labels={"app": "web", "tier": "front"}),
            pod("crashing", crashing),
            pod("waiting", initContainers=[init]),
            service("web", {"port": 80, "targetPort": 8080, "nodePort": 30080}, type="NodePort"),
            service("alias", type="ExternalName", externalName="example.org", selector={}, ports=[]),
            workload("Deployment", "api", replicas=2),
        )
    )


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table, by its headers; columns are three spaces apart."""
    header, *lines = text.splitlines()
    starts = [n for n, c in enumerate(header) if c != " " and (not n or header[n - 3 : n] == "   ")]
    bounds = [*zip(starts, [*starts[1:], None], strict=True)]
    return [{header[a:b].strip(): line[a:b].strip() for a, b in bounds} for line in lines]


def test_pods(shell: Shell) -> None:
    rows = {row["NAME"]: row for row in table(shell("get po -n shop -o wide"))}
    good = shell.objects["Pod", "shop", "good"]
    assert rows["good"] == {
        "NAME": "good",
        "READY": "1/1",
        "STATUS": "Running",
        "RESTARTS": "0",
        "AGE": "<unknown>",
        "IP": good["status"]["podIP"],
        "NODE": good["spec"]["nodeName"],
        "NOMINATED NODE": "<none>",
        "READINESS GATES": "<none>",
    }
    assert (rows["crashing"]["STATUS"], rows["crashing"]["READY"]) == ("CrashLoopBackOff", "0/1")
    assert rows["waiting"]["STATUS"] == "Init:0/1"


def test_services(shell: Shell) -> None:
    web, alias = (
        next(row for row in table(shell("get svc -n shop -o wide")) if row["NAME"] == n) for n in ("web", "alias")
    )
    assert (web["TYPE"], web["PORT(S)"], web["SELECTOR"]) == ("NodePort", "80:30080/TCP", "app=web")
    assert (alias["CLUSTER-IP"], alias["EXTERNAL-IP"], alias["PORT(S)"]) == ("<none>", "example.org", "<none>")


def test_workloads_nodes_and_slices(shell: Shell) -> None:
    (api,) = table(shell("get deploy -n shop"))
    assert (api["READY"], api["UP-TO-DATE"], api["AVAILABLE"]) == ("2/2", "2", "2")
    first, *_ = table(shell("get nodes"))
    assert (first["NAME"], first["ROLES"]) == ("control-plane", "control-plane")
    (found,) = table(shell("get endpointslices -n shop"))
    assert (found["PORTS"], found["ENDPOINTS"]) == ("8080", shell.objects["Pod", "shop", "good"]["status"]["podIP"])


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app=web", ["good"]),
        ("app in (web, db),tier!=back", ["good"]),
        ("app notin (web),!pod-template-hash", ["crashing", "waiting"]),
        ("tier", ["good"]),
    ],
)
def test_label_selectors(shell: Shell, selector: str, names: list[str]) -> None:
    assert shell(f"get pods -n shop -o name -l '{selector}'").splitlines() == [f"pod/{name}" for name in names]


def test_documents(shell: Shell) -> None:
    single: dict[str, Any] = json.loads(shell("get pod good -n shop -o json"))
    assert single["metadata"]["name"] == "good"
    several = yaml.safe_load(shell("get pod good crashing -n shop -o yaml"))
    assert [item["metadata"]["name"] for item in several["items"]] == ["crashing", "good"]
    assert several["kind"] == "List"
    phases = shell("get pods -n shop -l app=web -o jsonpath='{.items[*].status.phase}{\"\\n\"}'")
    assert phases == "Running"
    assert "unable to match a printer" in shell("get pods -o table", code=1)


def test_all_namespaces_and_none(shell: Shell) -> None:
    rows = table(shell("get pods -A --show-labels"))
    assert {row["NAMESPACE"] for row in rows} == {"kube-system", "shop"}
    assert next(row for row in rows if row["NAME"] == "good")["LABELS"] == "app=web,tier=front"
    assert shell("get pods -n default") == "No resources found in default namespace."


def test_text_from_objects_does_not_steer_the_terminal(shell: Shell) -> None:
    key = ("Service", "shop", "alias")
    alias = shell.objects[key]
    shell.objects = {**shell.objects, key: {**alias, "spec": {**alias["spec"], "externalName": "\x1b[2Jgone"}}}
    for output in ("wide", "yaml", "json"):
        assert "\x1b" not in shell(f"get svc alias -n shop -o {output}")
