"""Secrets asked for by name: those that are there, those that are not, and those refused."""

from __future__ import annotations

from datetime import UTC, datetime

from netdoctor.cluster.certificate import Holding, tls_secret
from netdoctor.cluster.client import Client
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.cluster.tls_secrets import MOST, all_there, with_tls_secrets
from netdoctor.model.refs import ObjectRef
from tests.cluster.fake_api import FakeAPI, status


def ref(name: str, namespace: str = "shop") -> ObjectRef:
    return ObjectRef("Secret", name, namespace)


def empty() -> Snapshot:
    return Snapshot.of((), source="", taken_at=datetime.now(UTC))


def path(name: str, namespace: str = "shop") -> str:
    return f"/api/v1/namespaces/{namespace}/secrets/{name}"


def test_only_what_is_named_is_asked_for(api: FakeAPI, client: Client) -> None:
    api.singles[path("there")] = {"metadata": {"name": "there", "namespace": "shop"}, "type": "kubernetes.io/tls"}
    api.refusals[path("secret", "bank")] = status(403, "Forbidden", "secrets is forbidden")
    refs = (ref("there"), ref("gone"), ref("secret", "bank"))
    found = with_tls_secrets(empty(), client, refs)
    assert {asked for _, asked, *_ in api.requests} == {path("there"), path("gone"), path("secret", "bank")}
    holding = [tls_secret(found, one.namespace, one.name).holding for one in refs]
    assert holding == [Holding.UNUSABLE, Holding.ABSENT, Holding.UNKNOWN]
    assert [(one.kind, one.namespace) for one in found.unread] == [("Secret", "bank")]


def test_what_is_known_is_not_asked_again(api: FakeAPI, client: Client) -> None:
    known = with_tls_secrets(empty(), client, [ref("gone")])
    assert with_tls_secrets(known, client, [ref("gone")]).missing == (ref("gone"),)
    assert len(api.requests) == 1


def test_never_more_than_so_many(api: FakeAPI, client: Client) -> None:
    with_tls_secrets(empty(), client, [ref(f"s{n}") for n in range(MOST + 9)])
    assert len(api.requests) == MOST


def test_a_source_that_gives_all() -> None:
    assert tls_secret(all_there(empty(), [ref("gone")]), "shop", "gone").holding is Holding.ABSENT
