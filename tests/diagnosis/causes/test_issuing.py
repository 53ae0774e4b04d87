"""Certificates that cert-manager has not issued."""

from __future__ import annotations

import base64
from pathlib import Path

from netdoctor.cluster.tls_secrets import all_there
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.issuing import CertificateNotIssued
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
from tests.diagnosis.ingress_builders import answers, backend, gate, ingress, rule
from tests.diagnosis.issuing_builders import certificate, challenge, order, request, said
from tests.path.gateway.builders import listener
from tests.probes.certificates import issue

_CHAIN = (certificate(said("False", "DoesNotExist")), request(said("False", "Pending")), order("pending"))
_BROKEN = answers(200, CERTIFICATE=Outcome.TLS_ERROR)


def _of_ingress(*objects: Manifest, see: See | None = None, complete: bool = True) -> Case:
    """`complete`: whoever gave the Secrets gave all that there are."""
    tls = [{"hosts": ["shop.example"], "secretName": "cert"}]
    shop = ingress(rule("shop.example", "/", "Prefix", backend("api", 80)), tls=tls)
    snapshot = cluster(*gate(), api(), shop, *objects)
    way = examine(snapshot, "ing/shop").path.target.way
    assert way is not None
    return examine(all_there(snapshot, way.secrets) if complete else snapshot, "ing/shop", see)


def _secret(pem: str) -> Manifest:
    data = {"tls.crt": base64.b64encode(pem.encode()).decode()}
    return manifest("Secret", "cert", type="kubernetes.io/tls", data=data)


def test_the_object_at_which_it_stands_still() -> None:
    case = _of_ingress(*_CHAIN, challenge("pending", "wrong status code 404"), see=_BROKEN)
    result = found(CertificateNotIssued, case)
    assert refs(result) == ["Challenge shop/cert-1-1-1 status.state", "Certificate shop/cert"]
    assert "wrong status code 404" in result.finding.title
    assert result.finding.certainty is Certainty.CERTAIN
    assert (codes(case), report(case).verdict) == (["CertificateNotIssued"], Verdict.UNHEALTHY)


def test_a_listener_of_a_gateway() -> None:
    tls = listener("s", 443, "HTTPS", tls={"certificateRefs": [{"name": "cert"}]})
    snapshot = cluster(api(), edge(tls), store(to("api")), *_CHAIN)
    way = examine(snapshot, "httproute/store").path.target.way
    assert way is not None
    see = answers(Outcome.TLS_ERROR, CERTIFICATE=Outcome.TLS_ERROR)
    assert codes(examine(all_there(snapshot, way.secrets), "httproute/store", see)) == ["CertificateNotIssued"]


def test_a_certificate_that_is_being_renewed_is_in_use(tmp_path: Path) -> None:
    """Trap."""
    held = _secret(issue(tmp_path, "/CN=shop", "DNS:shop.example").pem)
    case = _of_ingress(certificate(said("False", "Expired")), held, see=answers(200))
    assert "the one before is in use" in ruled_out(CertificateNotIssued, case)
    assert codes(case) == []


def test_without_a_certificate_object_it_is_the_secret() -> None:
    """Trap: and with one that is Ready, too."""
    for objects in ((), (certificate(said("True", "Ready")),)):
        case = _of_ingress(*objects, see=_BROKEN)
        assert CertificateNotIssued().examine(case) is None
        assert codes(case) == ["IngressTLSSecretInvalid"]


def test_a_secret_that_was_not_read_lacks_one_only_where_none_was_ever_issued() -> None:
    assert found(CertificateNotIssued, _of_ingress(*_CHAIN, complete=False))
    renewing = certificate(said("False", "Expired"))
    renewing["status"]["notAfter"] = "2025-09-01T00:00:00Z"
    assert CertificateNotIssued().examine(_of_ingress(renewing, complete=False)) is None
