"""Certificates in Secrets: what they say, and nothing secret."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.cluster.certificate import CertificateError, Holding, TLSSecret, certificates, tls_secret
from netdoctor.cluster.decode import convert
from netdoctor.cluster.files import load
from netdoctor.cluster.recording import document
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.model.refs import ObjectRef
from tests.probes.certificates import Made, authority, issue


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    directory = tmp_path_factory.mktemp("pki")
    return issue(directory, "/CN=shop", "DNS:shop.example", "IP:10.0.0.7", by=authority(directory, "/CN=Ours"))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(name: str = "shop-tls", **fields: object) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", **fields}


def looked_at(*documents: dict[str, Any], from_files: bool = True, **others: Any) -> TLSSecret:
    objects = [read for one in documents if (read := convert(one)) is not None]
    snapshot = Snapshot.of(objects, source="", taken_at=datetime.now(UTC), from_files=from_files, **others)
    return tls_secret(snapshot, "shop", "shop-tls")


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_the_certificate_of_a_secret(made: Made, field: str) -> None:
    texts = {"tls.crt": made.pem, "tls.key": made.key.read_text()}
    data = {name: encoded(text) if field == "data" else text for name, text in texts.items()}
    found = looked_at(secret() | {field: data})
    assert found.holding is Holding.CERTIFICATE
    assert found.certificate is not None
    assert (found.certificate.names, found.certificate.issuer) == (("shop.example", "10.0.0.7"), "CN=Ours")


def test_a_key_is_never_kept(made: Made, tmp_path: Path) -> None:
    key = made.key.read_text()
    data = {"tls.crt": encoded(made.pem), "tls.key": encoded(key), "password": encoded("hunter2")}
    file = tmp_path / "secret.json"
    file.write_bytes(msgspec.json.encode(secret(data=data, stringData={"tls.key": key})))
    snapshot = load([str(file)])
    said = repr(snapshot) + repr(document(snapshot))
    assert encoded(made.pem) in said
    for hidden in (encoded(key), key[30:60], encoded("hunter2")):
        assert hidden not in said


def test_a_chain_in_its_order(made: Made, tmp_path: Path) -> None:
    chain = certificates("Bag Attributes\n" + made.pem + "\n" + authority(tmp_path, "/CN=Next").pem)
    assert [one.subject for one in chain] == ["CN=shop", "CN=Next"]


@pytest.mark.parametrize(
    ("data", "because"),
    [
        ({}, "there is none"),
        ({"tls.crt": "%"}, "not base64"),
        ({"tls.crt": encoded("hello")}, "no certificate in PEM form"),
        (
            {"tls.crt": encoded("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")},
            "certificate 1 cannot be read",
        ),
    ],
)
def test_what_is_no_certificate(data: dict[str, str], because: str) -> None:
    found = looked_at(secret(data=data))
    assert (found.holding, found.certificate) == (Holding.UNUSABLE, None)
    assert because in found.because


def test_files_with_other_secrets_of_the_namespace_are_complete() -> None:
    assert looked_at(secret("other")).holding is Holding.ABSENT


def test_files_without_secrets_say_nothing_about_them() -> None:
    assert looked_at().holding is Holding.UNKNOWN


def test_of_a_cluster_only_what_was_asked_for_is_known() -> None:
    ref = ObjectRef("Secret", "shop-tls", "shop")
    assert looked_at(secret("other"), from_files=False).holding is Holding.UNKNOWN
    assert looked_at(from_files=False, missing=(ref,)).holding is Holding.ABSENT
    refused = looked_at(from_files=False, unread=(Unread("Secret", "shop", "secrets is forbidden"),))
    assert (refused.holding, refused.because) == (Holding.UNKNOWN, "secrets is forbidden")


@given(st.text())
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(CertificateError):
        certificates(text)


def test_too_many_certificates_are_refused(made: Made) -> None:
    with pytest.raises(CertificateError, match="over 20"):
        certificates(made.pem * 21)


def test_a_recorded_absence_is_kept() -> None:
    ref = ObjectRef("Secret", "shop-tls", "shop")
    snapshot = replace(Snapshot.of((), source="", taken_at=datetime.now(UTC)), missing=(ref,))
    head = document(snapshot)["items"][0]
    assert [one["name"] for one in head["missing"]] == ["shop-tls"]
