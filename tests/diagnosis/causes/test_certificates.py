"""Certificates by their dates and names, and clocks that disagree."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.certificates import CertificateExpired, CertificateNameMismatch
from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.aims import Aim, Aimed
from netdoctor_probe.certificate import rfc3339
from tests.diagnosis.builders import (
    NOW,
    See,
    Sight,
    api,
    cluster,
    codes,
    examine,
    found,
    refs,
    report,
    ruled_out,
    sees,
)

DAY = timedelta(days=1)
HTTPS = {"name": "https", "port": 443, "targetPort": 8443}


def shown(*problems: str, names: tuple[str, ...] = ("api.shop",), until: datetime = NOW + DAY, **more: Any) -> Sight:
    """What a probe sees of a certificate that is valid for two days."""
    certificate = {
        "subject": "CN=api",
        "issuer": "CN=Ours",
        "names": list(names),
        "notBefore": rfc3339(until - 2 * DAY),
        "notAfter": rfc3339(until),
        "sha256": "ab" * 32,
    }
    verified = {"verification": {"ok": False, "code": 20, "because": "unable to get local issuer certificate"}}
    detail = {"certificate": certificate, "problems": list(problems), "clock": rfc3339(NOW), **verified, **more}
    bad = [problem for problem in problems if problem != "unknownIssuer"]
    return Observation("", Outcome.TLS_ERROR if bad else Outcome.OK, 0.01, detail=detail)


def answer(status: int = 200, **more: Any) -> Sight:
    return Observation("", Outcome.OK, 0.01, detail={"status": status, "clock": rfc3339(NOW), **more})


def case(sight: Sight, url: str = "https://api.shop/", response: Sight = None) -> Case:
    seen: See = sees(TLS=sight, TLS_NOTED=sight, URL=response or answer())
    return examine(cluster(api(HTTPS)), url, seen)


def test_an_expired_certificate() -> None:
    made = case(shown("expired", "unknownIssuer", until=NOW - DAY))
    one = found(CertificateExpired, made)
    assert (refs(one), one.finding.certainty) == (["Service shop/api"], Certainty.CERTAIN)
    assert one.finding.title == "the certificate of api.shop expired on 2025-05-31T12:00:00Z"
    assert "kubectl rollout restart deployment/api -n shop" in [fix.command for fix in one.finding.fixes]
    assert (codes(made), report(made).unexplained) == (["CertificateExpired"], ())


def test_a_certificate_of_tomorrow() -> None:
    one = found(CertificateExpired, case(shown("notYetValid", until=NOW + 3 * DAY)))
    assert one.finding.title == "the certificate of api.shop is valid from 2025-06-02T12:00:00Z only"


@pytest.mark.parametrize("until", [NOW + DAY, NOW + 3600 * DAY])
def test_a_clock_that_is_alone_proves_nothing(until: datetime) -> None:
    """The probe's node is years ahead, or behind; here it is a day on which the certificate is valid."""
    ahead = shown("expired", until=until, clock=rfc3339(NOW + 4000 * DAY))
    made = case(ahead)
    if until == NOW + DAY:
        assert "only the clock of the probe's node says so" in ruled_out(CertificateExpired, made)
        assert (codes(made), report(made).verdict) == ([], Verdict.UNDETERMINED)
    else:
        assert ruled_out(CertificateExpired, made)


def test_an_issuer_that_has_expired_by_a_clock_that_agrees() -> None:
    one = found(CertificateExpired, case(shown("issuerExpired")))
    assert "one of the certificates above it" in one.finding.explanation
    assert ruled_out(CertificateExpired, case(shown("issuerExpired", clock=rfc3339(NOW + DAY))))


def test_the_servers_own_clock_is_told() -> None:
    dated = answer(headers={"date": "Thu, 29 May 2025 12:00:00 GMT"})
    one = found(CertificateExpired, case(shown("expired", until=NOW - DAY), response=dated))
    assert "The server's own clock is 3 days behind" in one.finding.explanation
    for text in ("Sun, 01 Jun 2025 12:00:01 GMT", "yesterday", f"Sun, 01 Jun {10**20} 12:00:00 GMT"):
        fine = case(shown("expired", until=NOW - DAY), response=answer(headers={"date": text}))
        assert "The server's own clock" not in found(CertificateExpired, fine).finding.explanation


def test_a_port_that_nobody_asked_for_by_https_is_a_warning() -> None:
    made = case(shown("expired", "name", until=NOW - DAY), "svc/api")
    assert found(CertificateExpired, made).warning
    assert (codes(made), report(made).verdict) == ([], Verdict.HEALTHY)
    assert CertificateNameMismatch().examine(made) is None


