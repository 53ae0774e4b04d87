"""How commands enter the engine's namespace, and how runc is spared a capability."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from e2e.cluster.engine import NAMESPACE, Engine, isolated_engine
from e2e.cluster.paths import NODE_SOURCES

SPECIFICATION = '{"bounding":["CAP_SYS_RESOURCE","CAP_KILL"],"effective":["CAP_KILL","CAP_SYS_RESOURCE"]}'
STRIPPED = '{"bounding":["CAP_KILL"],"effective":["CAP_KILL"]}'


def test_our_own_engine_is_entered_by_its_namespace() -> None:
    command = isolated_engine().inside(["true"], KUBECONFIG="/some/file")
    assert command[:3] == ["nsenter", f"--net=/run/netns/{NAMESPACE}", "--"]
    assert "DOCKER_HOST=unix:///run/netdoctor-e2e/docker.sock" in command
    assert command[-2:] == ["KUBECONFIG=/some/file", "true"]


def test_the_installed_engine_is_used_as_it_is() -> None:
    ended = subprocess.run(
        Engine().inside(["sh", "-c", "echo $WORD"], WORD="two words"), capture_output=True, check=True
    )
    assert ended.stdout == b"two words\n"


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["--log", "x", "create", "--bundle", "{}", "id"], "config.json"),
        (["run", "-b", "{}", "id"], "config.json"),
        (["exec", "--process", "{}/process.json", "id"], "process.json"),
    ],
)
def test_the_wrapper_drops_the_capability_and_hands_the_rest_to_runc(
    arguments: list[str], file: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(SPECIFICATION)
    runc = tmp_path / "runc"
    runc.write_text('#!/bin/sh\necho "$@"\n')
    runc.chmod(0o755)
    words = [word.format(tmp_path) for word in arguments]
    ended = subprocess.run(
        [NODE_SOURCES / "runc-without-sys-resource", *words],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert ended.stdout.split() == words
    assert (tmp_path / file).read_text() == STRIPPED
