"""Reads cert-manager's objects of the namespaces in which a Secret for TLS is missing or holds nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from netdoctor.cluster.certificate import Holding, tls_secret
from netdoctor.cluster.client import Client
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.lists import Listing, read_extension
from netdoctor.cluster.read import ISSUING_KINDS
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

_NOT_THERE = (Holding.ABSENT, Holding.UNUSABLE)


def with_issuing(snapshot: Snapshot, client: Client, refs: Collection[ObjectRef]) -> Snapshot:
    """The Snapshot with what is to issue the certificates of those Secrets that lack theirs; as it is for none.

    What may not be read is noted as unread only for the namespaces of the Secrets. Raises as `read_kind` does.
    """
    lacking = {ref.namespace for ref in refs if tls_secret(snapshot, ref.namespace, ref.name).holding in _NOT_THERE}
    if not lacking:
        return snapshot
    namespaces = sorted(lacking)
    listings = [_of(read_extension(client, kind, namespaces), namespaces) for kind in ISSUING_KINDS]
    fields: dict[str, Any] = {KINDS[listing.kind].field: listing.objects for listing in listings}
    unread = tuple(one for listing in listings for one in listing.unread)
    return replace(snapshot, unread=(*snapshot.unread, *unread), **fields)


def _of(listing: Listing, namespaces: Collection[str]) -> Listing:
    """Without what is unread elsewhere."""
    return replace(listing, unread=tuple(u for u in listing.unread if u.namespace in namespaces or not u.read_in))
