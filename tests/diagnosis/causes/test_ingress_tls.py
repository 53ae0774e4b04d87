"""Certificates of Ingresses: the Secret, and what the controller shows."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

from netdoctor.cluster.tls_secrets import all_there
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.ingress_tls import IngressTLSSecretInvalid
from netdoctor.model.probe import Observation, Outcome, Position, Probe, ProbeKind
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import Manifest, See, Sight, api, cluster, examine, found, manifest, refs, report
from tests.diagnosis.builders import ruled_out as ruled_out_of
from tests.diagnosis.ingress_builders import answers, backend, gate, ingress, rule
from tests.probes.certificates import authority, issue

_RULE = rule("shop.example", "/", "Prefix", backend("api", 80))
_TLS = [{"hosts": ["shop.example"], "secretName": "cert"}]
_DEFAULT = {"subject": "CN=Kubernetes Ingress Controller Fake Certificate", "names": ["ingress.local"], "sha256": "00"}
_OWN = {"subject": "CN=shop.example", "names": ["shop.example"], "sha256": "11"}


def _shows(certificate: dict[str, Any] | None) -> See:
    """What the controller shows for shop.example; None: the handshake fails. HTTP answers 200."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is not Aim.CERTIFICATE:
            assert aimed.aim is not Aim.RULE or probe.kind is ProbeKind.HTTPS
            return answers(200)(aimed, probe, position)
        assert (probe.kind, probe.name) == (ProbeKind.TLS, "shop.example"), "SNI is always sent"
        if certificate is None:
            return Observation(probe.id, Outcome.TLS_ERROR, 0.01, detail={"reason": "handshake failure"})
        covers = "shop.example" in certificate["names"]
        detail = {"certificate": certificate, "covers": covers, "problems": [] if covers else ["name"]}
        return Observation(probe.id, Outcome.OK if covers else Outcome.TLS_ERROR, 0.01, detail=detail)

    return see


def _secret(name: str = "cert", namespace: str = "shop", text: str = "no certificate") -> Manifest:
    data = {"tls.crt": base64.b64encode(text.encode()).decode()}
    return manifest("Secret", name, namespace=namespace, type="kubernetes.io/tls", data=data)


def _case(see: See | None, *objects: Manifest, complete: bool = True, annotation: str = "") -> Case:
    """`complete`: whoever gave the Secrets gave all that there are."""
    shop = ingress(_RULE, tls=_TLS)
    shop["metadata"]["annotations"] = {annotation: "letsencrypt"} if annotation else {}
    snapshot = cluster(*gate(), *api(), shop, *objects)
    way = examine(snapshot, "ing/shop").path.target.ingress
    assert way is not None
    return examine(all_there(snapshot, way.secrets) if complete else snapshot, "ing/shop", see)


def test_a_secret_that_does_not_exist() -> None:
    case = _case(_shows(_DEFAULT))
    result = found(IngressTLSSecretInvalid, case)
    assert refs(result) == ["Ingress shop/shop spec.tls[0].secretName", "Secret shop/cert"]
    assert result.finding.certainty is Certainty.CERTAIN
    assert "ingress.local" in " ".join(evidence.text for evidence in result.finding.evidence)
    assert "kubectl create secret tls cert -n shop" in result.finding.fixes[-1].command
    answer = report(case)
    assert [finding.code for finding in answer.causes] == ["IngressTLSSecretInvalid"]
    assert answer.unexplained == ()


def test_a_secret_of_another_namespace_is_pointed_at() -> None:
    result = found(IngressTLSSecretInvalid, _case(None, _secret(namespace="other")))
    assert result.finding.certainty is Certainty.LIKELY
    assert "Secret other/cert has that name" in result.finding.explanation


def test_a_secret_without_a_certificate() -> None:
    result = found(IngressTLSSecretInvalid, _case(_shows(_DEFAULT), _secret()))
    assert "holds no usable certificate" in result.finding.title


def test_another_certificate_of_the_namespace_is_offered_where_it_is_for_the_host(tmp_path: Path) -> None:
    ca = authority(tmp_path, "/CN=Ours")
    own, foreign = (issue(tmp_path, f"/CN={host}", f"DNS:{host}", by=ca) for host in ("shop.example", "blog.example"))
    secrets = [_secret("a-foreign", text=foreign.pem), _secret("b-none"), _secret("c-own", text=own.pem)]
    result = found(IngressTLSSecretInvalid, _case(None, *secrets))
    assert [fix.title for fix in result.finding.fixes][:-1] == ["use Secret c-own"]
    assert '"value":"c-own"' in result.finding.fixes[0].command


def test_files_need_not_have_what_cert_manager_makes() -> None:
    shop = ingress(_RULE, tls=_TLS)
    shop["metadata"]["annotations"] = {"cert-manager.io/issuer": "letsencrypt"}
    snapshot = replace(cluster(*gate(), *api(), shop, _secret("database")), from_files=True)
    answer = report(examine(snapshot, "ing/shop"))
    assert answer.causes == ()
    assert any("cert-manager makes it" in one.because for one in answer.not_tested)


def test_cert_manager_is_named_where_it_is_to_make_the_secret() -> None:
    result = found(IngressTLSSecretInvalid, _case(None, annotation="cert-manager.io/cluster-issuer"))
    assert "cert-manager" in result.finding.explanation
    assert result.finding.fixes[0].command == "kubectl describe certificate/cert -n shop"


def test_a_default_certificate_that_covers_the_host_needs_no_secret() -> None:
    case = _case(_shows(_OWN))
    assert "shows a certificate for shop.example" in ruled_out_of(IngressTLSSecretInvalid, case)
    assert report(case).verdict is Verdict.HEALTHY


def test_secrets_that_cannot_be_read_are_told_by_the_controllers_default() -> None:
    result = found(IngressTLSSecretInvalid, _case(_shows(_DEFAULT), complete=False))
    assert result.finding.certainty is Certainty.LIKELY


def test_a_certificate_for_another_name_is_none_of_the_controllers_own() -> None:
    other = {
        "subject": "CN=www.example",
        "issuer": "CN=ca",
        "names": ["www.example"],
        "sha256": "22",
        "notBefore": "2025-01-01T00:00:00Z",
        "notAfter": "2026-01-01T00:00:00Z",
    }
    case = _case(_shows(other), complete=False)
    assert IngressTLSSecretInvalid().examine(case) is None
    answer = report(case)
    assert [finding.code for finding in answer.causes] == ["CertificateNameMismatch"]
    assert "shop.example shows is for www.example" in answer.causes[0].title
    assert [str(ref) for ref in answer.causes[0].objects] == ["Ingress shop/shop"]
    assert answer.unexplained == ()


def test_without_probes_and_secrets_nothing_is_claimed() -> None:
    answer = report(_case(None, complete=False))
    assert answer.causes == ()
    assert answer.verdict is Verdict.UNDETERMINED
    assert any("Secret shop/cert" in one.what for one in answer.not_tested)
