"""The arithmetic behind `standin`: what an autoscaler makes of a probe pod that it counts and has no metrics of.

`desired` is GetResourceReplicas of Kubernetes v1.34 (pkg/controller/podautoscaler/replica_calculator.go) for a
utilisation target; usage and requests are in millicores. Pods of a Deployment all request the same.
"""

from __future__ import annotations

import math
from typing import Literal

from hypothesis import find, given
from hypothesis import strategies as st

from netdoctor.model.probe import Position, Role
from netdoctor.probing.kube.manifest import Run, probe_pod
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor_probe.wire import Plan

TOLERANCE = 0.1
Phase = Literal["absent", "Pending", "Running"]
MANIFEST = probe_pod(Run("a", 0, ProbeOptions()), "a", Position("a", Role.SOURCE, "shop"), Plan(()))
REQUEST = int(MANIFEST["spec"]["containers"][0]["resources"]["requests"]["cpu"].removesuffix("m"))

usages = st.lists(st.integers(0, 2500), min_size=1, max_size=8)
requests = st.integers(1, 1000)
targets = st.integers(1, 200)
probes = st.sampled_from(["Pending", "Running"])


def desired(usage: list[int], request: int, target: int, probe: Phase) -> int:
    """How many replicas the autoscaler wants, where as many as there are usages run."""
    used, requested, replicas = sum(usage), request * len(usage), len(usage)
    first = _ratio(used, requested, target)
    if probe == "absent" or first == 1 or (probe == "Pending" and first < 1):
        return replicas if _tolerated(first) else math.ceil(first * replicas)
    assumed = REQUEST * max(100, target) // 100 if first < 1 else 0
    second = _ratio(used + assumed, requested + REQUEST, target)
    if _tolerated(second) or (first < 1) != (second < 1):
        return replicas
    wanted = math.ceil(second * (replicas + 1))
    return replicas if (second < 1) != (wanted < replicas) and wanted != replicas else wanted


def _ratio(used: int, requested: int, target: int) -> float:
    return (used * 100 // requested) / target


def _tolerated(ratio: float) -> bool:
    return 1 - TOLERANCE <= ratio <= 1 + TOLERANCE


@given(usages, requests, targets, st.integers(1, 8), st.integers(1, 8), probes)
def test_an_autoscaler_at_rest_stays_there(
    usage: list[int], request: int, target: int, low: int, more: int, probe: Phase
) -> None:
    replicas = len(usage)
    least, most = min(low, replicas), max(low + more, replicas)

    def bounded(probe: Phase) -> int:
        return max(least, min(most, desired(usage, request, target, probe)))

    if bounded("absent") == replicas:
        assert bounded(probe) == replicas


def test_one_that_is_scaling_may_come_out_elsewhere() -> None:
    """Hence the stand-in is not made then."""
    cases = st.tuples(usages, requests, targets)

    def overshoots(case: tuple[list[int], int, int]) -> bool:
        usage, request, target = case
        usual = desired(usage, request, target, "absent")
        return desired(usage, request, target, "Running") > usual > len(usage)

    assert find(cases, overshoots)
