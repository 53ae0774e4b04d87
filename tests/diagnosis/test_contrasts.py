"""What no cause explains is told apart by where it passed."""

from __future__ import annotations

import pytest

from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import CheckReport, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import Manifest, Sight, api, cluster, container, examine, policy, report, sees, web


def undetermined(see: object, **source: str) -> CheckReport:
    allowed = policy("all", {"app": "api"}, ingress=[{}])
    told = report(examine(cluster(api(), web(), allowed), "svc/api", see, **source))  # type: ignore[arg-type]
    assert told.verdict is Verdict.UNDETERMINED
    return told


def on_worker_1(aimed: Aimed, probe: Probe, position: Position) -> Sight:
    return Outcome.TIMEOUT if position.node == "worker-1" and aimed.aim in (Aim.VIP, Aim.BACKEND) else Outcome.OK


def test_the_node_that_makes_the_difference() -> None:
    told = undetermined(on_worker_1)
    assert "10.244.1.5:8080 answers from worker-2, and not from worker-1: look at the way between nodes" in told.summary
    assert [evidence.text.rpartition(": ")[2] for evidence in told.unexplained] == ["timeout", "timeout"]


def test_labels_that_make_the_difference_although_no_policy_says_so() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return Outcome.TIMEOUT if position.labels and aimed.aim in (Aim.VIP, Aim.BACKEND) else Outcome.OK

    told = undetermined(see, source="deploy/web")
    assert "10.244.1.5:8080 answers for neutral, and not for other-node, same-node" in told.summary


def test_who_rejects() -> None:
    rejected = Observation("", Outcome.REJECTED, 0.1, "172.18.0.3", {"meaning": "host unreachable"})
    told = undetermined(sees(VIP=rejected, BACKEND=rejected))
    assert "172.18.0.3 rejects 10.244.1.5:8080 (host unreachable): look at the firewall there" in told.summary
    assert told.unexplained[0].text.endswith("rejected, answered by 172.18.0.3 (host unreachable)")


def test_silence_everywhere_has_no_contrast() -> None:
    told = undetermined(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
    assert told.summary.endswith("no known cause explains what failed")


HUNG = Observation("", Outcome.TIMEOUT, 1.0, detail={"connected": True})


def probed(timeout: int = 1) -> list[Manifest]:
    """Service api, whose pod on worker-1 is Ready under an HTTP readiness probe."""
    asked = {"httpGet": {"path": "/ready", "port": 8080}, "timeoutSeconds": timeout}
    return [*api(containers=(container("app", 8080, readinessProbe=asked),)), *web()]


def test_what_the_kubelet_gets_an_answer_to_and_the_source_does_not() -> None:
    case = examine(
        cluster(probed()), "svc/api", sees(SMALL=HUNG, LARGE=HUNG, NODE=Outcome.REFUSED), source="deploy/web"
    )
    told = report(case)
    assert told.verdict is Verdict.UNDETERMINED
    assert "10.244.1.5:8080 takes connections from worker-2 and does not answer GET /ready" in told.summary
    assert "its own kubelet on worker-1" in told.summary
    assert [evidence.id for evidence in told.unexplained] == [s.id for s in case.of(Aim.SMALL)]


@pytest.mark.parametrize("outcome", [Outcome.BAD_RESPONSE, Outcome.RESET, Outcome.TIMEOUT])
def test_a_request_of_the_kubelet_that_does_not_hang_after_connecting_is_no_fault(outcome: Outcome) -> None:
    told = report(examine(cluster(probed()), "svc/api", sees(SMALL=outcome, NODE=Outcome.REFUSED), source="deploy/web"))
    assert told.verdict is Verdict.HEALTHY


@pytest.mark.parametrize(("timeout", "given"), [(1, 1.0), (3, 3.0), (60, 5.0)])
def test_it_is_given_the_time_that_the_kubelet_gives_it(timeout: int, given: float) -> None:
    case = examine(cluster(probed(timeout)), "svc/api", sees(), source="deploy/web")
    asked = case.of(Aim.SMALL, Aim.LARGE)
    assert [s.observed.probe.timeout for s in asked] == [given, given]
