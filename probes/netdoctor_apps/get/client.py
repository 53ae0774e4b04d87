"""One request and its answer."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult

_MOST = 65536  # bytes of an answer that are read
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Wish:
    """How URLs are to be asked; `host` is empty for their own, `timeout` is in seconds."""

    host: str
    timeout: float
    verify: bool
    any_issuer: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What was sent; of a TCP server only the body, a line. All of it is text from somebody else.

    Names of headers are in title case.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


def ask(url: SplitResult, wish: Wish) -> Answer:
    """The answer of a URL.

    Raises:
        OSError, http.client.HTTPException, ValueError: there is none.
    """
    return _tcp(url, wish) if url.scheme == "tcp" else _http(url, wish)


def _tcp(url: SplitResult, wish: Wish) -> Answer:
    with socket.create_connection((url.hostname, url.port or 0), wish.timeout) as connection:
        return Answer(0, "", {}, connection.makefile("rb").readline(_MOST))


def _http(url: SplitResult, wish: Wish) -> Answer:
    host, port = url.hostname or "", url.port or PORTS[url.scheme]
    connection = http.client.HTTPConnection(host, port, timeout=wish.timeout)
    connection.connect()
    if url.scheme == "https":
        name = wish.host or host
        context = _trusting((host, port), name, wish.timeout) if wish.any_issuer else _context(wish)
        connection.sock = context.wrap_socket(connection.sock, server_hostname=name)
    connection.request("GET", _target(url), headers={"Host": wish.host or url.netloc, "Connection": "close"})
    response = connection.getresponse()
    headers = {name.title(): value for name, value in response.getheaders()}
    return Answer(response.status, response.reason, headers, response.read(_MOST))


def _context(wish: Wish) -> ssl.SSLContext:
    return ssl.create_default_context() if wish.verify else _unverified()


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(place: tuple[str, int], name: str, timeout: float) -> ssl.SSLContext:
    """A context that trusts the certificate that a server shows for a name, and checks all else about it."""
    with (
        socket.create_connection(place, timeout) as connection,
        _unverified().wrap_socket(connection, server_hostname=name) as secured,
    ):
        shown = secured.getpeercert(binary_form=True) or b""
    context = ssl.create_default_context(cadata=shown)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whoever has signed it need not be known
    return context


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")
