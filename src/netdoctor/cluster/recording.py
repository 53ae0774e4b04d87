"""A Snapshot as a document for a file, and what the file must say beside the objects.

The document is a List, as kubectl prints it, so that whatever reads objects can read it. Its first item, of kind
Recording, holds what no object says: when and where it was read, what could not be read, and the checks that were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from netdoctor import __version__
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.facts import CONFIG_MAPS, NETWORK_CONFIG_MAPS
from netdoctor.cluster.objects import ConfigMap, Object
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.model.refs import ObjectRef

API_VERSION = "netdoctor.dev/v1"
KIND = "Recording"


class Recording(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a file of a Snapshot says beside its objects.

    Attributes:
        netdoctor: the version that wrote it.
        source: as in the Snapshot; so are the others, but for `checks`.
        checks: that were made when it was saved, as `probing.recorded` writes them.
    """

    netdoctor: str
    source: str
    taken_at: datetime
    unread: tuple[Unread, ...] = ()
    unread_settings: tuple[Unread, ...] = ()
    unsupported_policies: tuple[ObjectRef, ...] = ()
    missing: tuple[ObjectRef, ...] = ()
    checks: tuple[dict[str, Any], ...] = ()


def document(snapshot: Snapshot, checks: Sequence[object] = ()) -> dict[str, Any]:
    """Everything that a check reads, as one List of builtins. Of ConfigMaps, only those that a check reads."""
    recording = Recording(
        netdoctor=__version__,
        source=snapshot.source,
        taken_at=snapshot.taken_at,
        unread=snapshot.unread,
        unread_settings=snapshot.unread_settings,
        unsupported_policies=snapshot.unsupported_policies,
        missing=snapshot.missing,
        checks=tuple(msgspec.to_builtins(check) for check in checks),
    )
    head = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "recording"}}
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [head | msgspec.to_builtins(recording), *_items(snapshot)],
    }


def is_recording(kind: object, api_version: object) -> bool:
    """Whether a document is no object of a cluster, but what was written about one."""
    return kind == KIND and api_version == API_VERSION


def read_recording(fields: Mapping[str, Any]) -> Recording:
    """The first item of a recorded List. Raises msgspec.ValidationError where it has another form."""
    return msgspec.convert(fields, Recording)


def _items(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    for read in snapshot.objects():
        if not isinstance(read, ConfigMap) or (read.namespace, read.name) in (*CONFIG_MAPS, *NETWORK_CONFIG_MAPS):
            yield _item(read)


def _item(read: Object) -> dict[str, Any]:
    return {"apiVersion": KINDS[read.kind_name()].group_version, **msgspec.to_builtins(read)}
