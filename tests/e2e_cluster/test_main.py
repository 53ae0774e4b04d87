"""The command line, as far as it goes without a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.cluster.paths import REPOSITORY


def run(cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "e2e.cluster", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [["exec", "true"], ["node-exec", "worker-1", "true"], ["load", "image.tar"]])
def test_a_cluster_that_is_not_up_is_told_in_three_lines(words: list[str], tmp_path: Path) -> None:
    command, *rest = words
    ended = run(tmp_path, command, "--cni", "plain", "--name", "absent", *rest)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "error: absent cannot be reached",
        "  why: there is no such cluster",
        "  try: run `python -m e2e.cluster up --cni plain --name absent`",
    ]


def test_env_is_what_a_shell_reads(tmp_path: Path) -> None:
    exports = run(tmp_path / "with space", "env", "--name", "lab").stdout
    shell = subprocess.run(["sh", "-c", f"{exports}\necho $KUBECONFIG"], capture_output=True, text=True, check=True)
    assert shell.stdout == f"{tmp_path}/with space/netdoctor/clusters/lab/kubeconfig\n"


@pytest.mark.parametrize("arguments", [[], ["up", "--cni", "other"], ["node-exec", "worker-3", "true"]])
def test_a_wrong_command_line_ends_with_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    assert run(tmp_path, *arguments).returncode == 2
