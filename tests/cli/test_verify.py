"""`netdoctor verify`: expectations beside policies, and beside what a prober saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from netdoctor.cli.main import main
from netdoctor.cli.policies import PolicyInput
from netdoctor.cli.verifying import verification
from netdoctor.cluster.expected_flows import ExpectedFlow, load_expected
from netdoctor.cluster.files import load
from netdoctor.model.probe import NotTested, Observation, Observed, Outcome, Probe, ProbePod
from netdoctor.model.verify_report import Result, VerifiedFlow, VerifyReport
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.profile import profile_for
from netdoctor.probing.prober import ProbeRun

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: one, containers: [{name: main}]}
status: {phase: Running, podIPs: [{ip: 10.0.0.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop, labels: {app: other}}
spec: {nodeName: one, containers: [{name: main}]}
status: {phase: Running, podIPs: [{ip: 10.0.0.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  nodeName: two
  containers:
  - name: main
    ports: [{name: pg, containerPort: 5432}, {name: dns, containerPort: 53, protocol: UDP}]
status: {phase: Running, podIPs: [{ip: 10.0.0.3}]}
---
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: db}, ports: [{port: 15432, targetPort: pg}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: pg-1, namespace: shop, labels: {kubernetes.io/service-name: pg}}
addressType: IPv4
ports: [{port: 5432, protocol: TCP}]
endpoints: [{addresses: [10.0.0.3], targetRef: {kind: Pod, name: db, namespace: shop}}]
---
apiVersion: v1
kind: Service
metadata: {name: empty, namespace: shop}
spec: {clusterIP: 10.96.0.2, selector: {app: none}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: pg}, {port: 53, protocol: UDP}]
"""
Sees = Callable[[ProbePod, Probe], Outcome | None]


@dataclass
class FakeProber:
    """Sees what it is told to; None = the probe did not run."""

    sees: Sees
    ran: list[ProbePod] = field(default_factory=list)
    largest: int = 0

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        progress("probing")
        self.ran += pods
        self.largest = max(self.largest, len(pods))
        seen = [
            Observed(probe, pod.position, Observation(probe.id, outcome, 0.1))
            for pod in pods
            for probe in pod.probes
            if (outcome := self.sees(pod, probe))
        ]
        missing = sum(len(pod.probes) for pod in pods) - len(seen)
        return ProbeRun(tuple(seen), (NotTested(f"{missing} probes", "no node takes them"),) if missing else ())


def _always(outcome: Outcome | None) -> FakeProber:
    return FakeProber(lambda _pod, _probe: outcome)


def _enforced(pod: ProbePod, _: Probe) -> Outcome:
    return Outcome.OK if pod.position.labels.get("app") == "web" else Outcome.TIMEOUT


@pytest.fixture
def asked(tmp_path: Path) -> PolicyInput:
    file = tmp_path / "cluster.yaml"
    file.write_text(CLUSTER)
    return PolicyInput(compile_policies(load([str(file)])), profile_for("calico"), "shop")


def _verify(asked: PolicyInput, prober: FakeProber | None, *flows: tuple[str, str, str]) -> VerifyReport:
    expected = [ExpectedFlow(source, to, expect == "allow") for source, to, expect in flows]
    return verification(asked, expected, prober, 1.0, lambda _: None)


def _one(asked: PolicyInput, prober: FakeProber | None, *flow: str) -> VerifiedFlow:
    source, to, expect = flow
    return _verify(asked, prober, (source, to, expect)).flows[0]


