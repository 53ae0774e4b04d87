"""Certificates in Secrets, PEM → facts: for which names, from when to when, from whom. Never a key.

Rules: Kubernetes documentation, Secrets, "TLS Secrets"; RFC 7468 for PEM.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from netdoctor.cluster.objects import Secret
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor_probe.certificate import Certificate, read
from netdoctor_probe.der import DerError

__all__ = ["Certificate", "CertificateError", "Holding", "TLSSecret", "certificates", "tls_secret", "without_keys"]

TLS_TYPE = "kubernetes.io/tls"
_MOST_TEXT = 1 << 20  # an API server keeps no larger Secret
_MOST_CERTIFICATES = 20
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----")


class CertificateError(ValueError):
    """A text that holds no certificate that can be read; says why."""


class Holding(StrEnum):
    """What is known of a Secret."""

    CERTIFICATE = "certificate"  # it exists, and holds one
    UNUSABLE = "unusable"  # it exists, and holds none: `because` says why
    ABSENT = "absent"  # it does not exist
    UNKNOWN = "unknown"  # it was not read: `because` says why


@dataclass(frozen=True, slots=True)
class TLSSecret:
    """A Secret for TLS. `chain` is the server's certificate and those behind it; empty where there is none."""

    ref: ObjectRef
    holding: Holding
    type: str = ""
    chain: tuple[Certificate, ...] = ()
    because: str = ""

    @property
    def certificate(self) -> Certificate | None:
        """The server's own."""
        return self.chain[0] if self.chain else None


def certificates(pem: str) -> tuple[Certificate, ...]:
    """The certificates of a PEM text, in its order. Raises CertificateError where one is damaged, or none is there."""
    if len(pem) > _MOST_TEXT:
        raise CertificateError(f"larger than {_MOST_TEXT >> 20} MiB")
    found = tuple(_each(pem))
    if not found:
        raise CertificateError("no certificate in PEM form")
    return found


def without_keys(pem: str) -> str:
    """The certificates of a PEM text as such, and nothing else that is in it. Raises as `certificates` does."""
    certificates(pem)
    return "".join(f"{one[0]}\n" for one in _PEM.finditer(pem))


def _each(pem: str) -> Iterator[Certificate]:
    for number, one in enumerate(_PEM.finditer(pem), 1):
        if number > _MOST_CERTIFICATES:
            raise CertificateError(f"over {_MOST_CERTIFICATES} certificates")
        try:
            yield read(base64.b64decode("".join(one[1].split()), validate=True))
        except (binascii.Error, DerError) as error:
            raise CertificateError(f"certificate {number} cannot be read: {error}") from error


def tls_secret(snapshot: Snapshot, namespace: str, name: str) -> TLSSecret:
    """What is known of a Secret that an Ingress or a Gateway names.

    From an API server, only Secrets that were asked for are known. Files are taken as complete where they hold any
    Secret of the namespace: who saves objects mostly leaves Secrets out.
    """
    ref = ObjectRef("Secret", name, namespace)
    found = snapshot.find(ref)
    if isinstance(found, Secret):
        return _held(found)
    unread = snapshot.unread_for("Secret", namespace)
    if unread:
        return TLSSecret(ref, Holding.UNKNOWN, because=unread.because)
    others = snapshot.from_files and any(secret.namespace == namespace for secret in snapshot.secrets)
    if ref in snapshot.missing or others:
        return TLSSecret(ref, Holding.ABSENT)
    return TLSSecret(ref, Holding.UNKNOWN, because="Secrets were not read")


def _held(secret: Secret) -> TLSSecret:
    try:
        chain = certificates(_pem(secret))
    except CertificateError as error:
        return TLSSecret(secret.ref, Holding.UNUSABLE, secret.type, because=f"tls.crt: {error}")
    return TLSSecret(secret.ref, Holding.CERTIFICATE, secret.type, chain)


def _pem(secret: Secret) -> str:
    """The text of tls.crt; what `stringData` says counts (API reference, Secret)."""
    if secret.string_data.certificates:
        return secret.string_data.certificates
    if not secret.data.certificates:
        raise CertificateError("there is none")
    try:
        return base64.b64decode("".join(secret.data.certificates.split()), validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError) as error:
        raise CertificateError(f"not base64: {error}") from error
