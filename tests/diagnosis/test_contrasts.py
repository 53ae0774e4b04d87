"""What no cause explains is told apart by where it passed."""

from __future__ import annotations

from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import CheckReport, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import Sight, api, cluster, examine, policy, report, sees, web


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