def test_a_valid_certificate_of_a_private_issuer_leaves_only_trust_open() -> None:
    made = case(shown("unknownIssuer"))
    assert ruled_out(CertificateExpired, made) == "it is valid from 2025-05-31T12:00:00Z until 2025-06-02T12:00:00Z"
    assert ruled_out(CertificateNameMismatch, made) == "it is for api.shop"
    told = report(made)
    assert (told.verdict, told.exit_code) == (Verdict.HEALTHY, 4)
    assert told.not_tested[0].because == "CN=Ours issued it, which is no public CA: give its CA with --ca-file"


def test_a_verified_certificate_leaves_nothing_open() -> None:
    assert report(case(shown(verification={"ok": True}))).exit_code == 0


def test_an_unknown_issuer_outside_is_no_cause_and_is_told() -> None:
    """A private CA, a missing intermediate or an interceptor: nothing tells which."""
    observed = shown("unknownIssuer", names=("www.example.com",), chain=1)
    assert isinstance(observed, Observation)
    refused = Observation("", Outcome.TLS_ERROR, 0.01, detail=observed.detail)
    made = examine(cluster(api()), "https://www.example.com/", sees(TLS=refused, URL=answer()))
    told = report(made)
    assert (codes(made), told.verdict) == ([], Verdict.UNDETERMINED)
    assert "was issued by CN=Ours, and the probe does not know its issuer" in told.summary
    assert "(the server sends 1 certificate)" in told.summary


@pytest.mark.parametrize(
    ("names", "host", "words"),
    [
        (("shop.example.com",), "api.shop", "only a certificate that has this very name"),
        (("*.shop.svc.cluster.local",), "a.api.shop.svc.cluster.local", "a wildcard for exactly one label"),
        (("*.api.shop",), "api.shop", "stands for names below api.shop"),
        ((), "api.shop", "which clients ignore"),
    ],
)
def test_another_name(names: tuple[str, ...], host: str, words: str) -> None:
    made = case(shown("name", names=names), f"https://{host}/")
    if made.service is None:  # a name below the Service's
        made = examine(cluster(api(HTTPS)), f"https://{host}/", sees(TLS=shown("name", names=names), URL=answer()))
    one = found(CertificateNameMismatch, made)
    assert words in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN


def test_a_name_that_the_certificate_has_is_the_first_fix() -> None:
    one = found(CertificateNameMismatch, case(shown("name", names=("*.shop.svc.cluster.local",))))
    assert one.finding.fixes[0].title == "Ask for it by a name that the certificate has: api.shop.svc.cluster.local"


def test_an_address_cannot_be_sent_as_a_name() -> None:
    made = case(shown("name"), "https://10.96.0.50/")
    assert "this may be the server's default certificate" in found(CertificateNameMismatch, made).finding.explanation


def test_both_faults_of_one_certificate() -> None:
    made = case(shown("expired", "name", names=("other.example",), until=NOW - DAY))
    assert codes(made) == ["CertificateExpired", "CertificateNameMismatch"]


def test_a_handshake_that_fails_as_the_connection_does_is_no_fault_of_its_own() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        inside = aimed.aim in (Aim.VIP, Aim.BACKEND, Aim.TLS, Aim.URL, Aim.OTHER_PROTOCOL)
        return Outcome.REFUSED if inside else Outcome.OK

    made = examine(cluster(api(HTTPS)), "https://api.shop/", see)
    assert {s.aimed.aim for s in made.failed} == {Aim.VIP}


def test_a_handshake_that_is_refused_although_the_port_answers_is_told() -> None:
    alert = {"reason": "TLSV1_ALERT_PROTOCOL_VERSION", "because": "tlsv1 alert protocol version"}
    ended = Observation("", Outcome.TLS_ERROR, 0.01, detail=alert)
    made = examine(cluster(api(HTTPS)), "https://api.shop/", sees(TLS=ended, URL=ended))
    assert {s.aimed.aim for s in made.failed} == {Aim.TLS}
    assert "api.shop ends the TLS handshake: tlsv1 alert protocol version" in report(made).summary


def test_without_probes_no_certificate_is_known() -> None:
    made = examine(cluster(api(HTTPS)), "https://api.shop/")
    assert CertificateExpired().examine(made) is None
    assert CertificateNameMismatch().examine(made) is None
    assert report(made).verdict is Verdict.UNDETERMINED
