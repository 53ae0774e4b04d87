"""Labs under force and in numbers: killed at any moment, and many side by side. It needs no cluster."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from netdoctor.lab.client import connect, running
from netdoctor.model.errors import AccessError
from tests.lab.remains import end, gone, keeper, marked, mounts

SCENARIO = Path(__file__).parents[1] / "scenarios" / "policy-namespace-label-missing"
CHECK = ("check", "svc/backend-api", "-n", "production", "--from", "deploy/frontend", "--lab")
KILLS = 50
LABS = 20
SECONDS = 300  # for one command, on a machine that does much else


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Marks all processes of a test, and ends those that it leaves."""
    mark = marked()
    yield mark
    end(mark)


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "netdoctor", *map(str, arguments)]


def _start(environment: dict[str, str], *arguments: str | Path) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(_command(*arguments), env=environment, stdin=quiet, stdout=quiet, stderr=quiet)


def _kill(process: subprocess.Popen[bytes], longest: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(random.uniform(0, longest))
    process.kill()
    process.wait()


def _down(name: str) -> None:
    """End the lab if there is one that had been told to go on."""
    with suppress(AccessError):
        lab = connect(name)
        if lab is not None:
            with lab:
                lab.down()


def _check_is_killed(environment: dict[str, str], _: str) -> None:
    _kill(_start(environment, *CHECK, SCENARIO), 4.0)


def _up_is_killed(environment: dict[str, str], name: str) -> None:
    _kill(_start(environment, "lab", "up", SCENARIO, "--name", name), 1.5)
    _down(name)


def _keeper_is_killed(environment: dict[str, str], name: str) -> None:
    """While a check uses its lab."""
    assert _start(environment, "lab", "up", SCENARIO, "--name", name).wait() == 0
    check = _start(environment, *CHECK, name)
    with suppress(subprocess.TimeoutExpired):
        check.wait(random.uniform(0, 3.0))
    process = keeper(environment)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    assert check.wait(SECONDS) >= 0


@pytest.mark.parametrize("force", [_check_is_killed, _up_is_killed, _keeper_is_killed])
def test_whatever_is_killed_nothing_is_left(
    force: Callable[[dict[str, str], str], None], environment: dict[str, str]
) -> None:
    """No process, no mount, no listener; fifty times."""
    before = mounts()
    for _ in range(KILLS):
        name = f"test-{secrets.token_hex(4)}"
        force(environment, name)
        assert gone(environment, name)
    assert mounts() == before


def test_many_labs_side_by_side_give_the_same_answer(environment: dict[str, str]) -> None:
    """All up at once; each is checked while the others are there."""
    names = [f"test-{secrets.token_hex(4)}" for _ in range(LABS)]

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _command(*arguments), env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )

    with ThreadPoolExecutor(4) as several:
        try:
            ups = list(several.map(lambda name: run("lab", "up", SCENARIO, "--name", name), names))
            assert [up.stderr for up in ups if up.returncode] == []
            assert set(names) <= set(running())
            checks = list(several.map(lambda name: run(*CHECK, name), names))
        finally:
            for name in names:
                _down(name)
    assert {check.returncode for check in checks} == {1}
    assert all("PolicyNamespaceLabelMissing" in check.stdout for check in checks)
    assert gone(environment)
