"""Where cert-manager stands still, along its chain."""

from __future__ import annotations

from typing import Any

from netdoctor.model.refs import ObjectRef
from netdoctor.path.issuing import Stuck, stuck
from tests.diagnosis.builders import Manifest, cluster
from tests.diagnosis.issuing_builders import certificate, challenge, issuer, order, request, said

_SECRET = ObjectRef("Secret", "cert", "shop")


def _stuck(*objects: Manifest) -> Stuck:
    found = stuck(cluster(*objects), _SECRET)
    assert found is not None
    return found


def _told(*objects: Manifest) -> tuple[str, str]:
    found = _stuck(*objects)
    return str(found.ref), found.because


def test_the_certificate_alone() -> None:
    assert _told(certificate(said("False", "DoesNotExist", "Secret does not exist"))) == (
        "Certificate shop/cert status.conditions",
        "it is not Ready: DoesNotExist: Secret does not exist",
    )
    assert _told(certificate()) == ("Certificate shop/cert", "no controller has acted on it")


def test_an_issuer_that_is_not_ready_comes_first() -> None:
    assert _told(certificate(), request(said("False", "Pending")), issuer(said("False", "ErrRegister"))) == (
        "Issuer shop/ca status.conditions",
        "it is not Ready: ErrRegister",
    )


def test_a_ready_issuer_and_one_of_another_group_are_passed_over() -> None:
    pending = request(said("False", "Pending", "waiting"))
    assert _told(certificate(), pending, issuer(said("True", "Ready")))[0].startswith("CertificateRequest")
    other: dict[str, Any] = {"name": "ca", "kind": "Issuer", "group": "example.com"}
    broken = issuer(said("False", "Broken"))
    assert _told(certificate(issuerRef=other), pending, broken)[0].startswith("CertificateRequest")


def test_a_denied_request() -> None:
    denied = request({**said("True", "policy", "not allowed"), "type": "Denied"}, said("False", "Denied"))
    assert _told(certificate(), denied)[1] == "it has the condition Denied: policy: not allowed"


def test_of_several_requests_the_newest() -> None:
    older, newer = request(said("False", "Failed"), name="cert-1"), request(said("False", "Pending"), name="cert-2")
    older["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z"
    newer["metadata"]["creationTimestamp"] = "2025-01-02T00:00:00Z"
    assert _told(certificate(), newer, older)[0] == "CertificateRequest shop/cert-2 status.conditions"


def test_an_order_that_failed() -> None:
    assert _told(certificate(), request(), order("invalid", "rate limited")) == (
        "Order shop/cert-1-1 status.state",
        "invalid: rate limited",
    )


def test_a_challenge_that_failed_before_one_that_goes_on() -> None:
    pending, invalid = challenge("pending", name="a"), challenge("invalid", "no such record", name="b")
    assert _told(certificate(), request(), order("pending"), pending, invalid) == (
        "Challenge shop/b status.state",
        "the proof for shop.example by HTTP-01 is invalid: no such record",
    )


def test_challenges_of_another_order_do_not_matter() -> None:
    other = challenge("invalid")
    other["metadata"]["ownerReferences"][0]["name"] = "other"
    assert _told(certificate(), request(), order("pending"), other)[0] == "Order shop/cert-1-1 status.state"


def test_what_is_in_order_or_is_for_another_secret_is_not_stuck() -> None:
    assert stuck(cluster(certificate(said("True", "Ready"))), _SECRET) is None
    assert stuck(cluster(certificate()), ObjectRef("Secret", "other", "shop")) is None
    assert stuck(cluster(certificate()), ObjectRef("Secret", "cert", "infra")) is None


def test_whether_anything_was_ever_issued() -> None:
    assert _stuck(certificate()).never
    renewing = certificate(said("False", "Expired"))
    renewing["status"]["notAfter"] = "2025-09-01T00:00:00Z"
    assert not _stuck(renewing).never
