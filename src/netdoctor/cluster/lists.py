"""Lists of one kind from the API: in pages, cluster-wide or (with fewer rights) namespace by namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from netdoctor.cluster.client import ApiError, Client
from netdoctor.cluster.decode import KINDS, UndecodableError, decode_object, decode_page
from netdoctor.cluster.objects import Object
from netdoctor.cluster.snapshot import Unread

PAGE_SIZE = 500
# Normal events say what went well, and are many.
_FIELD_SELECTORS = {"Event": "type=Warning"}


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects of one kind, and which of them could not be read."""

    kind: str
    objects: tuple[Object, ...] = ()
    unread: tuple[Unread, ...] = ()


def read_kind(client: Client, kind: str, namespaces: Sequence[str]) -> Listing:
    """All objects of a kind; where the whole cluster is forbidden, those of `namespaces`.

    Raises:
        ApiError: the credentials were refused (401).
        AccessError: the server could not be reached.
    """
    try:
        return _read_list(client, kind, "")
    except ApiError as error:
        if error.status == 401:
            raise
        if error.status != 403 or not (KINDS[kind].namespaced or kind == "Namespace"):
            return Listing(kind, unread=(Unread(kind, "", _because(error)),))
        return _read_in_namespaces(client, kind, namespaces, _because(error))


def read_named(client: Client, kind: str, namespace: str, name: str) -> Listing:
    """One object; none if it does not exist. Raises as `read_kind` does."""
    try:
        body = client.request("GET", KINDS[kind].path(namespace, name))
        return Listing(kind, (decode_object(kind, body),))
    except ApiError as error:
        if error.status == 401:
            raise
        return Listing(kind) if error.status == 404 else Listing(kind, unread=(Unread(kind, namespace, _because(error)),))
    except (UndecodableError, msgspec.DecodeError) as error:
        return Listing(kind, unread=(Unread(kind, namespace, str(error)),))


def _read_in_namespaces(client: Client, kind: str, namespaces: Sequence[str], because: str) -> Listing:
    found: list[Object] = []
    unread: list[Unread] = []
    for namespace in namespaces:
        listing = _read_namespace(client, kind, namespace)
        found += listing.objects
        unread += listing.unread
    read_in = tuple(n for n in namespaces if not any(u.namespace == n for u in unread))
    everywhere_else = Unread(kind, "", because, read_in=read_in)
    return Listing(kind, tuple(found), (*unread, everywhere_else))


def _read_namespace(client: Client, kind: str, namespace: str) -> Listing:
    if kind == "Namespace":  # a Role in a namespace can grant reading that very Namespace object
        return read_named(client, kind, "", namespace)
    try:
        return _read_list(client, kind, namespace)
    except ApiError as error:
        return Listing(kind, unread=(Unread(kind, namespace, _because(error)),))
