"""What an agent says, line by line."""

from __future__ import annotations

from netdoctor.model.probe import Observation, Outcome, Position, Probe, ProbeKind, Role
from netdoctor.probing.heard import Heard
from netdoctor_probe.wire import encode_end, encode_observation

HERE = Position("p0", Role.SOURCE, "shop")
PLAN = tuple(Probe(name, ProbeKind.TCP, "10.0.0.1", 80) for name in ("a", "b", "c"))


def heard(*lines: str) -> Heard:
    made = Heard()
    for line in lines:
        made.take(line)
    return made


def said(name: str) -> str:
    return encode_observation(Observation(name, Outcome.OK, 0.1))


def test_what_came_is_in_the_order_of_the_plan_and_the_rest_is_missing() -> None:
    made = heard(said("c"), said("a"))
    assert [(one.id, one.node, one.pod_ip) for one in made.observed(PLAN, HERE, "worker-1", "10.244.1.9")] == [
        ("a", "worker-1", "10.244.1.9"),
        ("c", "worker-1", "10.244.1.9"),
    ]
    assert (made.missing(PLAN), made.end) == (1, None)


def test_the_end_is_told() -> None:
    assert heard(said("a"), encode_end(1)).end == 1


def test_the_last_words_are_those_of_what_went_wrong() -> None:
    assert heard("Traceback", "MemoryError", said("a"), "").last_words == "; its last words: MemoryError"
    assert heard(said("a"), encode_end(1)).last_words == ""
