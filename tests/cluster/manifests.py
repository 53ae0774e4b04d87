"""Objects and Snapshots from YAML text."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

from netdoctor.cluster.decode import convert
from netdoctor.cluster.documents import read_documents
from netdoctor.cluster.objects import Object
from netdoctor.cluster.snapshot import Snapshot


def objects(text: str) -> list[Object]:
    found = [convert(document.value) for document in read_documents(dedent(text).encode(), "test")]
    return [each for each in found if each is not None]


def snapshot(text: str, **fields: Any) -> Snapshot:
    return Snapshot.of(objects(text), source="test", taken_at=datetime(2026, 1, 1, tzinfo=UTC), **fields)
