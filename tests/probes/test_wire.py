"""The contract between the command line and the agent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor_probe.wire import (
    Observation,
    Outcome,
    Plan,
    Probe,
    ProbeKind,
    WireError,
    decode_line,
    decode_plan,
    encode_end,
    encode_observation,
    encode_plan,
)

seconds = st.floats(0.001, 1000)
probes = st.builds(
    Probe,
    id=st.text(min_size=1),
    kind=st.sampled_from(ProbeKind),
    host=st.text(),
    port=st.integers(0, 65535),
    timeout=seconds,
    attempts=st.integers(1, 9),
    delay=seconds,
    name=st.text(),
    qtype=st.text(),
    server=st.text(),
    transport=st.sampled_from(["udp", "tcp"]),
    path=st.text(),
    payload=st.text(),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(probes, max_size=4, unique_by=lambda probe: probe.id), st.integers(1, 999), st.floats(0.1, 3600))
def test_plan_round_trip(some: list[Probe], parallel: int, deadline: float) -> None:
    plan = Plan(tuple(some), parallel, deadline)
    assert decode_plan(encode_plan(plan)) == plan


@given(
    st.text(), st.sampled_from(Outcome), st.none() | st.text(), st.dictionaries(st.text(), st.integers() | st.text())
)
def test_observation_round_trip(name: str, outcome: Outcome, by: str | None, detail: dict[str, int | str]) -> None:
    seen = Observation(name, outcome, 0.25, by, detail)
    line = encode_observation(seen)
    assert "\n" not in line
    assert decode_line(line) == seen


def test_end_line() -> None:
    assert decode_line(encode_end(7)) == 7


def test_fields_at_their_default_are_left_out() -> None:
    plan = json.loads(encode_plan(Plan((Probe("a", ProbeKind.TCP, "::1", 80),))))
    assert plan["probes"] == [{"id": "a", "kind": "tcp", "host": "::1", "port": 80}]


@given(st.text() | json_values.map(json.dumps))
def test_anything_else_is_a_wire_error(text: str) -> None:
    for decode in (decode_plan, decode_line):
        with pytest.raises(WireError):
            decode(text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"port": "80"}, "port of probe a"),
        ({"port": 65536}, "port"),
        ({"attempts": True}, "attempts of probe a"),
        ({"attempts": 0}, "attempts"),
        ({"timeout": 0}, "timeout"),
        ({"host": None}, "host of probe a"),
        ({"kind": "ping"}, "ping"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], says: str) -> None:
    probe = {"id": "a", "kind": "tcp", "host": "::1", "port": 80} | change
    with pytest.raises(WireError, match=says):
        decode_plan(json.dumps({"version": 1, "parallel": 1, "deadline": 1, "probes": [probe]}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"parallel": 0}, "parallel"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": float("inf")}, "deadline"),
        ({"probes": [{"id": "a", "kind": "tcp"}] * 2}, "same id"),
    ],
)
def test_wrong_bounds_are_named(change: dict[str, object], says: str) -> None:
    plan = {"version": 1, "parallel": 1, "deadline": 1, "probes": []} | change
    with pytest.raises(WireError, match=says):
        decode_plan(json.dumps(plan))
