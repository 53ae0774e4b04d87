"""`netdoctor lab` as a process: exit codes, one-line errors, and labs that others can reach."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.lab.client import connect, running
from tests.lab.builders import pod, service
from tests.lab.living import PATIENCE, SCENARIOS, written

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def run(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netdoctor", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=6 * PATIENCE)


def complaint(*arguments: str | Path, code: int = 2, stdin: str = "") -> str:
    """The error of a command, whose first line is all that it needs."""
    ended = run(*arguments, stdin=stdin)
    assert (ended.returncode, ended.stdout) == (code, "")
    first, *more = ended.stderr.splitlines()
    assert all(line.startswith(("  why: ", "  try: ")) for line in more)
    return first


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = [SHOP, pod("web", labels={"app": "web"}), pod("client"), service("web")]
    return written(tmp_path_factory.mktemp("manifests"), *documents)


@pytest.fixture(scope="module")
def up(file: Path) -> Iterator[str]:
    """The name of a lab that another process has left up."""
    name = f"test-{secrets.token_hex(4)}"
    ended = run("lab", "up", file, "--name", name)
    assert ended.returncode == 0, ended.stderr
    assert f"lab {name} is up: 3 nodes" in ended.stdout
    yield name
    lab = connect(name)
    if lab is not None:
        with lab:
            lab.down()


def test_checks_of_a_lab_that_is_up_come_out_the_same_each_time(up: str) -> None:
    for command in (["check"], ["lab", "check", up]):
        where = [] if command[0] == "lab" else ["--lab", up]
        ended = run(*command, "svc/web", "-n", "shop", "--from", "pod/client", *where)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "Healthy" in ended.stdout


def test_kubectl_prints_and_fails_as_kubectl_does(up: str) -> None:
    assert "web" in run("lab", "kubectl", up, "get", "pods", "-n", "shop").stdout
    assert complaint("lab", "kubectl", up, "get", "pod", "missing", "-n", "shop", code=1).startswith(
        "Error from server"
    )
    assert "dance" in complaint("lab", "kubectl", up, "dance", code=1)
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-stdin}\n"
    assert run("lab", "kubectl", up, "apply", "-f", "-", stdin=manifest).returncode == 0
    assert "from-stdin" in run("lab", "kubectl", up, "get", "configmaps").stdout


def test_a_name_that_is_taken_is_refused_and_the_lab_stays(up: str, file: Path) -> None:
    assert complaint("lab", "up", file, "--name", up) == f"netdoctor: lab {up} is up already"
    assert up in running()
    assert up in run("lab", "list").stdout


@pytest.mark.parametrize("where", ["pod/missing", "deploy/missing", "node/missing", "svc/web", "nonsense/x"])
def test_a_place_that_is_not_there_is_named(up: str, where: str) -> None:
    assert where.partition("/")[0] in complaint("lab", "shell", up, where, "-n", "shop", "--", "true")


@pytest.mark.parametrize(
    "arguments", [["lab", "shell", "none", "pod/x"], ["lab", "kubectl", "none", "get", "pods"], ["lab", "down", "none"]]
)
def test_a_lab_that_is_not_up_is_named(arguments: list[str]) -> None:
    assert complaint(*arguments).startswith("netdoctor: no lab none is up")


def test_down_wants_names_or_all() -> None:
    assert "--all" in complaint("lab", "down")


@pytest.mark.parametrize("name", ["x" * 5000, "Has Blanks", "a/../b", "\x1b[2J"])
def test_a_name_that_is_none_is_refused(file: Path, name: str) -> None:
    assert "a lab's name consists of" in complaint("lab", "up", file, "--name", name)


@pytest.mark.parametrize("command", [["lab", "up"], ["lab", "run"], ["lab", "check"], ["check", "svc/x", "--lab"]])
def test_what_is_neither_a_lab_nor_a_path_is_refused(command: list[str]) -> None:
    assert "/does/not/exist" in complaint(*command, "/does/not/exist")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: [\n", ":"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", ":1: "),
        ("just words\n", ":1: "),
        ("- a\n- b\n", ":1: "),
        ("", ": no Kubernetes object"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    assert f"{file}{line}" in complaint("lab", "up", file)


def test_a_scenario_runs_and_a_file_without_checks_says_so(file: Path) -> None:
    ended = run("lab", "run", SCENARIOS / "multi-port-service-healthy")
    assert (ended.returncode, ended.stdout) == (0, "multi-port-service-healthy: as expected\n")
    assert "neither a page" in complaint("lab", "run", file)


def test_down_ends_the_lab_at_once(file: Path) -> None:
    name = f"test-{secrets.token_hex(4)}"
    assert run("lab", "up", file, "--name", name).returncode == 0
    assert run("lab", "down", name).stdout == f"lab {name} is down\n"
    assert name not in running()
