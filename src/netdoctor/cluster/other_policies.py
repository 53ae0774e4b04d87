"""Policies of a live cluster that netdoctor cannot read: only that they are there, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from netdoctor.cluster.client import ApiError, Client
from netdoctor.cluster.decode import KINDS, NOT_JSON, POLICY_KINDS
from netdoctor.cluster.snapshot import Unread
from netdoctor.cluster.unsupported import OTHER_POLICIES, full_kind, unsupported_policy
from netdoctor.model.refs import ObjectRef


@dataclass(frozen=True, slots=True)
class OtherPolicies:
    """References to policies, and what of them could not be listed."""

    policies: tuple[ObjectRef, ...] = ()
    unread: tuple[Unread, ...] = ()


def read_other_policies(client: Client, namespaces: Sequence[str]) -> OtherPolicies:
    """Those of the whole cluster; where that is forbidden, those of `namespaces`.

    Which API groups there are may be asked by everybody, so that a cluster without such policies needs no right.

    Raises:
        ApiError: the credentials were refused (401).
        AccessError: the server could not be reached.
    """
    found: list[ObjectRef] = []
    unread: list[Unread] = []
    for resource in _served(client):
        policies, missing = _read(client, resource, namespaces)
        found += policies
        unread += missing
    return OtherPolicies(tuple(dict.fromkeys(found)), tuple(unread))


@dataclass(frozen=True, slots=True)
class _Resource:
    group_version: str
    name: str  # as in paths
    kind: str

    @property
    def namespaced(self) -> bool:
        """Whether an object of this kind has a namespace."""
        ref = unsupported_policy(self.kind, self.group_version, {})
        return ref is not None and ref.namespace != ""


def _served(client: Client) -> Iterator[_Resource]:
    for group in _groups(client):
        preferred, versions = group.preferred_version.group_version, [v.group_version for v in group.versions]
        for name, kind in OTHER_POLICIES.get(group.name, {}).items():
            yield _Resource(preferred, name, kind)
        for kind in sorted(POLICY_KINDS):
            if KINDS[kind].group == group.name and KINDS[kind].group_version not in versions:
                yield _Resource(preferred, KINDS[kind].plural, kind)


def _groups(client: Client) -> list[_Group]:
    """All API groups; none if nobody says which there are."""
    try:
        return _GROUPS.decode(client.request("GET", "/apis")).groups
    except ApiError as error:
        if error.status == 401:
            raise
    except NOT_JSON:
        pass
    return []


def _read(client: Client, resource: _Resource, namespaces: Sequence[str]) -> tuple[list[ObjectRef], list[Unread]]:
    try:
        return _listed(client, resource, ""), []
    except ApiError as error:
        if error.status == 401:
            raise
        if error.status == 404:
            return [], []
        because, forbidden = error.message or error.reason, error.status == 403
    found: list[ObjectRef] = []
    read_in: list[str] = []
    for namespace in namespaces if resource.namespaced and forbidden else ():
        try:
            found += _listed(client, resource, namespace)
            read_in.append(namespace)
        except ApiError:
            pass  # as forbidden there as everywhere
    return found, [Unread(full_kind(resource.kind, resource.group_version), "", because, tuple(read_in))]


def _listed(client: Client, resource: _Resource, namespace: str) -> list[ObjectRef]:
    """Raises ApiError; also where the answer is no list."""
    scope = f"/namespaces/{namespace}" if namespace else ""
    body = client.request("GET", f"/apis/{resource.group_version}{scope}/{resource.name}")
    try:
        items = _LIST.decode(body).items or ()
    except NOT_JSON as error:
        raise ApiError(200, "", f"the answer is no list: {error}") from error
    refs = (unsupported_policy(resource.kind, resource.group_version, item.metadata) for item in items)
    return [ref for ref in refs if ref]


# What is decoded ---------------------------------------------------------------------------------------------


class _Version(msgspec.Struct, rename="camel", frozen=True):
    group_version: str = ""


class _Group(msgspec.Struct, rename="camel"):
    name: str = ""
    preferred_version: _Version = _Version()
    versions: list[_Version] = []


class _GroupList(msgspec.Struct):
    """APIGroupList of meta/v1."""

    groups: list[_Group] = []


class _Item(msgspec.Struct):
    metadata: dict[str, Any] = {}


class _List(msgspec.Struct):
    items: list[_Item] | None = None


# Made before any thread: msgspec crashes where two see a type for the first time at once.
_GROUPS = msgspec.json.Decoder(_GroupList)
_LIST = msgspec.json.Decoder(_List)
