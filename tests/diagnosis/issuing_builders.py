"""cert-manager's objects for Secret shop/cert: each made for the one before."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.builders import Manifest, manifest

_VERSION, _ACME = "cert-manager.io/v1", "acme.cert-manager.io/v1"


def said(status: str, reason: str, message: str = "") -> Manifest:
    """The condition Ready."""
    return {"type": "Ready", "status": status, "reason": reason, "message": message}


def _owned(kind: str, name: str) -> list[Manifest]:
    return [{"kind": kind, "name": name, "controller": True}]


def certificate(*conditions: Manifest, **spec: Any) -> Manifest:
    """Certificate cert, by Issuer ca."""
    whole = {"secretName": "cert", "issuerRef": {"name": "ca"}, **spec}
    return manifest("Certificate", "cert", _VERSION, spec=whole, status={"conditions": list(conditions)})


def issuer(*conditions: Manifest) -> Manifest:
    """Issuer ca."""
    return manifest("Issuer", "ca", _VERSION, status={"conditions": list(conditions)})


def request(*conditions: Manifest, name: str = "cert-1") -> Manifest:
    """CertificateRequest cert-1."""
    owners, status = _owned("Certificate", "cert"), {"conditions": list(conditions)}
    return manifest("CertificateRequest", name, _VERSION, ownerReferences=owners, status=status)


def order(state: str, reason: str = "") -> Manifest:
    """Order cert-1-1."""
    owners, status = _owned("CertificateRequest", "cert-1"), {"state": state, "reason": reason}
    return manifest("Order", "cert-1-1", _ACME, ownerReferences=owners, status=status)


def challenge(state: str, reason: str = "", name: str = "cert-1-1-1") -> Manifest:
    """A Challenge for shop.example by HTTP-01."""
    owners, status = _owned("Order", "cert-1-1"), {"state": state, "reason": reason}
    spec = {"dnsName": "shop.example", "type": "HTTP-01", "token": "secret", "key": "secret"}
    return manifest("Challenge", name, _ACME, ownerReferences=owners, spec=spec, status=status)
