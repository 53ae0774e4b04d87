"""A small API server on loopback: lists in pages, objects, streams; it can forbid, expire and break off."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


def status(code: int, reason: str, message: str) -> Answer:
    """A refusal as the API server words it."""
    return code, {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}


class FakeAPI:
    """What the server holds, what it refuses, and what it was asked."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}  # by path of the list
        self.singles: dict[str, dict[str, Any]] = {}  # by path of the object
        self.refusals: dict[str, Answer] = {}  # by path
        self.streams: dict[str, Callable[[], Iterator[bytes]]] = {}  # by path
        self.served: set[str] = set()  # lists that exist though they are empty
        self.expired_tokens: set[str] = set()  # continue tokens that are too old, once
        self.requests: list[tuple[str, str, dict[str, str], dict[str, str], bytes]] = []
        self.token: str | None = None
        self.url = ""

    def answer(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Answer:
        """The answer to a GET."""
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return status(401, "Unauthorized", "Unauthorized")
        if path in self.refusals:
            return self.refusals[path]
        if path in self.singles:
            return 200, self.singles[path]
        if path in self.objects or path in self.served:
            return self._page(self.objects.get(path, []), query)
        return status(404, "NotFound", "the server could not find the requested resource")

    def _page(self, items: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        token = query.get("continue", "0")
        if token in self.expired_tokens:
            self.expired_tokens.remove(token)
            return status(410, "Expired", "The provided continue parameter is too old")
        start, end = int(token), int(token) + int(query.get("limit", len(items)))
        metadata = {"continue": str(end)} if end < len(items) else {}
        return 200, {"kind": "List", "metadata": metadata, "items": items[start:end]}

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries with which a path was asked for."""
        return [query for _, asked, query, _, _ in self.requests if asked == path]

    def kubeconfig(self, folder: Path, **user: Any) -> str:
        """Write a kubeconfig with one context, ``fake``, in namespace ``shop``."""
        file = folder / "kubeconfig"
        context = {"cluster": "fake", "user": "me", "namespace": "shop"}
        document = {
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "fake", "context": context}],
        }
        file.write_text(json.dumps(document))
        return str(file)


@contextmanager
def serving() -> Iterator[FakeAPI]:
    """A FakeAPI that listens."""
    api = FakeAPI()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            headers = {key.lower(): value for key, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            api.requests.append((self.command, parts.path, query, headers, body))
            if parts.path in api.streams:
                return self._stream(api.streams[parts.path]())
            code, document = api.answer(parts.path, query, headers)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return None

        def _stream(self, chunks: Iterator[bytes]) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in chunks:
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # of 16 connections at once, the default queue of 5 loses some for a second

        def handle_error(self, *_: object) -> None:
            """Clients that hang up are part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