@pytest.mark.parametrize(
    ("source", "to", "expect", "result", "policies"),
    [
        ("pod/web", "svc/pg", "allow", Result.AS_EXPECTED, "allowed"),
        ("pod/web", "svc/pg", "deny", Result.MISMATCH, "allowed"),
        ("pod/other", "svc/pg", "deny", Result.AS_EXPECTED, "denied"),
        ("pod/other", "pod/db:pg", "allow", Result.MISMATCH, "denied"),
        ("ns/shop", "pod/db:pg", "allow", Result.MISMATCH, "mixed"),  # a part is not all
        ("ns/shop", "pod/db:pg", "deny", Result.MISMATCH, "mixed"),
        ("pod/web", "pod/db:80", "deny", Result.AS_EXPECTED, "denied"),
        ("pod/web", "pod/db", "allow", Result.AS_EXPECTED, "allowed"),  # every declared port
        ("external", "pod/db:pg", "deny", Result.AS_EXPECTED, "denied"),
        ("outside", "pod/db:pg", "allow", Result.MISMATCH, "denied"),
        ("pod/web", "svc/empty", "allow", Result.NOT_TESTED, "unknown"),
        ("ns/shop", "pod/db:80", "deny", Result.AS_EXPECTED, "denied"),  # but for db itself, which is no finding
        ("pod/db", "pod/db:80", "allow", Result.AS_EXPECTED, "allowed"),
    ],
)
def test_what_policies_say(
    asked: PolicyInput, source: str, to: str, expect: str, result: Result, policies: str
) -> None:
    flow = _one(asked, None, source, to, expect)
    assert (flow.result, flow.policies, flow.packets) == (result, policies, None)
    assert bool(flow.text) is (result is not Result.AS_EXPECTED)


def test_a_mismatch_names_the_rule_and_the_fix(asked: PolicyInput) -> None:
    (verdict,) = _one(asked, None, "pod/other", "svc/pg", "allow").verdicts
    assert verdict.ingress.isolated_by == ("NetworkPolicy/shop/db",)
    assert verdict.ingress.near_misses
    assert verdict.fixes


def test_what_is_denied_under_a_plugin_that_enforces_nothing_passes(asked: PolicyInput) -> None:
    flannel = PolicyInput(asked.policies, profile_for("flannel"), "shop")
    flow = _one(flannel, None, "pod/other", "svc/pg", "deny")
    assert (flow.result, flow.policies, flow.code) == (Result.MISMATCH, "denied", "PolicyNotEnforced")


@pytest.mark.parametrize(
    ("flow", "outcome", "result", "packets", "agreement"),
    [
        (("pod/web", "svc/pg", "allow"), Outcome.OK, Result.AS_EXPECTED, "passed", True),
        (("pod/web", "svc/pg", "allow"), Outcome.REFUSED, Result.AS_EXPECTED, "passed", True),
        (("pod/web", "svc/pg", "allow"), Outcome.TIMEOUT, Result.MISMATCH, "stopped", False),
        (("pod/web", "svc/pg", "allow"), Outcome.REJECTED, Result.MISMATCH, "stopped", False),
        (("pod/web", "svc/pg", "allow"), Outcome.ERROR, Result.NOT_TESTED, "unknown", None),
        (("pod/web", "svc/pg", "allow"), None, Result.NOT_TESTED, "unknown", None),
        (("pod/web", "svc/pg", "deny"), Outcome.TIMEOUT, Result.MISMATCH, "stopped", False),
        (("pod/other", "svc/pg", "deny"), Outcome.TIMEOUT, Result.AS_EXPECTED, "stopped", True),
        (("pod/other", "svc/pg", "deny"), Outcome.OK, Result.MISMATCH, "passed", False),
        (("pod/other", "svc/pg", "deny"), Outcome.REFUSED, Result.MISMATCH, "passed", False),
        (("pod/other", "svc/pg", "allow"), Outcome.OK, Result.MISMATCH, "passed", False),
        (("pod/web", "pod/db:dns", "allow"), Outcome.OK, Result.AS_EXPECTED, "passed", True),
        (("pod/web", "pod/db:dns", "allow"), Outcome.TIMEOUT, Result.NOT_TESTED, "unknown", None),
        (("pod/other", "pod/db:dns", "deny"), Outcome.TIMEOUT, Result.NOT_TESTED, "unknown", None),
        (("pod/other", "pod/db:dns", "deny"), Outcome.REFUSED, Result.MISMATCH, "passed", False),
        (("external", "pod/db:pg", "deny"), Outcome.OK, Result.NOT_TESTED, "unknown", None),
        (("pod/web", "external:443", "allow"), Outcome.OK, Result.NOT_TESTED, "unknown", None),
        (("pod/db", "pod/db:pg", "allow"), Outcome.OK, Result.NOT_TESTED, "unknown", None),
        (("pod/web", "pod/db:5432/SCTP", "deny"), Outcome.OK, Result.NOT_TESTED, "unknown", None),
    ],
)
def test_what_packets_do(
    asked: PolicyInput,
    flow: tuple[str, str, str],
    outcome: Outcome | None,
    result: Result,
    packets: str,
    agreement: bool | None,
) -> None:
    seen = _one(asked, _always(outcome), *flow)
    assert (seen.result, seen.packets, seen.agreement) == (result, packets, agreement)
    against_denial = flow[0] == "pod/other" and packets == "passed"
    assert ("NetworkPolicy shop/db" in seen.text) is against_denial
    assert seen.code == ("PolicyNotEnforced" if against_denial else "")
    assert bool(seen.text) is (result is not Result.AS_EXPECTED)


