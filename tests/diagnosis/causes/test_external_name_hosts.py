"""Aliases whose far end knows the Service's name, or does not."""

from __future__ import annotations

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.external_name_hosts import ExternalNameHostMismatch
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Verdict
from tests.diagnosis.builders import api, cluster, codes, examine, found, manifest, refs, report, ruled_out, sees
from tests.diagnosis.causes.test_certificates import answer, shown

ALIAS = manifest("Service", "db", spec={"type": "ExternalName", "externalName": "db.example.com."})


def case(url: str = "https://db.shop/", **by_aim: object) -> Case:
    return examine(cluster(ALIAS, api()), url, sees(**by_aim))  # type: ignore[arg-type]


def test_a_certificate_for_the_external_name_only() -> None:
    made = case(TLS=shown("name", names=("*.example.com",)), URL=answer(), URL_ALIAS=answer())
    one = found(ExternalNameHostMismatch, made)
    assert refs(one) == ["Service shop/db spec.externalName"]
    assert (codes(made), report(made).unexplained) == (["ExternalNameHostMismatch"], ())


def test_a_certificate_for_neither_is_another_fault() -> None:
    made = case(TLS=shown("name", names=("other.example",)), URL=answer(), URL_ALIAS=answer())
    assert codes(made) == ["CertificateNameMismatch"]


def test_a_host_that_the_server_does_not_have() -> None:
    made = case("http://db.shop/", URL=answer(404), URL_ALIAS=answer(200))
    one = found(ExternalNameHostMismatch, made)
    assert "answers 404 for db.shop, and 200 for db.example.com" in one.finding.explanation
    assert (codes(made), report(made).verdict) == (["ExternalNameHostMismatch"], Verdict.UNHEALTHY)


def test_the_applications_own_404() -> None:
    made = case("http://db.shop/", URL=answer(404), URL_ALIAS=answer(404))
    assert ruled_out(ExternalNameHostMismatch, made) == "db.shop is as good there as db.example.com"
    assert codes(made) == []


def test_a_certificate_that_has_the_services_name_too() -> None:
    made = case(TLS=shown(verification={"ok": True}), URL=answer(), URL_ALIAS=answer())
    assert ruled_out(ExternalNameHostMismatch, made)


def test_nothing_is_said_of_what_did_not_answer() -> None:
    made = case("http://db.shop/", URL=Outcome.TIMEOUT, URL_ALIAS=answer())
    assert ruled_out(ExternalNameHostMismatch, made)


def test_other_services_are_no_aliases() -> None:
    made = examine(cluster(api()), "http://api.shop/", sees(URL=answer(404)))
    assert ExternalNameHostMismatch().examine(made) is None
