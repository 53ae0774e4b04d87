"""Every flow of the cyclonus suite (mattfenwick/cyclonus), where its exported truth table is at hand."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from tests.policy.clusters import CALICO, cluster, flow, namespace, pod

_DEFAULT = Path(__file__).parents[3] / "shared" / "data" / "cyclonus-cases.json.gz"
_CASES = Path(os.environ.get("NETDOCTOR_CYCLONUS_CASES", _DEFAULT))


@pytest.mark.skipif(not _CASES.exists(), reason=f"no truth table at {_CASES}; name one in NETDOCTOR_CYCLONUS_CASES")
def test_every_flow_off_the_diagonal_has_the_expected_verdict() -> None:
    wrong, compared, diagonal = [], 0, 0
    for number, step in _steps():
        snapshot = cluster(*_manifests(step))
        policies = compile_policies(snapshot)
        for case in step["Flows"]:
            if case["From"] == case["To"]:  # a pod always reaches itself; the suite's simulator says otherwise
                diagonal += 1
                continue
            asked = flow(snapshot, case["From"], case["To"], f"{case['Port']}/{case['Protocol']}")
            verdict = decide(policies, asked, CALICO)
            got = (verdict.ingress.allowed, verdict.egress.allowed, verdict.allowed)
            compared += 1
            if got != tuple(case[side] == "allowed" for side in ("Ingress", "Egress", "Combined")):
                wrong.append((number, case, got))
    assert not wrong[:3]
    assert (compared, diagonal) == (109_956, 13_713)


def _steps() -> Iterator[tuple[int, dict[str, Any]]]:
    for case in msgspec.json.decode(gzip.decompress(_CASES.read_bytes())):
        for step in case["Steps"]:
            yield case["N"], step


def _manifests(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, labels in step["Namespaces"].items():
        yield namespace(name, **labels)
    for listed in step["Pods"]:
        ports = [(c["PortName"], c["Port"], c["Protocol"]) for c in listed["Containers"]]
        yield pod(f"{listed['Namespace']}/{listed['Name']}", listed["IP"], listed["Labels"], ports=ports)
    yield from ({"kind": "NetworkPolicy", **listed} for listed in step["Policies"])
