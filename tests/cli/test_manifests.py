"""`check --snapshot` of manifests that nobody has applied yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netdoctor.cli.main import main

SCENARIOS = Path(__file__).parents[2] / "e2e" / "scenarios"


@pytest.mark.parametrize(
    ("scenario", "command", "causes"),
    [
        ("policy-denies-ingress", "svc/web -n denied-ingress --from deploy/client", ["PolicyDeniesIngress"]),
        (
            "policy-denies-both-sides",
            "svc/web -n denied-both --from deploy/client",
            ["PolicyDeniesEgress", "PolicyDeniesIngress"],
        ),
        (
            "policy-uses-service-port",
            "svc/web -n policy-service-port --from deploy/client",
            ["PolicyUsesServicePort"],
        ),
        ("named-port-not-found", "svc/portal -n port-name", ["NamedPortNotFound"]),
        ("service-selector-mismatch", "svc/frontend -n selector-typo", ["ServiceSelectorMismatch"]),
        ("workload-scaled-to-zero", "svc/reports -n scaled-to-zero", ["WorkloadScaledToZero"]),
        ("multi-port-service-healthy", "svc/gateway -n many-ports", []),
        ("no-ready-endpoints", "svc/orders -n readiness-fails", []),  # only a cluster can tell
    ],
)
def test_what_manifests_tell(
    scenario: str, command: str, causes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    manifests = SCENARIOS / scenario / "manifests.yaml"
    code = main(["check", *command.split(), "--snapshot", str(manifests), "-o", "json"])
    report = json.loads(capsys.readouterr().out)
    assert (code, report["verdict"]) == ((1, "Unhealthy") if causes else (3, "Undetermined"))
    assert sorted(cause["code"] for cause in report["causes"]) == causes
    assert [cause["certainty"] for cause in report["causes"]] == ["Likely"] * len(causes)


def test_policies_are_not_said_to_admit_what_could_not_be_decided(capsys: pytest.CaptureFixture[str]) -> None:
    manifests = SCENARIOS / "policy-namespace-label-missing" / "manifests.yaml"
    main(
        [
            "check",
            "svc/backend-api",
            "-n",
            "production",
            "--from",
            "deploy/frontend",
            "-o",
            "json",
            "--snapshot",
            str(manifests),
        ]
    )
    report = json.loads(capsys.readouterr().out)
    ruled_out = {item["code"] for item in report["ruledOut"]}
    assert "PolicyDeniesIngress" in ruled_out
    assert "DNSEgressDenied" not in ruled_out
    assert "no DNS server is among the objects" in [item["because"] for item in report["notTested"]]
