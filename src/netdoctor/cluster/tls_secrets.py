"""Reads Secrets for TLS, one by one and only those named: their certificates, never their keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from netdoctor.cluster.client import Client
from netdoctor.cluster.lists import read_named
from netdoctor.cluster.objects import Secret
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

MOST = 50  # Secrets that one check asks for


def all_there(snapshot: Snapshot, refs: Collection[ObjectRef]) -> Snapshot:
    """The Snapshot of a source that gives all Secrets that there are: of these, those not in it are `missing`."""
    return replace(snapshot, missing=(*snapshot.missing, *(ref for ref in refs if snapshot.find(ref) is None)))


def with_tls_secrets(snapshot: Snapshot, client: Client, refs: Collection[ObjectRef]) -> Snapshot:
    """The Snapshot with these Secrets, at most 50 of them, as far as the user may read them; `missing` the others.

    A refusal is noted as unread in its namespace. Raises as `read_kind` does.
    """
    wanted = [ref for ref in refs if snapshot.find(ref) is None and ref not in snapshot.missing][:MOST]
    listings = [(ref, read_named(client, "Secret", ref.namespace, ref.name)) for ref in wanted]
    found = [read for _, listing in listings for read in listing.objects if isinstance(read, Secret)]
    unread = [one for _, listing in listings for one in listing.unread]
    missing = [ref for ref, listing in listings if not listing.objects and not listing.unread]
    return replace(
        snapshot,
        secrets=(*snapshot.secrets, *found),
        unread=(*snapshot.unread, *dict.fromkeys(unread)),
        missing=(*snapshot.missing, *missing),
    )