def test_a_udp_listener_that_answers_somebody_else_makes_silence_a_proof(asked: PolicyInput) -> None:
    allowed, denied = ("pod/web", "pod/db:dns", "allow"), ("pod/other", "pod/db:dns", "deny")
    report = _verify(asked, FakeProber(_enforced), allowed, denied)
    assert [flow.result for flow in report.flows] == [Result.AS_EXPECTED] * 2
    assert report.exit_code == 0


def test_one_pod_for_each_source_and_one_probe_for_each_way(asked: PolicyInput) -> None:
    prober = FakeProber(_enforced)
    flows = [
        ("pod/web", "svc/pg", "allow"),
        ("pod/web", "svc/pg:15432", "allow"),
        ("pod/web", "pod/db:pg", "allow"),
        ("pod/web", "pod/db:80", "deny"),
        ("pod/other", "svc/pg", "deny"),
    ]
    _verify(asked, prober, *flows)
    assert [(pod.position.node, pod.position.labels["app"]) for pod in prober.ran] == [("one", "web"), ("one", "other")]
    web, other = ([(p.host, p.port, p.attempts) for p in pod.probes] for pod in prober.ran)
    assert web == [("10.96.0.1", 15432, 3), ("10.0.0.3", 5432, 3), ("10.0.0.3", 80, 1)]
    assert other == [("10.96.0.1", 15432, 1)]
    assert all(probe.delay > 0 for probe in prober.ran[1].probes)  # policies need a moment for a new pod


def test_many_sources_are_not_all_probed_at_once(tmp_path: Path) -> None:
    pods = yaml.safe_load_all(CLUSTER)
    web = next(document for document in pods if document["metadata"]["name"] == "web")
    many = [
        {**web, "metadata": {**web["metadata"], "name": f"web-{n}"}, "status": {"podIPs": [{"ip": f"10.1.0.{n}"}]}}
        for n in range(1, 31)
    ]
    file = tmp_path / "cluster.yaml"
    file.write_text(CLUSTER + "---\n" + yaml.safe_dump_all(many))
    asked = PolicyInput(compile_policies(load([str(file)])), profile_for("calico"), "shop")
    prober = FakeProber(_enforced)
    report = _verify(asked, prober, *((f"pod/web-{n}", "pod/db:pg", "allow") for n in range(1, 31)))
    assert report.exit_code == 0
    assert len(prober.ran) == 30
    assert prober.largest <= 12


@pytest.mark.parametrize(
    ("flows", "code"),
    [
        ([("pod/web", "svc/pg", "allow")], 0),
        ([("pod/web", "svc/pg", "deny"), ("pod/web", "svc/empty", "allow")], 1),
        ([("pod/web", "svc/empty", "allow")], 3),
        ([("pod/web", "svc/pg", "allow"), ("pod/web", "svc/empty", "allow")], 4),
    ],
)
def test_exit_codes(asked: PolicyInput, flows: list[tuple[str, str, str]], code: int) -> None:
    assert _verify(asked, None, *flows).exit_code == code


# The command ---------------------------------------------------------------------------------------------------

