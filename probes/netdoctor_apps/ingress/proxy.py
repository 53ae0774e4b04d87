"""One client's connection: requests in, answers of backends out."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from urllib.parse import unquote

from netdoctor_apps.testapp.echo import host_of

from .table import Backend, Table
from .upstream import NoAnswerError, Upstreams

_IDLE = 75.0  # seconds, as ingress-nginx's keep-alive
_PIECE = 65536
_LARGEST_BODY = 1 << 20  # bytes, as its proxy-body-size
# RFC 9110, 7.6.1: about one connection only.
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_OURS = {"host", "x-real-ip", "content-length"}


class Client(BaseHTTPRequestHandler):
    """Serves the requests of a connection; `secured` says whether it is one over TLS."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, table: Callable[[], Table], upstreams: Upstreams, *, secured: bool):
        self._table, self._upstreams, self._secured = table, upstreams, secured
        super().__init__(connection, connection.getpeername(), None)  # type: ignore[arg-type]  # no server is needed

    def _answer(self) -> None:
        host, path = _host(self.headers.get("Host", "")), unquote(self.path.partition("?")[0])
        route = self._table().find(host, path)
        if route is None:
            self._say(404, f"no Ingress has a rule for host {host or '-'} and path {path}")
        elif route.to_https and not self._secured:
            self._say(308, f"https://{host}{self.path}", location=f"https://{host}{self.path}")
        else:
            self._pass_on(route.backend)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815  http.server's names

    def _pass_on(self, backend: Backend) -> None:
        body = self._body()
        if body is None:
            return
        try:
            connection, response = self._upstreams.ask(backend, lambda to: self._send(to, body))
        except NoAnswerError as error:
            self._say(error.status, str(error))
            return
        try:
            self._hand_back(response)
        except (http.client.HTTPException, TimeoutError):
            self.close_connection = True  # the answer has begun, and cannot be another one any more
        finally:
            connection.close()

    def _body(self) -> bytes | None:
        """The request's body; None if it was refused."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._refuse(411, "a request's body needs its length")
        elif int(length) > _LARGEST_BODY:
            self._refuse(413, f"a request's body may have {_LARGEST_BODY} bytes")
        else:
            return self.rfile.read(int(length))
        return None

    def _refuse(self, status: int, text: str) -> None:
        self.close_connection = True  # the body would be taken for the next request
        self._say(status, text)

    def _send(self, to: http.client.HTTPConnection, body: bytes) -> None:
        to.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP | _OURS and not name.lower().startswith("x-forwarded-"):
                to.putheader(name, value)
        client, host = host_of(self.client_address), self.headers.get("Host", "")
        scheme, port = ("https", 443) if self._secured else ("http", 80)
        ours = {"Host": host, "X-Real-IP": client, "X-Forwarded-For": client, "X-Forwarded-Host": host}
        for name, value in {**ours, "X-Forwarded-Proto": scheme, "X-Forwarded-Port": str(port)}.items():
            to.putheader(name, value)
        if body:
            to.putheader("Content-Length", str(len(body)))
        to.endheaders(body or None)

    def _hand_back(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or response.status in {204, 304}
        if response.length is None and not bodiless:
            self.close_connection = True  # the end of the connection is the end of the body
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless:
            _copy(response, self.wfile)

    def _say(self, status: int, text: str, location: str = "") -> None:
        body = f"{status} {HTTPStatus(status).phrase}: {text}\n".encode()
        self.send_response_only(status)
        self.send_header("Server", "ingress")
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's names
        """Nothing: a request is no event for the container's log."""


def _copy(response: http.client.HTTPResponse, to: BufferedIOBase) -> None:
    while piece := response.read1(_PIECE):
        to.write(piece)


def _host(text: str) -> str:
    """A Host header's name, in lower case and without port."""
    name, colon, port = text.rpartition(":")
    return (name if colon and port.isdigit() else text).rstrip(".").lower()
