"""A redacted cluster: nothing of its own is left, and every diagnosis is the same."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netdoctor.cli.main import main
from netdoctor.cluster.decode import convert
from netdoctor.cluster.files import load
from netdoctor.cluster.objects import Object
from netdoctor.cluster.recording import document
from netdoctor.cluster.redaction import Redaction
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.diagnosis.cni.describe import describe_cni
from netdoctor.lab.scenario import Scenario, documents, find, node_names, with_nodes

KEY = b"any key, as long as it is secret"
SCENARIOS = Path(__file__).parents[2] / "e2e" / "scenarios"
RECORDED = [s for s in find([SCENARIOS]) if s.snapshot.exists() and "static" in s.spec.modes]


def redacted(snapshot: Snapshot) -> tuple[dict[str, Any], Redaction]:
    recorded = document(snapshot)
    redaction = Redaction(recorded, snapshot, KEY)
    return redaction.document(recorded), redaction


def checked(command: str, file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    code = main([*shlex.split(command), "--snapshot", str(file), "-o", "json"])
    return code, json.loads(capsys.readouterr().out)


def found(report: Any, redaction: Redaction | None = None) -> Any:
    """Codes, certainties and objects of all that is said of a target; as the redacted ones, if told how."""
    said = [report["verdict"], [ruled_out["code"] for ruled_out in report["ruledOut"]]]
    for finding in (*report["causes"], *report["warnings"]):
        objects = [
            {**ref, **{key: redaction.text(ref[key]) for key in ("name", "namespace") if redaction and key in ref}}
            for ref in finding["objects"]
        ]
        said.append([finding["code"], finding["certainty"], objects])
    return said


@pytest.mark.parametrize("scenario", RECORDED, ids=lambda scenario: scenario.name)
def test_every_recorded_scenario_has_the_same_diagnosis(
    scenario: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = load([str(scenario.snapshot)])
    plain, redaction = redacted(snapshot)
    file = tmp_path / "redacted.json"
    file.write_text(json.dumps(plain))
    nodes = node_names([one for one in documents(scenario.snapshot.read_text()) if one["kind"] == "Node"])
    for check in scenario.spec.checks:
        command = with_nodes(check.command, nodes)
        if command.split()[0] == "check":
            code, report = checked(command, scenario.snapshot, capsys)
            again, same = checked(redaction.text(command), file, capsys)
            reports = [report] if report["kind"] != "List" else report["items"]
            others = [same] if same["kind"] != "List" else same["items"]
            assert [found(one, redaction) for one in reports] == [found(one) for one in others]
            assert again == code
    own = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in scenario.namespaces))
    assert not [text for text in strings(plain) if own.search(text)]


@pytest.mark.parametrize(
    "scenario", [one for one in RECORDED if one.name.startswith("cni-")], ids=lambda scenario: scenario.name
)
def test_what_is_said_of_a_network_plugin_is_the_same(scenario: Scenario, tmp_path: Path) -> None:
    snapshot = load([str(scenario.snapshot)])
    file = tmp_path / "redacted.json"
    file.write_text(json.dumps(redacted(snapshot)[0]))
    plain, other = describe_cni(snapshot), describe_cni(load([str(file)]))
    assert [one.code for one in plain.findings] == [one.code for one in other.findings]
    assert [one.what for one in plain.not_judged] == [one.what for one in other.not_judged]
    assert (plain.mtu.expected, plain.mtu.configured) == (other.mtu.expected, other.mtu.configured)
    assert (plain.name, plain.encryption.state) == (other.name, other.encryption.state)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [each for key, each in value.items() if key != "key"]  # of taints and labels: keys stay
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):
        for each in value:
            yield from strings(each)


def read(kind: str, name: str, version: str = "v1", **fields: Any) -> Object:
    metadata = {"name": name, "namespace": "shop-prod", "labels": {"app": name, "team": "acme-payments"}}
    found = convert({"kind": kind, "apiVersion": version, "metadata": metadata | fields.pop("metadata", {}), **fields})
    assert found is not None
    return found


SECRETS = re.compile(r"acme|payments|shop-prod|checkout|hunter2|203\.0\.113|2001:db8|db-creds|corp", re.IGNORECASE)
MESSAGE = 'secret "db-creds" not found at db.acme.com, 203.0.113.9 and 2001:db8::9'
CLUSTER = Snapshot.of(
    [
        read("Namespace", "shop-prod", metadata={"namespace": ""}),
        read(
            "Pod",
            "checkout-7d9f5-x2k4p",
            metadata={"annotations": {"acme.example/owner": "acme"}},
            spec={
                "nodeName": "checkout-node",
                "containers": [
                    {
                        "name": "checkout",
                        "image": "registry.acme.com/payments/checkout:1.2",
                        "args": ["--password=hunter2", "--bind", "127.0.0.1:8080", "acme"],
                    }
                ],
                "dnsConfig": {"searches": ["corp.acme.com"], "options": [{"name": "ndots", "value": "2"}]},
            },
            status={"podIP": "10.244.1.9", "conditions": [{"type": "Ready", "status": "False", "message": MESSAGE}]},
        ),
        read("Service", "checkout", spec={"selector": {"app": "checkout"}, "externalName": "db.acme.com"}),
        read(
            "NetworkPolicy",
            "acme",
            "networking.k8s.io/v1",
            spec={"egress": [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.8/32"]}}]}]},
        ),
    ],
    source="acme-admin@prod",
    taken_at=datetime(2026, 1, 1, tzinfo=UTC),
    unread=(Unread("Node", "", 'User "bob@acme.com" cannot list'),),
)


def test_no_name_host_address_outside_or_argument_is_left() -> None:
    text = json.dumps(msgspec.to_builtins(redacted(CLUSTER)[0]))
    # Keys of labels and of annotations stay.
    assert not SECRETS.findall(text.replace("acme.example/owner", ""))


def test_what_diagnoses_need_is_left() -> None:
    (_, _, pod, service, policy) = redacted(CLUSTER)[0]["items"]
    (container,) = pod["spec"]["containers"]
    assert container["args"] == ["--password=redacted", "--bind", "127.0.0.1:8080", "redacted"]
    assert pod["status"]["podIP"] == "10.244.1.9"
    assert pod["spec"]["dnsConfig"]["options"] == [{"name": "ndots", "value": "2"}]
    assert service["spec"]["selector"]["app"] == service["metadata"]["name"] == service["metadata"]["labels"]["app"]
    assert pod["metadata"]["name"].startswith(f"{service['metadata']['name']}-")
    block = policy["spec"]["egress"][0]["to"][0]["ipBlock"]
    network, inside = block["cidr"].removesuffix(".0/24"), block["except"][0]
    assert inside.startswith(f"{network}.")
    assert inside.endswith("/32")


def test_the_same_key_gives_the_same_and_another_one_other_addresses() -> None:
    recorded = document(CLUSTER)
    assert redacted(CLUSTER)[0] == redacted(CLUSTER)[0]
    other = Redaction(recorded, CLUSTER, b"another")
    assert other.text("203.0.113.9") != redacted(CLUSTER)[1].text("203.0.113.9")


def test_of_selectors_of_calico_the_values_are_replaced_and_the_keys_stay() -> None:
    selector = "app == 'secret-app' && !has(app) || tier in {\"secret-tier\", ''}"
    policy = {"kind": "GlobalNetworkPolicy", "apiVersion": "projectcalico.org/v3", "metadata": {"name": "app"}}
    read = convert({**policy, "spec": {"selector": selector, "tier": "secret-tier"}})
    assert read is not None
    plain, _ = redacted(Snapshot.of([read], source="test", taken_at=datetime(2026, 1, 1, tzinfo=UTC)))
    (spec,) = (item["spec"] for item in plain["items"] if item["kind"] == "GlobalNetworkPolicy")
    values = re.fullmatch(r"app == '(\w+)' && !has\(app\) \|\| tier in \{\"(\w+)\", ''\}", spec["selector"])
    assert values
    assert "secret" not in json.dumps(plain)
    assert spec["tier"] == values[2]