FLOWS = """\
namespace: shop
flows:
- {from: pod/web, to: svc/pg, expect: allow}
- {from: pod/other, to: svc/pg, expect: allow, name: "a <name> & # \\\\ \\u001b[2J", because: "it's \\"said\\""}
- {from: pod/web, to: svc/empty, expect: allow}
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    (tmp_path / "flows.yaml").write_text(FLOWS)
    return [str(tmp_path / "flows.yaml"), "--snapshot", str(tmp_path / "cluster.yaml")]


def test_the_table_says_first_what_is_not_as_expected(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *files]) == 1
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert "MISMATCH" in lines[0]
    assert "NetworkPolicy/shop/db" in out
    assert "1 as expected, 1 not as expected, 1 not tested" in out
    assert "\x1b" not in out
    assert "pod/web to svc/pg" not in out
    assert main(["verify", *files, "-o", "wide"]) == 1
    assert "pod/web to svc/pg" in capsys.readouterr().out


def test_json(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *files, "-o", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "VerifyReport"
    assert [flow["result"] for flow in document["flows"]] == ["asExpected", "mismatch", "notTested"]
    mismatch = document["flows"][1]
    assert (mismatch["from"], mismatch["expected"], mismatch["policies"]) == ("pod/other", "allow", "denied")
    assert mismatch["at"].endswith("flows.yaml:4")
    assert mismatch["verdicts"][0]["kind"] == "FlowVerdict"


def test_junit_is_xml_with_consistent_counts(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *files, "-o", "junit"]) == 1
    root = ET.fromstring(capsys.readouterr().out)
    (suite,) = root
    for element in (root, suite):
        counts = {key: element.get(key) for key in ("tests", "failures", "errors")}
        assert counts == {"tests": "3", "failures": "1", "errors": "0"}
    assert suite.get("skipped") == "1"
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["skipped"]]
    assert suite[1].get("name") == "a <name> & # \\ \\x1b[2J (allow)"
    failure = suite[1][0]
    assert 'it\'s "said"' in str(failure.text)
    assert "policies deny" in str(failure.get("message"))


def test_tap(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *files, "-o", "tap"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["TAP version 14", "1..3", "ok 1 - pod/web to svc/pg (allow)"]
    assert lines[3] == "not ok 2 - a <name> & \\# \\\\ \\\\x1b[2J (allow)"
    begin, end = lines.index("  ---"), lines.index("  ...")
    assert yaml.safe_load("\n".join(lines[begin + 1 : end]))["because"] == 'it\'s "said"'
    assert lines[end + 1].startswith("ok 3 - ")
    assert " # SKIP " in lines[end + 1]


def test_an_end_that_does_not_exist_names_file_and_line(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "flows.yaml").write_text("- from: pod/web.shop\n  to: svc/missing.shop:1\n  expect: deny\n")
    assert main(["verify", *files]) == 2
    err = capsys.readouterr().err
    assert f"{tmp_path / 'flows.yaml'}:1: svc/missing.shop: Service 'missing' not found" in err
    assert "Traceback" not in err


def test_no_file_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert "files of expected flows" in capsys.readouterr().err


def test_what_policies_expect_can_be_printed_kept_and_verified(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = files[1:]
    assert main(["verify", "--from-policies", *snapshot]) == 0
    assert "not as expected" in capsys.readouterr().out
    for output in ("table", "json"):
        assert main(["verify", "--from-policies", "--print", "-o", output, *snapshot]) == 0
        kept = tmp_path / f"kept.{output}"
        kept.write_text(capsys.readouterr().out)
        expected = load_expected([str(kept)])
        assert {flow.allowed for flow in expected} == {True, False}
        assert main(["verify", str(kept), *snapshot]) == 0
        capsys.readouterr()


def test_the_limit_says_what_it_leaves_out(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--from-policies", "--limit", "1", "-o", "json", *files[1:]]) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)["flows"]) == 1
    assert "1 of 1 rules may have more" in printed.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flows.yaml", "--from-policies"], "--from-policies"),
        (["flows.yaml", "--print"], "--print"),
        (["--from-policies", "--limit", "0"], "limit"),
        (["-", "--snapshot", "-"], "standard input"),
        (["flows.yaml", "--cni", "nonsense", "--snapshot", "."], "nonsense"),
    ],
)
def test_a_wrong_command_line(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flows.yaml").write_text(FLOWS)
    monkeypatch.chdir(tmp_path)
    assert main(["verify", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("netdoctor: ")
