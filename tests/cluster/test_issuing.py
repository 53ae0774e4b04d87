"""cert-manager's objects: read only where a Secret is missing, as far as the rights go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from netdoctor.cluster.client import Client
from netdoctor.cluster.decode import KINDS, convert
from netdoctor.cluster.issuing import with_issuing
from netdoctor.cluster.recording import document
from netdoctor.cluster.redaction import Redaction
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from tests.cluster.fake_api import FakeAPI, status
from tests.diagnosis.issuing_builders import certificate, challenge

_REF = ObjectRef("Secret", "cert", "shop")
_CERTIFICATES = "/apis/cert-manager.io/v1/certificates"
_IN_SHOP = "/apis/cert-manager.io/v1/namespaces/shop/certificates"


def _lacking() -> Snapshot:
    empty = Snapshot.of((), source="", taken_at=datetime.now(UTC))
    return replace(empty, missing=(_REF,))


@pytest.fixture
def served(api: FakeAPI) -> FakeAPI:
    """It has Certificates, and nothing else of cert-manager's."""
    api.singles["/apis/cert-manager.io/v1"] = {"resources": [{"name": "certificates"}]}
    api.objects[_CERTIFICATES] = [certificate()]
    return api


def test_what_is_to_make_a_missing_secret(served: FakeAPI, client: Client) -> None:
    found = with_issuing(_lacking(), client, [_REF])
    assert [str(one.ref) for one in found.certificates] == ["Certificate shop/cert"]
    assert found.get("Certificate", "shop", "cert") is not None
    assert found.unread == ()


def test_nothing_is_read_where_none_is_missing(served: FakeAPI, client: Client) -> None:
    unread = replace(_lacking(), missing=())
    assert with_issuing(unread, client, [_REF]) is unread
    assert served.requests == []


def test_in_the_namespace_alone_where_the_cluster_is_forbidden(served: FakeAPI, client: Client) -> None:
    served.refusals[_CERTIFICATES] = status(403, "Forbidden", "cannot list")
    served.objects[_IN_SHOP] = [certificate()]
    found = with_issuing(_lacking(), client, [_REF])
    assert (len(found.certificates), found.unread) == (1, ())
    served.refusals[_IN_SHOP] = status(403, "Forbidden", "cannot list")
    forbidden = with_issuing(_lacking(), client, [_REF])
    assert ("Certificate", "shop") in {(one.kind, one.namespace) for one in forbidden.unread}


def test_a_cluster_without_cert_manager(api: FakeAPI, client: Client) -> None:
    assert with_issuing(_lacking(), client, [_REF]).unread == ()
    named = {kind.path() for kind in KINDS.values() if kind.named and kind.extension}
    assert not named & {asked for _, asked, *_ in api.requests}


def test_no_token_is_decoded_and_sentences_are_redacted() -> None:
    made = convert(challenge("pending", "shop.example answers 404 to internal.corp.example"))
    assert made is not None
    snapshot = Snapshot.of([made], source="", taken_at=datetime.now(UTC))
    recorded = document(snapshot, [])
    assert "secret" not in str(recorded)
    text = str(Redaction(recorded, snapshot, b"key").document(recorded))
    assert "corp.example" not in text
    assert "pending" in text
