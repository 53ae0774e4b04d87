"""The http listener: HTTP/1.1 that answers with what it was asked."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass

from .echo import host_of

_HEAD_LIMIT = 65536
_LONGEST_DELAY = 3600.0  # seconds
_MOST_BYTES = 100_000_000
_WITHOUT_BODY = {"204", "304"}  # RFC 9110, 15.3.5 and 15.4.5
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head."""

    method: str
    path: str
    version: str
    headers: dict[str, str]

    @property
    def stays_open(self) -> bool:
        """Whether the connection is kept for another request (RFC 9112, 9.3)."""
        wish = self.headers.get("connection", "").lower()
        return wish != "close" if self.version == "HTTP/1.1" else wish == "keep-alive"


def talk(connection: socket.socket) -> None:
    """Answers requests until the client, or the protocol, ends the connection."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more or len(data) > _HEAD_LIMIT:
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        request = parse(head)
        if request is None:
            connection.sendall(_response(400, "text/plain", b"not an HTTP/1 request\n", stays_open=False))
            return
        data = _after_body(connection, request, data)
        status, kind, body = answer(request, connection)
        stays_open = request.stays_open
        response = _response(status, kind, body, stays_open=stays_open)
        connection.sendall(response[: len(response) - len(body)] if request.method == "HEAD" else response)
        if not stays_open:
            return


def parse(head: bytes) -> Request | None:
    """The request; None if it is none. Header names are in lower case."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    pairs = (line.partition(":") for line in lines)
    return Request(words[0], words[1], words[2], {name.lower(): value.strip() for name, _, value in pairs})


def _after_body(connection: socket.socket, request: Request, data: bytes) -> bytes:
    length = request.headers.get("content-length", "0")
    rest = int(length) if length.isascii() and length.isdigit() else 0
    while len(data) < rest:
        more = connection.recv(65536)
        if not more:
            return b""
        rest -= len(data)
        data = more
    return data[rest:]


def answer(request: Request, connection: socket.socket) -> tuple[int, str, bytes]:
    """Status, content type and body for a request; waits here for ``/delay``. 404 for hosts not in HTTP_HOSTS."""
    hosts = os.environ.get("HTTP_HOSTS")
    if hosts and request.headers.get("host", "").partition(":")[0] not in hosts.split(","):
        return 404, "text/plain", b"no such host here\n"
    match request.path.partition("?")[0].split("/")[1:]:
        case ["status", code] if _number(code, 599) >= 200:
            body = b"" if code in _WITHOUT_BODY else f"{code}\n".encode()
            return int(code), "text/plain", body
        case ["bytes", count] if _number(count, _MOST_BYTES) >= 0:
            return 200, "application/octet-stream", b"x" * int(count)
        case ["delay", seconds] if _number(seconds, _LONGEST_DELAY) >= 0:
            time.sleep(float(seconds))
    client, local = connection.getpeername(), connection.getsockname()
    document = {
        "clientAddress": host_of(client),
        "clientPort": client[1],
        "localAddress": host_of(local),
        "localPort": local[1],
        "host": request.headers.get("host", ""),
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "pod": os.environ.get("POD_NAME") or socket.gethostname(),
    }
    return 200, "application/json", json.dumps(document).encode() + b"\n"


def _number(text: str, most: float) -> float:
    """A plain decimal number up to `most`; -1 for anything else."""
    if not text.replace(".", "", 1).isdigit() or not text.isascii() or float(text) > most:
        return -1
    return float(text)


def _response(status: int, kind: str, body: bytes, *, stays_open: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Server: testapp",
        f"Connection: {'keep-alive' if stays_open else 'close'}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
