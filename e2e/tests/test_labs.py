"""The labs that come with netdoctor: every command of their pages, and every check, in the lab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.runner.lab import SIDE_BY_SIDE
from e2e.tests.selected import parameters_of
from netdoctor.lab.definition import bundled

Ended = subprocess.CompletedProcess[str]
SECONDS = 300  # no page may take longer


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, bool], Future[Ended]]]:
    """What `netdoctor lab run` said, by the lab and whether its page was walked through; several side by side."""
    root = tmp_path_factory.mktemp("labs")
    tests = {
        True: test_every_command_of_a_page_does_what_the_page_says,
        False: test_the_checks_of_a_lab_come_out_as_it_says,
    }
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {
            (str(given["name"]), page): pool.submit(run, str(given["name"]), root, page=page)
            for page, test in tests.items()
            for given in parameters_of(request, test.__name__)
        }


def run(name: str, root: Path, *, page: bool) -> Ended:
    """Run a copy of a lab under another name, so that one that is up already does not disturb it."""
    copy = root / f"{name}-{'page' if page else 'checks'}"
    shutil.copytree(bundled()[name], copy)
    text = copy / "lab.md"
    if page:
        text.write_text(text.read_text().replace(f"lab shell {name} ", f"lab shell {copy.name} "))
    else:
        text.unlink()
    command = [sys.executable, "-m", "netdoctor", "lab", "run", str(copy), "--yes"]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.mark.parametrize("name", bundled())
def test_every_command_of_a_page_does_what_the_page_says(
    name: str, runs: dict[tuple[str, bool], Future[Ended]]
) -> None:
    """It ends with the exit code that the page expects."""
    ended = runs[name, True].result()
    assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr}"


@pytest.mark.parametrize("name", bundled())
def test_the_checks_of_a_lab_come_out_as_it_says(name: str, runs: dict[tuple[str, bool], Future[Ended]]) -> None:
    """As those of any scenario."""
    ended = runs[name, False].result()
    assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr}"
