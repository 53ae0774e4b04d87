"""What is asked for where a URL is the target, and where a port is meant for TLS."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.objects import ServicePort
from netdoctor.model.probe import Probe, ProbeKind
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.aims import Aim
from netdoctor.probing.plan import PlanOptions, make_plan
from netdoctor.probing.urls import meant_for_tls
from tests.diagnosis.builders import NAMESPACE, Manifest, api, cluster, manifest, web

HTTPS = {"name": "https", "port": 443, "targetPort": 8443}
ALIAS = manifest("Service", "db", spec={"type": "ExternalName", "externalName": "db.example.com"})


def asked(
    target: str, *ports: Manifest, ca: str = "", source: str = "deploy/web", **spec: Any
) -> dict[Aim, tuple[Probe, bool]]:
    """The probes about URLs and TLS, and whether they are required, by their aims; `spec` is more of the Service's."""
    snapshot = cluster([*api(*ports, **spec), *web(), ALIAS])
    path = build_path(snapshot, target, source, NAMESPACE)
    plan = make_plan(snapshot, path, expect(snapshot, path), PlanOptions(ca=ca))
    kinds = (ProbeKind.TLS, ProbeKind.HTTPS, ProbeKind.HTTP)
    found = [probe for probe in plan.pods[0].probes if probe.kind in kinds]
    return {plan.aims[probe.id].aim: (probe, plan.aims[probe.id].required) for probe in found}


def test_the_url_of_a_service_is_asked_for_by_its_name() -> None:
    found = asked("https://api.shop/cart", HTTPS)
    assert {aim: required for aim, (_, required) in found.items()} == {Aim.TLS: True, Aim.URL: True}
    handshake, request = found[Aim.TLS][0], found[Aim.URL][0]
    assert (handshake.name, handshake.port, handshake.trust) == ("api.shop", 443, "any")
    assert (request.kind, request.name, request.path) == (ProbeKind.HTTPS, "api.shop", "/cart")


def test_the_url_of_a_clusterip_is_asked_for_by_address() -> None:
    handshake = asked("https://10.96.0.50/", HTTPS)[Aim.TLS][0]
    assert (handshake.host, handshake.name) == ("10.96.0.50", "")


def test_outside_an_issuer_has_to_be_known() -> None:
    assert asked("https://www.example.com/")[Aim.TLS][0].trust == "roots"


def test_a_given_ca_is_the_one_to_verify_with_everywhere() -> None:
    for target in ("https://api.shop/", "https://www.example.com/"):
        found = asked(target, HTTPS, ca="PEM")
        assert (found[Aim.TLS][0].ca, found[Aim.TLS][0].trust) == ("PEM", "roots")
        assert not found[Aim.URL][0].ca


def test_an_alias_is_asked_for_by_both_names() -> None:
    found = asked("https://db.shop/")
    names = {aim: (probe.name, required) for aim, (probe, required) in found.items()}
    assert names == {
        Aim.TLS: ("db.shop", True),
        Aim.URL: ("db.shop", True),
        Aim.TLS_ALIAS: ("db.example.com", False),
        Aim.URL_ALIAS: ("db.example.com", False),
    }


def test_a_port_for_tls_is_looked_at_and_nothing_depends_on_it() -> None:
    found = asked("svc/api", HTTPS)
    assert {aim: required for aim, (_, required) in found.items()} == {Aim.TLS_NOTED: False}
    probe = found[Aim.TLS_NOTED][0]
    assert (probe.host, probe.name, probe.attempts) == ("10.96.0.50", "api", 1)


@pytest.mark.parametrize("target", ["svc/api", "api.shop:80"])
def test_other_ports_are_left_alone(target: str) -> None:
    assert asked(target) == {}


def test_a_client_outside_asks_for_no_url_inside() -> None:
    assert Aim.URL not in asked("https://api.shop/", HTTPS, source="outside", type="NodePort")


@pytest.mark.parametrize(
    ("port", "meant"),
    [
        (ServicePort(port=443), True),
        (ServicePort(port=8443), True),
        (ServicePort(port=9000, name="https-admin"), True),
        (ServicePort(port=9000, app_protocol="https"), True),
        (ServicePort(port=443, app_protocol="kubernetes.io/h2c"), False),
        (ServicePort(port=443, protocol="UDP"), False),
        (ServicePort(port=80, name="http"), False),
    ],
)
def test_which_ports_are_meant_for_tls(port: ServicePort, meant: bool) -> None:
    assert meant_for_tls(port) is meant
