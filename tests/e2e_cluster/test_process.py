"""Failures of commands are told in three lines."""

from __future__ import annotations

import pytest

from e2e.cluster import ClusterError
from e2e.cluster.process import run


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo first >&2; echo ERROR: no space >&2; echo goroutine 1 >&2; exit 3", "ERROR: no space"),
        ("echo one >&2; echo two >&2; exit 3", "one | two"),
        ("exit 3", "it ended with exit code 3"),
    ],
)
def test_the_reason_is_what_the_command_says(script: str, why: str) -> None:
    with pytest.raises(ClusterError) as raised:
        run(["env", "A=b", "sh", "-c", script], advice="look")
    assert str(raised.value) == f"sh -c {script} failed\n  why: {why}\n  try: look"


def test_a_missing_command_is_named() -> None:
    with pytest.raises(ClusterError, match="cannot run no-such-command"):
        run(["no-such-command"], advice="install it")


def test_a_command_reads_its_input_and_environment() -> None:
    assert run(["sh", "-c", "cat; echo $WORD"], advice="", env={"WORD": "b"}, stdin=b"a") == "ab\n"
