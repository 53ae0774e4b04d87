"""Lists of one kind from the API: in pages, cluster-wide or (with fewer rights) namespace by namespace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from netdoctor.cluster.client import ApiError, Client, Query
from netdoctor.cluster.decode import KINDS, Kind, Page, UndecodableError, decode_object, decode_page
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


def read_extension(client: Client, kind: str, namespaces: Sequence[str] = ()) -> Listing:
    """All objects of a kind that not every cluster has; none where it is not served. Raises as `read_kind` does.

    Where the whole cluster is forbidden, those of `namespaces`, if it is namespaced: in each from the group that may be
    read there.

    Who may not list a kind is refused with 403 whether it exists or not, but everybody may ask what is served.
    """
    refused: list[_Refused] = []
    for served in KINDS[kind].versions:
        if any(one.kind.group == served.group for one in refused) or not _may_be_served(client, served):
            continue
        try:
            return _read_list(client, kind, "", served)
        except ApiError as error:
            if error.status == 401:
                raise
            if error.status != 404:
                refused.append(_Refused(served, _because(error), error.status))
    forbidden = [one.kind for one in refused if one.status == 403 and one.kind.namespaced]
    if forbidden:
        return _read_in_namespaces(client, kind, namespaces, refused[0].because, forbidden)
    return Listing(kind, unread=tuple(Unread(kind, "", one.because) for one in refused[:1]))


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a kind could not be read in one group; the rights are given per group."""

    kind: Kind
    because: str
    status: int


def _may_be_served(client: Client, kind: Kind) -> bool:
    """False only if the API server says so."""
    try:
        body = client.request("GET", kind.discovery_path)
    except ApiError as error:
        if error.status == 401:
            raise
        return error.status != 404
    try:
        served = _SERVED.decode(body).resources
    except msgspec.MsgspecError:
        return True
    return any(resource.name == kind.plural for resource in served)


class _Resource(msgspec.Struct):
    name: str = ""


class _ResourceList(msgspec.Struct):
    """What the API server serves in one group and version: APIResourceList of meta/v1."""

    resources: list[_Resource] = []


_SERVED = msgspec.json.Decoder(_ResourceList)  # before any thread: msgspec crashes where two see a type first


def read_named(client: Client, kind: str, namespace: str, name: str) -> Listing:
    """One object; none if it does not exist. Raises as `read_kind` does."""
    where = namespace or name
    try:
        body = client.request("GET", KINDS[kind].path(namespace, name))
        return Listing(kind, (decode_object(kind, body),))
    except ApiError as error:
        if error.status == 404:
            return Listing(kind)
        if error.status == 401:
            raise
        return Listing(kind, unread=(Unread(kind, where, _because(error)),))
    except UndecodableError as error:
        return Listing(kind, unread=(Unread(kind, where, str(error)),))


def _read_in_namespaces(
    client: Client, kind: str, namespaces: Sequence[str], because: str, served: Sequence[Kind] = ()
) -> Listing:
    parts = [_read_namespace(client, kind, namespace, served or (KINDS[kind],)) for namespace in namespaces]
    unread = [u for part in parts for u in part.unread]
    read_in = tuple(n for n in namespaces if not any(u.namespace == n for u in unread))
    everywhere_else = Unread(kind, "", because, read_in=read_in)
    return Listing(kind, tuple(o for part in parts for o in part.objects), (*unread, everywhere_else))


def _read_namespace(client: Client, kind: str, namespace: str, served: Sequence[Kind]) -> Listing:
    """Those of one namespace, in the first group in which they may be read there."""
    if kind == "Namespace":  # a Role in a namespace can grant reading that very Namespace object
        return read_named(client, kind, "", namespace)
    unread: list[Unread] = []
    for one in served:
        try:
            return _read_list(client, kind, namespace, one)
        except ApiError as error:
            unread.append(Unread(kind, namespace, _because(error)))
    return Listing(kind, unread=tuple(unread[:1]))


def _read_list(client: Client, kind: str, namespace: str, served: Kind | None = None) -> Listing:
    query: dict[str, str | int | bool] = {"limit": PAGE_SIZE}
    if kind in _FIELD_SELECTORS:
        query["fieldSelector"] = _FIELD_SELECTORS[kind]
    path = (served or KINDS[kind]).path(namespace)
    try:
        pages = list(_pages(client, kind, path, query))
    except ApiError as error:
        if error.status != 410:
            raise
        # The list changed for longer than the server remembers; a list in one piece cannot expire.
        del query["limit"]
        pages = list(_pages(client, kind, path, query))
    unread = (Unread(kind, bad.namespace, str(bad)) for page in pages for bad in page.undecodable)
    return Listing(kind, tuple(o for page in pages for o in page.objects), tuple(unread))


def _pages(client: Client, kind: str, path: str, query: Query) -> Iterator[Page]:
    token = ""
    while True:
        page = decode_page(kind, client.request("GET", path, query={**query, "continue": token} if token else query))
        yield page
        token = page.continue_token
        if not token:
            return


def _because(error: ApiError) -> str:
    return "the API server does not serve it" if error.status == 404 else error.message or error.reason
