"""A fake cluster and a client that talks to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.cluster.client import Client
from netdoctor.cluster.live import connect
from tests.probing.kube.fake_cluster import FakeCluster, serving


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with serving() as fake:
        yield fake


@pytest.fixture
def client(cluster: FakeCluster, tmp_path: Path) -> Iterator[Client]:
    document = {
        "current-context": "fake",
        "clusters": [{"name": "fake", "cluster": {"server": cluster.url}}],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(document))
    connected = connect(str(file), None, 5)
    yield connected
    connected.close()
