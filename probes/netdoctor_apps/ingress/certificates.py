"""The certificates of the TLS listener, chosen by the name that the client asks for (SNI, RFC 6066)."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

from netdoctor_apps.testapp.serving import say
from netdoctor_apps.testapp.tls import self_made

from .table import Certificate, Table

_DEFAULT_NAME = "ingress.local"


class Certificates:
    """Contexts for the certificates of a table, made when they are first asked for.

    Raises:
        OSError, subprocess.SubprocessError: the default certificate cannot be made.
    """

    def __init__(self, table: Callable[[], Table]) -> None:
        self._table = table
        self._made: dict[Certificate, ssl.SSLContext] = {}
        self.default = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.default.load_cert_chain(self_made([_DEFAULT_NAME], expired=False))
        self.default.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        certificate = self._table().certificate_for((name or "").lower())
        if certificate is not None:
            connection.context = self._context(certificate)

    def _context(self, certificate: Certificate) -> ssl.SSLContext:
        """The default's where the certificate cannot be used."""
        if certificate not in self._made:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                _load(context, certificate)
            except (OSError, ValueError) as error:
                say("ingress", f"the certificate for {', '.join(certificate.hosts)} cannot be used: {error}")
                context = self.default
            self._made[certificate] = context
        return self._made[certificate]


def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Gives it to OpenSSL, which takes it from files only: this one is memory."""
    memory = os.memfd_create("certificate")
    try:
        os.write(memory, f"{certificate.certificate}\n{certificate.key}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
