"""Snapshots out of short YAML texts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Snapshot

Load = Callable[[str], Snapshot]


@pytest.fixture
def snapshot(tmp_path: Path) -> Load:
    """Read a YAML text as `--snapshot` would."""

    def read(text: str) -> Snapshot:
        file = tmp_path / "objects.yaml"
        file.write_text(text, encoding="utf-8")
        return load([str(file)])

    return read
