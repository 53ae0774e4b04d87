"""What goes into the pods of a mesh, and what comes out of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor_probe.mesh.document import (
    MOST_BYTES,
    Member,
    Mesh,
    PeerSeen,
    Said,
    decode_mesh,
    decode_said,
    encode_mesh,
    encode_said,
)
from netdoctor_probe.wire import Outcome, WireError

numbers = st.integers(0, 10**7)
tested = st.builds(
    lambda peer, outcome, lost, received, *more: PeerSeen(peer, outcome, received + lost, received, *more),
    st.integers(0, 2000),
    st.sampled_from(Outcome),
    *([numbers] * 6),
    st.booleans(),
    numbers,
    *([st.text(max_size=9)] * 4),
)


@given(st.lists(tested, max_size=5).map(tuple))
def test_what_is_said_is_understood(rows: tuple[PeerSeen, ...]) -> None:
    said = Said("pod", rows)
    assert decode_said(encode_said(said, limit=10**6)) == said


def test_a_mesh_is_understood() -> None:
    mesh = Mesh((Member("a", "10.0.0.1", "10.244.0.9"), Member("b", "10.0.0.2")), (1,), samples=7, port=1234)
    assert decode_mesh(encode_mesh(mesh)) == mesh


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version":1}', '{"version":2,"members":[],"offsets":[]}'])
def test_something_else_is_no_mesh(text: str) -> None:
    with pytest.raises(WireError):
        decode_mesh(text)


@pytest.mark.parametrize(
    "change", [{"samples": 0}, {"samples": 10**6}, {"port": 0}, {"interval": -1}, {"node_port": 70000}]
)
def test_bounds_are_kept(change: dict[str, object]) -> None:
    document = json.loads(encode_mesh(Mesh((Member("a", "10.0.0.1"),), ())))
    with pytest.raises(WireError):
        decode_mesh(json.dumps(document | change))


@pytest.mark.parametrize("row", [[], [0], ["0", "ok"], [0, "fine"], [0, "ok", "many"], [0, "ok", *[0] * 20]])
def test_a_row_of_another_form_is_refused(row: list[object]) -> None:
    with pytest.raises(WireError):
        decode_said(json.dumps({"mesh": 1, "network": "pod", "tested": (row and [row]) or 1}))


def test_what_is_too_long_for_a_termination_message_loses_its_details_and_says_so() -> None:
    rows = tuple(PeerSeen(n, Outcome.OK, 20, 20, 10**4, 10**4, 10**4, 1500, believed=1500, tcp="ok") for n in range(80))
    text = encode_said(Said("pod", rows))
    said = decode_said(text)
    assert len(text) <= MOST_BYTES
    assert said.cut
    assert said.tested[5] == PeerSeen(5, Outcome.OK, 20, 20, mtu=1500, tcp="ok")
    assert decode_said(encode_said(Said("pod", rows[:60]))).tested == rows[:60]
    bare = decode_said(encode_said(Said("pod", rows), limit=1000))
    assert {one.outcome for one in bare.tested} == {Outcome.OK}


def test_nobody_is_a_peer_twice_or_of_itself() -> None:
    mesh = Mesh(tuple(Member(str(n), "") for n in range(4)), (1, 2, 3, 5, 4))
    assert [list(mesh.peers(n)) for n in range(4)] == [[1, 2, 3], [2, 3, 0], [3, 0, 1], [0, 1, 2]]


@pytest.mark.parametrize(
    "row", ['[1, "ok", 5, 6]', '[1, "ok", -1]', f'[1, "ok", 20, 20, {10**400}]', "[" * 4000 + "]" * 4000]
)
def test_numbers_that_cannot_be_and_depth_are_refused(row: str) -> None:
    with pytest.raises(WireError):
        decode_said(f'{{"mesh": 1, "network": "pod", "tested": [{row}]}}')


def test_of_a_long_answer_who_rejected_stays() -> None:
    well = PeerSeen(1, Outcome.OK, 20, 20, 300, 400, 500, 1500, believed=1500, tcp="ok")
    rejected = PeerSeen(2, Outcome.REJECTED, 20, 0, by="172.18.0.3", meaning="administratively prohibited", tcp="ok")
    whole = Said("pod", (*([well] * 20), *([rejected] * 20)))
    cut = decode_said(encode_said(whole, limit=2500))
    assert cut.cut
    assert {one.by for one in cut.tested if one.outcome is Outcome.REJECTED} == {"172.18.0.3"}
