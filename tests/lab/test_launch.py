"""How labs begin and end: nothing of them outlives them, whoever dies first."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netdoctor.lab.client import connect, running
from netdoctor.model.errors import AccessError
from tests.lab.builders import pod, service
from tests.lab.living import PATIENCE, lab_of, written
from tests.lab.remains import end, gone, keeper, marked, mounts

NETDOCTOR = (sys.executable, "-m", "netdoctor")
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
CHECK = ("check", "svc/web", "-n", "shop", "--from", "pod/client", "--lab")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    documents = [SHOP, pod("web", labels={"app": "web"}), pod("client", labels={"app": "client"}), service("web")]
    return written(tmp_path, *documents)


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    mark = marked()
    yield mark
    end(mark)


@pytest.fixture
def name() -> Iterator[str]:
    own = f"test-{secrets.token_hex(4)}"
    yield own
    down(own)


def down(name: str) -> None:
    """End the lab if there is one that had been told to go on."""
    with suppress(AccessError):  # it has just ended
        lab = connect(name)
        if lab is not None:
            with lab:
                lab.down()


def run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NETDOCTOR, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=6 * PATIENCE,
    )


def killed_at_some_moment(environment: dict[str, str], *arguments: str | Path) -> None:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*NETDOCTOR, *map(str, arguments)], env=environment, stdin=quiet, stdout=quiet, stderr=quiet
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(random.uniform(0.2, 1.6))
    process.kill()
    process.wait()


@pytest.mark.parametrize("attempt", range(3))
def test_a_check_that_is_killed_leaves_nothing(file: Path, environment: dict[str, str], attempt: int) -> None:
    before = mounts()
    killed_at_some_moment(environment, *CHECK, file)
    assert gone(environment)
    assert mounts() == before


@pytest.mark.parametrize("attempt", range(2))
def test_a_lab_whose_start_is_killed_is_not_there(
    file: Path, environment: dict[str, str], name: str, attempt: int
) -> None:
    killed_at_some_moment(environment, "lab", "up", file, "--name", name)
    down(name)
    assert gone(environment, name)


def test_with_its_keeper_everything_ends(file: Path, environment: dict[str, str], name: str) -> None:
    assert run(environment, "lab", "up", file, "--name", name).returncode == 0
    process = keeper(environment)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    assert gone(environment, name)


def test_a_check_ends_in_one_line_when_its_lab_does(file: Path, environment: dict[str, str]) -> None:
    with lab_of(file) as lab:
        lab.down()
        with pytest.raises(AccessError, match="the lab has ended"):
            lab.objects()


def test_a_lab_that_is_up_holds_nothing_of_who_started_it(file: Path, environment: dict[str, str], name: str) -> None:
    assert run(environment, "lab", "up", file, "--name", name).returncode == 0  # its pipes have been closed
    assert name in running()
    assert run(environment, "lab", "down", name).returncode == 0
    assert gone(environment, name)


def test_a_lab_comes_up_where_no_standard_stream_is_open(file: Path, environment: dict[str, str], name: str) -> None:
    command = [*NETDOCTOR, "lab", "up", str(file), "--name", name]
    code = "import os, sys; os.closerange(0, 3); os.execv(sys.argv[1], sys.argv[1:])"
    ended = subprocess.run([sys.executable, "-c", code, *command], env=environment, check=False, timeout=6 * PATIENCE)
    assert ended.returncode == 0
    assert name in running()


# Where namespaces are forbidden --------------------------------------------------------------------------------

_WITHOUT = """
import os, sys
from netdoctor.lab import kernel
from pathlib import Path
user, group = os.getuid(), os.getgid()
kernel.unshare(kernel.Clone.USER)
inner = int(sys.argv[1])
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"{inner} {user} 1")
Path("/proc/self/gid_map").write_text(f"{inner} {group} 1")
Path("/proc/sys/user/max_user_namespaces").write_text("0")
os.execv(sys.argv[2], sys.argv[2:])
"""


def without_user_namespaces(user: int, environment: dict[str, str], file: Path) -> subprocess.CompletedProcess[str]:
    """A check in a lab by this user of a user namespace in which no further one can be made."""
    command = [sys.executable, "-c", _WITHOUT, str(user), *NETDOCTOR, *CHECK, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=6 * PATIENCE)


def test_who_may_make_no_namespaces_is_told_both_ways_out(file: Path, environment: dict[str, str]) -> None:
    ended = without_user_namespaces(1000, environment, file)
    assert (ended.returncode, ended.stdout) == (3, "")
    what, why, hint = ended.stderr.splitlines()
    assert "does not let you make the namespaces" in what
    assert "unshare" in why
    assert "sysctl -w" in hint
    assert "run netdoctor itself as root" in hint


def test_root_needs_no_user_namespace(file: Path, environment: dict[str, str]) -> None:
    ended = without_user_namespaces(0, environment, file)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Healthy" in ended.stdout
