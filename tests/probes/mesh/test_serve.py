"""The pod that answers."""

from __future__ import annotations

import pytest

from netdoctor_probe.mesh.serve import LEAST, answer, plain, read_answer, request


@pytest.mark.parametrize(
    ("sender", "seen"), [("10.0.0.7", "10.0.0.7"), ("::ffff:10.0.0.7", "10.0.0.7"), ("fd00::7%eth0", "fd00::7")]
)
def test_the_answer_tells_whence_the_question_came(sender: str, seen: str) -> None:
    said = answer(request(5, 1000), sender)
    assert said is not None
    assert read_answer(said) == (5, seen)


@pytest.mark.parametrize("length", [0, LEAST, 100, 1400])
def test_no_answer_is_longer_than_its_question(length: int) -> None:
    asked = request(1, length)
    said = answer(asked, "10.0.0.7")
    assert said is not None
    assert len(said) <= len(asked)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n" * 5, request(1, 0)[:-1]])
def test_whoever_says_something_else_gets_no_answer(data: bytes) -> None:
    assert answer(data, "10.0.0.7") is None


@pytest.mark.parametrize("data", [b"", request(1, 0), b"x" * LEAST])
def test_something_else_is_no_answer(data: bytes) -> None:
    assert read_answer(data) is None


def test_addresses_are_compared_in_their_plain_form() -> None:
    assert plain("::ffff:10.1.2.3") == plain("10.1.2.3")
