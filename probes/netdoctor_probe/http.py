"""HTTP: one GET over a connection, to see whether HTTP is spoken there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netdoctor_probe import tcp
from netdoctor_probe.attempt import EndedError, Seen, repeated
from netdoctor_probe.kernel import local_address
from netdoctor_probe.loop import Task
from netdoctor_probe.text import printable
from netdoctor_probe.wire import Observation, Outcome, Probe

_BODY_SHOWN = 2048
_HEAD_LIMIT = 65536
_MOST_READ = 131072  # bytes of an answer of which less is shown
_PADDING = "X-Padding: "
_MOST_PADDED = 4096  # bytes: servers take 8 KiB of headers
_HEADERS_SHOWN = ("content-type", "server", "location", "date")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: (.*))?")
_CHUNK = re.compile(rb"\r?\n?([0-9A-Fa-f]+)[^\r\n]*\r\n")


@dataclass(frozen=True, slots=True)
class Response:
    """A response, its body as far as it is shown. Header names are in lower case."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    complete: bool

    def detail(self) -> dict[str, Any]:
        """The JSON form in an observation's detail."""
        headers = {name: self.headers[name] for name in _HEADERS_SHOWN if name in self.headers}
        return {"status": self.status, "reason": self.reason, "headers": headers, "body": printable(self.body)}


def run(probe: Probe) -> Task[Observation]:
    """Connects as `tcp` does and asks for `probe.path`, with `probe.name` as Host (default: the address and port).

    ok = any valid HTTP/1 response, whatever its status. Detail: status, reason, headers (content-type, server,
    location), body (at most 2 KiB, escaped). Other outcomes: badResponse = something else answered, or the server
    closed the connection without an answer; reset; and those of `tcp`. With `probe.payload`, names between spaces,
    detail has endpoint = the one that the answer names: echo servers and proxies tell who they are.
    """

    def attempt(until: float) -> Task[Seen]:
        with (yield from tcp.connect(probe.host, probe.port, until)) as sock:
            local = local_address(sock)
            tcp.send(sock, request(probe))
            response = yield from response_from(lambda: tcp.receive(sock, 65536, until))
        named = _named(probe.payload.split(), response)
        return Seen(Outcome.OK, probe.host, {"localAddress": local, **response.detail(), **named})

    return repeated(probe, attempt)


def _named(names: list[str], response: Response) -> dict[str, str]:
    """The longest of the names that stands in the headers or in the shown part of the body."""
    text = "\n".join([*response.headers.values(), response.body.decode("latin-1")])
    found = max((name for name in names if name in text), key=len, default="")
    return {"endpoint": found} if found else {}


def request(probe: Probe) -> bytes:
    """The request's bytes, at least `probe.size`. Raises EndedError if path or Host cannot stand in one."""
    host = f"[{probe.host}]" if ":" in probe.host else probe.host
    lines = [
        f"GET {probe.path or '/'} HTTP/1.1",
        f"Host: {probe.name or f'{host}:{probe.port}'}",
        "User-Agent: netdoctor",
        "Accept: */*",
        "Connection: close",
    ]
    if any(not c.isascii() or not c.isprintable() for line in lines for c in line) or " " in probe.path:
        raise EndedError(Outcome.ERROR, because="the path or the Host name has characters that HTTP does not allow")
    missing = min(probe.size, _MOST_PADDED) - len("\r\n".join([*lines, _PADDING, "", ""]))
    lines += [_PADDING + "0" * missing] if missing > 0 else []
    return "\r\n".join([*lines, "", ""]).encode()


def response_from(receive: Callable[[], Task[bytes]]) -> Task[Response]:
    """The response in what `receive` gives. Raises EndedError with BAD_RESPONSE for what is none."""
    data = b""
    while True:
        more = yield from receive()
        data += more
        response = parse(data, ended=not more)
        if response and (response.complete or not more):
            return response
        if not more:
            raise EndedError(Outcome.BAD_RESPONSE, because="the server closed the connection without an answer")
        if len(data) > _MOST_READ:
            raise EndedError(Outcome.BAD_RESPONSE, because="the answer does not come to its end")


def parse(data: bytes, *, ended: bool) -> Response | None:
    """The response in what has arrived so far; None if its head is not complete.

    `complete` says whether more would change it: the shown part of the body, or all of it, is there.
    Raises EndedError with BAD_RESPONSE for what is not HTTP/1.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    if not b"HTTP/1.".startswith(data[:7]) and not data.startswith(b"HTTP/1."):
        raise _bad(data)
    if not end:
        if (ended and data) or len(data) > _HEAD_LIMIT:
            raise _bad(data)
        return None
    first, *lines = head.split(b"\r\n")
    found = _STATUS_LINE.fullmatch(first)
    if not found:
        raise _bad(data)
    if 100 <= int(found[1]) < 200 and int(found[1]) != 101:  # RFC 9110, 15.2: the answer follows
        return parse(rest, ended=ended)
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    headers = {name.strip().lower(): printable(value.strip().encode("latin-1")) for name, _, value in pairs}
    body, complete = _body(headers, rest)
    return Response(int(found[1]), printable(found[2] or b""), headers, body[:_BODY_SHOWN], complete)


def _body(headers: dict[str, str], rest: bytes) -> tuple[bytes, bool]:
    """The body so far, and whether enough of it is there (RFC 9112, 6.3)."""
    if headers.get("transfer-encoding", "").lower().endswith("chunked"):
        body, ended = _joined(rest)
        return body, ended or len(body) >= _BODY_SHOWN
    length = headers.get("content-length", "")
    expected = int(length) if length.isascii() and length.isdigit() else _BODY_SHOWN
    return rest[:expected], len(rest) >= min(expected, _BODY_SHOWN)


def _joined(rest: bytes) -> tuple[bytes, bool]:
    """The chunks that have arrived, joined, and whether the last one has (RFC 9112, 7.1)."""
    body, at = b"", 0
    while found := _CHUNK.match(rest, at):
        size = int(found[1], 16)
        body += rest[found.end() : found.end() + size]
        at = found.end() + size
        if size == 0:
            return body, True
    return body, False


def _bad(data: bytes) -> EndedError:
    return EndedError(Outcome.BAD_RESPONSE, because="the answer is not HTTP/1", reply=printable(data[:256]))
