"""Causes in the certificates of listeners."""

from __future__ import annotations

from dataclasses import replace

from netdoctor.cluster.snapshot import Unread
from netdoctor.cluster.tls_secrets import all_there
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.gateway_tls import ListenerCertificateInvalid
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Verdict
from tests.diagnosis.builders import (
    Manifest,
    See,
    api,
    cluster,
    codes,
    examine,
    found,
    manifest,
    refs,
    report,
    ruled_out,
)
from tests.diagnosis.gateway_builders import edge, store, to
from tests.diagnosis.ingress_builders import answers
from tests.path.gateway.builders import admitting, grant, listener

_FIELD = "Gateway shop/edge spec.listeners[0].tls.certificateRefs[0]"


def _secret(name: str, namespace: str = "shop", data: Manifest | None = None) -> Manifest:
    return manifest("Secret", name, namespace=namespace, type="kubernetes.io/tls", data=data or {})


def _tls(*certificates: Manifest) -> Manifest:
    admitted = admitting("Selector", selector={"matchLabels": {"kubernetes.io/metadata.name": "shop"}})
    return listener("s", 443, "HTTPS", tls={"certificateRefs": list(certificates)}, **admitted)


def _case(
    *objects: Manifest, named: Manifest | None = None, see: See | None = None, unread: tuple[Unread, ...] = ()
) -> Case:
    """Whoever gave the Secrets gave all that there are."""
    snapshot = cluster(api(), edge(_tls(named or {"name": "cert"})), store(to("api")), *objects, unread=unread)
    way = examine(snapshot, "httproute/store").path.target.way
    assert way is not None
    return examine(all_there(snapshot, way.secrets), "httproute/store", see)


def test_a_secret_that_is_not_there() -> None:
    see = answers(Outcome.RESET, CERTIFICATE=Outcome.TLS_ERROR)
    result = found(ListenerCertificateInvalid, _case(_secret("other"), see=see))
    assert refs(result) == [_FIELD, "Secret shop/cert"]
    assert result.finding.certainty is Certainty.CERTAIN
    assert '"value":"other"' in result.finding.fixes[0].command


def test_a_secret_that_holds_nothing() -> None:
    case = _case(_secret("cert"))
    assert "no usable certificate" in found(ListenerCertificateInvalid, case).finding.title
    assert (codes(case), report(case).verdict) == (["ListenerCertificateInvalid"], Verdict.UNHEALTHY)


def test_a_secret_of_another_namespace_needs_a_grant() -> None:
    named = {"name": "cert", "namespace": "payments"}
    result = found(ListenerCertificateInvalid, _case(_secret("cert", "payments"), named=named))
    assert "no ReferenceGrant" in result.finding.title
    assert '"kind":"Secret"' in result.finding.fixes[0].command
    of = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop"}
    permitted = grant(of, {"group": "", "kind": "Secret", "name": "cert"})
    again = found(ListenerCertificateInvalid, _case(_secret("cert", "payments"), permitted, named=named))
    assert "no usable certificate" in again.finding.title, "now the Secret itself is looked at"


def test_grants_and_secrets_that_may_not_be_read_prove_nothing() -> None:
    unread = (Unread("ReferenceGrant", "", "forbidden"), Unread("Secret", "", "forbidden"))
    assert ruled_out(ListenerCertificateInvalid, _case(named={"name": "c", "namespace": "payments"}, unread=unread))
    assert ruled_out(ListenerCertificateInvalid, _case(unread=unread))


def test_files_need_not_have_what_cert_manager_makes() -> None:
    """Trap: it is named by an annotation of the Gateway."""
    made = edge(_tls({"name": "cert"}), annotations={"cert-manager.io/issuer": "ca"})
    objects = cluster(api(), made, store(to("api")), _secret("other"))
    assert ruled_out(ListenerCertificateInvalid, examine(replace(objects, from_files=True), "httproute/store"))
    plain = cluster(api(), edge(_tls({"name": "cert"})), store(to("api")), _secret("other"))
    assert found(ListenerCertificateInvalid, examine(replace(plain, from_files=True), "httproute/store"))


def test_a_gateway_that_shows_a_certificate_has_one() -> None:
    """Trap: what is known of the Secret may be old."""
    case = _case(_secret("other"), see=answers(200))
    assert ruled_out(ListenerCertificateInvalid, case)
    assert (codes(case), report(case).verdict) == ([], Verdict.HEALTHY)


def test_a_listener_without_tls_has_none() -> None:
    case = examine(cluster(api(), edge(), store(to("api"))), "httproute/store")
    assert ListenerCertificateInvalid().examine(case) is None
