"""The benchmark measures every command, and compares the sizes."""

from __future__ import annotations

import subprocess
import sys


def test_every_command_is_measured() -> None:
    sizes = ["--size", "80/20", "--size", "160/30"]
    run = subprocess.run(
        [sys.executable, "-m", "e2e.bench", "--rounds", "1", *sizes], capture_output=True, text=True, check=True
    )
    start, head, *lines = run.stdout.splitlines()
    assert start.startswith("netdoctor version: ")
    assert head.startswith("command")
    matrices = [(form, *size) for form in ("yaml", "json") for size in (("80", "20"), ("160", "30"))]
    measured = [tuple(line[20:].split()[:3]) for line in lines]
    assert sorted(measured[:8]) == sorted(matrices * 2)
    assert [line[:20].strip() for line in lines[8:]] == ["can (denied, fixes)", "matrix -o wide", "lint"]
