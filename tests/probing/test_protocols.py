"""What probes speak: TCP and UDP, and nothing in the place of a third protocol."""

from __future__ import annotations

from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.plan import PlanOptions, make_plan
from tests.diagnosis.builders import api, cluster, web


def test_sctp_is_not_asked_by_tcp() -> None:
    """A TCP connection to an SCTP port is refused, whatever listens there."""
    ports = {"http": ("TCP", 8080), "diameter": ("SCTP", 3868)}
    objects = api(*({"name": n, "port": p, "targetPort": p, "protocol": of} for n, (of, p) in ports.items()))
    objects[-1]["ports"] = [{"name": n, "port": p, "protocol": of} for n, (of, p) in ports.items()]
    snapshot = cluster(objects, web())
    path = build_path(snapshot, "svc/api", "deploy/web", "shop")
    plan = make_plan(snapshot, path, expect(snapshot, path), PlanOptions())
    asked = {probe.port for pod in plan.pods for probe in pod.probes}
    assert 8080 in asked
    assert 3868 not in asked
    assert {aimed.route.protocol for aimed in plan.aims.values() if aimed.route} == {"TCP"}
    assert [(one.what, one.because) for one in plan.not_tested] == [
        ("3868/SCTP: whether it answers", "probes speak TCP and UDP only")
    ]
