"""`netdoctor clean`: removes what runs left behind before it removes itself, such as kept pods.

A `check` needs no such step: owners expire by themselves (see `manifest`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cluster.client import Client
from netdoctor.model.errors import AccessError
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.api import KINDS, ProbeAPI
from netdoctor.probing.kube.manifest import EXPIRES_LABEL, Document
from netdoctor.probing.kube.refusals import refusal


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, what could not be looked for or removed and why, and how many objects may be in use still.

    Untrusted texts.
    """

    removed: tuple[ObjectRef, ...]
    failed: tuple[str, ...]
    spared: int = 0


def clean(client: Client, namespace: str | None, now: float, *, running: bool) -> Cleaned:
    """Remove the objects of runs past their deadline; with `running` those of all runs, also of other people's.

    Args:
        client: the connection.
        namespace: where; None = everywhere.
        now: Unix seconds.
        running: whether to remove runs that may still be under way, and kept ones.
    """
    api = ProbeAPI(client)
    removed: list[ObjectRef] = []
    failed: list[str] = []
    spared = 0
    for kind in KINDS:
        try:
            there = api.runs(kind, namespace)
        except AccessError as error:
            failed.append(refusal(error, f"list {kind}s of netdoctor's runs"))
            continue
        found = [item for item in there if running or _expired(item, now)]
        spared += len(there) - len(found)
        for ref in _refs(kind, found):
            try:
                if api.delete(kind, ref.namespace, ref.name):
                    removed.append(ref)
            except AccessError as error:
                failed.append(refusal(error, f"delete {ref}"))
    return Cleaned(tuple(removed), tuple(failed), spared)


def _refs(kind: str, items: list[Document]) -> Iterator[ObjectRef]:
    for item in items:
        yield ObjectRef(kind, item["metadata"]["name"], item["metadata"]["namespace"])


def _expired(item: Document, now: float) -> bool:
    """Whether its deadline is over; an unreadable one is nobody's any more."""
    expires = item["metadata"]["labels"].get(EXPIRES_LABEL, "")
    return not expires.isdecimal() or int(expires) <= now
