"""`netdoctor verify` on clusters that enforce policies, and that do not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import Cni
from e2e.runner.access import Access, OwnCluster
from e2e.tests.conftest import Document, Place, namespace
from netdoctor.scenarios.ask import NETDOCTOR

WEB_TO_DB = {
    "podSelector": {"matchLabels": {"app": "db"}},
    "ingress": [
        {
            "from": [{"podSelector": {"matchLabels": {"app": "web"}}}],
            "ports": [{"port": "pg"}, {"port": 5353, "protocol": "UDP"}],
        }
    ],
}


def _deployment(name: str, *listeners: str, **ports: str) -> Document:
    declared = [
        {"name": name, "containerPort": int(listener.partition(":")[2]), "protocol": listener.partition(":")[0].upper()}
        for name, listener in ports.items()
    ]
    ready = {"tcpSocket": {"port": int(listeners[0].partition(":")[2])}, "periodSeconds": 1}
    container = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": list(listeners), "ports": declared}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [{**container, "readinessProbe": ready}]}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


OBJECTS = (
    _deployment("web", "tcp:8080"),
    _deployment("other", "tcp:8080"),
    _deployment("db", "tcp:5432", "udp:5353", pg="tcp:5432", dns="udp:5353"),
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "pg"},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 15432, "targetPort": "pg"}]},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web-to-db"},
        "spec": WEB_TO_DB,
    },
)
FLOWS = (
    ("deploy/web", "svc/pg", "allow"),
    ("deploy/web", "deploy/db:5353/UDP", "allow"),
    ("deploy/web", "deploy/db:9999", "deny"),
    ("deploy/other", "svc/pg", "deny"),
    ("deploy/other", "deploy/db:pg", "deny"),
    ("deploy/other", "deploy/db:dns/UDP", "deny"),
    ("deploy/other", "deploy/web:8080", "allow"),
    ("deploy/other", "deploy/web:9999", "allow"),  # refused, so reached
)


@pytest.fixture(params=["policy", "plain"])
def there(request: pytest.FixtureRequest, access: Access) -> Iterator[tuple[Cni, Place]]:
    """The same objects on a cluster that enforces policies and on one that does not."""
    cni: Cni = request.param
    if cni == "plain" and not access.owned:
        pytest.skip("a given cluster is taken for one that enforces policies")
    chosen = access if cni == "policy" else OwnCluster(cni)
    with chosen.use(alone=False), namespace(chosen) as place:
        place.apply(*OBJECTS)
        place.kubectl("wait", "deployments", "--all", "--for=condition=Available", "--timeout=100s")
        yield cni, place


def _verify(place: Place, *arguments: str) -> tuple[int, Document]:
    argv = [*NETDOCTOR, "verify", *arguments, *place.access.options, "-n", place.namespace, "-o", "json"]
    ran = subprocess.run(place.access.command(argv), capture_output=True, text=True, check=False, timeout=170)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_expected_flows(there: tuple[Cni, Place], tmp_path: Path) -> None:
    """As expected where policies are enforced; else each denied flow is told as PolicyNotEnforced."""
    cni, place = there
    flows = [{"from": source, "to": to, "expect": expect} for source, to, expect in FLOWS]
    file = tmp_path / "flows.json"
    file.write_text(json.dumps({"namespace": place.namespace, "flows": flows}))
    code, report = _verify(place, str(file))
    assert report["notTested"] == []
    seen = {(f["from"], f["to"]): (f["result"], f["policies"], f["packets"], f["code"]) for f in report["flows"]}
    stopped = ("asExpected", "denied", "stopped", "")
    passed_all_the_same = ("mismatch", "denied", "passed", "PolicyNotEnforced")
    denied = stopped if cni == "policy" else passed_all_the_same
    passed = ("asExpected", "allowed", "passed", "")
    assert seen == {(source, to): passed if expect == "allow" else denied for source, to, expect in FLOWS}
    assert code == (0 if cni == "policy" else 1)
    assert place.items("jobs,pods", "-l", "app.kubernetes.io/managed-by=netdoctor") == []


def test_what_policies_expect_of_themselves(there: tuple[Cni, Place]) -> None:
    """The line that each policy draws is tested without any file; it is there only where something enforces it."""
    cni, place = there
    _, report = _verify(place, "--from-policies")
    ours = [flow for flow in report["flows"] if place.namespace in flow["to"]]
    assert {flow["expected"] for flow in ours} == {"allow", "deny"}
    tcp = [flow for flow in ours if "/UDP" not in flow["to"]]
    assert {f["result"] for f in tcp if f["expected"] == "allow"} == {"asExpected"}
    wanted = {("asExpected", "")} if cni == "policy" else {("mismatch", "PolicyNotEnforced")}
    assert {(f["result"], f["code"]) for f in tcp if f["expected"] == "deny"} == wanted
