"""A fake API server, and a client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.cluster.client import Client
from netdoctor.cluster.live import connect
from tests.cluster.fake_api import FakeAPI, serving


@pytest.fixture
def api() -> Iterator[FakeAPI]:
    with serving() as fake:
        yield fake


@pytest.fixture
def client(api: FakeAPI, tmp_path: Path) -> Iterator[Client]:
    connected = connect(api.kubeconfig(tmp_path, token="s3cret"), None, 5)
    yield connected
    connected.close()
