"""``get [--host NAME] [--timeout SECONDS] [-k | --any-issuer] URL…``: prints the answer of each http, https or tcp URL.

Of an HTTP answer: the status line, a few headers, the body. Of ``tcp://HOST:PORT``: the first line that is sent.
``--host`` asks the URL's address for another name (Host header and SNI); ``-k`` accepts any certificate, and
``--any-issuer`` any that is valid for the name.
Exit code 0 where all have answered with a status below 400, 1 where one has not, 2 on a bad argument.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from .errors import words

_SHOWN = ("Location", "Content-Type", "Server")
_MOST = 65536  # bytes of a body that are shown
_PORTS = {"http": 80, "https": 443}


class BadArgumentError(ValueError):
    """What is wrong with the arguments."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the URLs are to be asked; `host` is empty for their own."""

    host: str
    timeout: float
    verify: bool
    any_issuer: bool


def main(arguments: list[str]) -> int:
    """Asks; returns the exit code."""
    try:
        urls, wish = _read(arguments)
    except BadArgumentError as error:
        print(f"get: {error}", file=sys.stderr)
        return 2
    return max([_get(url, wish) for url in urls])


def _get(url: SplitResult, wish: Wish) -> int:
    try:
        return _tcp(url, wish) if url.scheme == "tcp" else _http(url, wish)
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"get: {url.geturl()}: {words(error)}", file=sys.stderr, flush=True)
        return 1


def _tcp(url: SplitResult, wish: Wish) -> int:
    with socket.create_connection((url.hostname, url.port or 0), wish.timeout) as connection:
        line = connection.makefile("rb").readline(_MOST)
    print(_text(line).rstrip("\n"), flush=True)
    return 0


def _http(url: SplitResult, wish: Wish) -> int:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    connection = http.client.HTTPConnection(host, port, timeout=wish.timeout)
    connection.connect()
    if url.scheme == "https":
        name = wish.host or host
        context = _trusting((host, port), name, wish.timeout) if wish.any_issuer else _context(wish)
        connection.sock = context.wrap_socket(connection.sock, server_hostname=name)
    connection.request("GET", _target(url), headers={"Host": wish.host or url.netloc, "Connection": "close"})
    response = connection.getresponse()
    print(f"HTTP/1.1 {response.status} {response.reason}")
    for name in _SHOWN:
        if value := response.headers.get(name):
            print(f"{name}: {_text(value.encode('latin-1', 'replace'))}")
    print("\n" + _text(response.read(_MOST)).rstrip("\n"), flush=True)
    return int(response.status >= 400)


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


def _text(sent: bytes) -> str:
    """What a server has sent, without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in sent.decode("utf-8", "replace"))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadArgumentError(message)


def _read(arguments: Sequence[str]) -> tuple[list[SplitResult], Wish]:
    parser = _Parser(prog="get", add_help=False)
    parser.add_argument("--host", default="")
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("-k", dest="verify", action="store_false")
    parser.add_argument("--any-issuer", action="store_true")
    parser.add_argument("urls", nargs="+", metavar="URL")
    given = parser.parse_args(arguments)
    if not 0 < given.timeout <= 3600:
        raise BadArgumentError("--timeout: it must be between 0 and 3600 seconds")
    return [_url(text) for text in given.urls], Wish(given.host, given.timeout, given.verify, given.any_issuer)


def _url(text: str) -> SplitResult:
    url = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = url.port
    except ValueError as error:
        raise BadArgumentError(f"{text!r}: {error}") from error
    if url.scheme not in {*_PORTS, "tcp"} or not url.hostname:
        raise BadArgumentError(f"{text!r}: a URL is http://HOST, https://HOST or tcp://HOST:PORT")
    if url.scheme == "tcp" and not port:
        raise BadArgumentError(f"{text!r}: tcp needs a port")
    return url


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
