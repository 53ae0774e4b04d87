"""Certificates made by OpenSSL, and servers that show them."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate and its key, each a PEM file."""

    certificate: Path
    key: Path

    @property
    def pem(self) -> str:
        return self.certificate.read_text()

    @property
    def der(self) -> bytes:
        return ders(self.pem)[0]


def ders(pem: str) -> list[bytes]:
    parts = pem.split("-----BEGIN CERTIFICATE-----")[1:]
    return [base64.b64decode(part.partition("-----END")[0]) for part in parts]


def issue(
    directory: Path, name: str, *names: str, by: Made | None = None, days: int = 30, extensions: tuple[str, ...] = ()
) -> Made:
    """A certificate with this subject (``/CN=shop``) for names as OpenSSL writes them (``DNS:shop``, ``IP:10.0.0.1``).

    Self-signed without `by`. With a negative number of days it has expired.
    """
    stem = directory / name.strip("/").replace("/", "_").replace("*", "_")
    made = Made(stem.with_suffix(".crt"), stem.with_suffix(".key"))
    request = stem.with_suffix(".csr")
    added = [f"subjectAltName={','.join(names)}"] if names else []
    options = [option for one in (*added, *extensions) for option in ("-addext", one)]
    _openssl("req", "-new", "-utf8", *_KEY, "-subj", name, "-keyout", made.key, "-out", request, *options)
    signer = ("-CA", by.certificate, "-CAkey", by.key, "-CAcreateserial") if by else ("-signkey", made.key)
    _openssl(
        "x509", "-req", "-in", request, "-days", days, "-copy_extensions", "copy", "-out", made.certificate, *signer
    )
    return made


def authority(directory: Path, name: str, by: Made | None = None, days: int = 30) -> Made:
    """A CA's certificate."""
    return issue(directory, name, by=by, days=days, extensions=("basicConstraints=critical,CA:true",))


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@cache
def one_for(*names: str) -> ssl.SSLContext:
    """A server's context with a self-signed certificate that the test application makes."""
    from netdoctor_apps.testapp.tls import self_made  # noqa: PLC0415

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_made(list(names), expired=False))
    return context


def shows(leaf: Made, *others: Made) -> ssl.SSLContext:
    """A server's context with a certificate, and the others of its chain."""
    chain = leaf.certificate.with_suffix(".chain")
    chain.write_text("".join(one.pem for one in (leaf, *others)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, leaf.key)
    return context


def answer(connection: ssl.SSLSocket) -> None:
    """One HTTP response."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 404 Not Found\r\nServer: shop\r\nContent-Length: 3\r\n\r\nno\n")


@contextmanager
def serving(context: ssl.SSLContext, talk: Callable[[ssl.SSLSocket], None] = answer) -> Iterator[int]:
    """The port at 127.0.0.1 where TLS is served meanwhile."""
    with _accepting(lambda accepted: _secured(accepted, context, talk)) as port:
        yield port


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port at 127.0.0.1 where something else is served."""
    with _accepting(talk) as port:
        yield port


def _secured(accepted: socket.socket, context: ssl.SSLContext, talk: Callable[[ssl.SSLSocket], None]) -> None:
    with context.wrap_socket(accepted, server_side=True) as connection:
        talk(connection)


@contextmanager
def _accepting(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = server.accept()
                except OSError:
                    return
                with accepted, contextlib.suppress(OSError):
                    talk(accepted)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
