"""What a recorded check answers to a plan that another version makes."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from netdoctor.model.probe import NotTested, Observation, Observed, Outcome, Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.plan import PlanOptions
from netdoctor.probing.prober import ProbeRun
from netdoctor.probing.recorded import RecordedCheck, RecordedLog, RecordedProber, read_checks

SOURCE = Position("source", Role.SOURCE, "shop", tolerations=({"operator": "Exists"},), attach_to=ObjectRef("Pod", "a"))
VIP = Probe("source-0", ProbeKind.TCP, host="10.96.0.1", port=80)
BACKEND = Probe("source-1", ProbeKind.TCP, host="10.244.0.5", port=8080)
SEEN = tuple(
    Observed(probe, SOURCE, Observation(probe.id, outcome, 0.5, "10.244.0.5", {"attempts": 2}), "worker", "10.244.1.2")
    for probe, outcome in ((VIP, Outcome.TIMEOUT), (BACKEND, Outcome.OK))
)
RUN = ProbeRun(SEEN, (NotTested("who answers", "not granted"),), ("a label was left out",))
PODS = (ProbePod(SOURCE, (VIP, BACKEND)),)


def replayed(*probes: Probe) -> ProbeRun:
    return RecordedProber(PODS, RUN).run([ProbePod(SOURCE, probes)], lambda _: None)


def test_the_same_plan_sees_the_same() -> None:
    assert replayed(VIP, BACKEND) == RUN


def test_other_ids_are_those_of_the_plan() -> None:
    run = replayed(replace(BACKEND, id="source-0"))
    assert [(seen.id, seen.observation.id, seen.outcome) for seen in run.observed] == [
        ("source-0", "source-0", Outcome.OK)
    ]


def test_what_was_never_sent_is_not_tested() -> None:
    run = replayed(VIP, BACKEND, replace(BACKEND, id="source-2", port=9090))
    assert run.observed == RUN.observed
    assert [each.what for each in run.not_tested] == ["who answers", "1 probes"]


def test_a_check_survives_being_written() -> None:
    log = RecordedLog(ObjectRef("Pod", "web", "shop"), "listening on 127.0.0.1:80")
    check = RecordedCheck(
        target="svc/web", source=None, namespace="shop", options=PlanOptions(2.0), pods=PODS, run=RUN, logs=(log,)
    )
    assert read_checks([msgspec.json.decode(msgspec.json.encode(check))], "file") == (check,)
