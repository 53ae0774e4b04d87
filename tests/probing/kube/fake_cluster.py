"""A namespace with an API server on loopback: it keeps objects, and plays kubelet, agent and whoever refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit

from netdoctor_probe.wire import Observation, Outcome, decode_plan, encode_end, encode_observation

Document = dict[str, Any]

RUNNING = {"phase": "Running", "podIP": "10.0.0.7", "state": {"running": {}}}
ENDED = {"phase": "Succeeded", "podIP": "10.0.0.7", "state": {"terminated": {"exitCode": 0, "containerID": "c"}}}


def answers(pod: Document) -> Iterator[str]:
    """The log of an agent for which every probe is ok."""
    spec = pod["spec"]
    container = (spec.get("ephemeralContainers") or spec["containers"])[-1]
    plan = decode_plan(container["env"][0]["value"])
    for probe in plan.probes:
        yield encode_observation(Observation(probe.id, Outcome.OK, 0.01))
    yield encode_end(len(plan.probes))


class FakeCluster:
    """What it holds, and how it behaves.

    Attributes:
        objects: by path.
        statuses: what each new pod goes through; `state` is that of its last container.
        log: the lines of a pod's log, from the pod and whether it is followed.
        refusals: by (method, last part of the path without names).
        requests: (method, path) of all that came.
    """

    def __init__(self) -> None:
        self.url = ""
        self.objects: dict[str, Document] = {}
        self.statuses: list[Document] = [RUNNING, ENDED]
        self.log: Callable[[Document, bool], Iterator[str]] = lambda pod, _: answers(pod)
        self.refusals: dict[tuple[str, str], tuple[int, str, str]] = {}
        self.lists: dict[str, list[Document]] = {}
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Document] = []
        self.content_types: list[str] = []
        self.on_create: Callable[[Document], None] = lambda _: None
        self.closed = threading.Event()
        self._watches: list[SimpleQueue[Document]] = []
        self._lock = threading.Lock()

    def names(self, kind: str) -> list[str]:
        """Names of the objects of a kind that exist."""
        return sorted(o["metadata"]["name"] for o in self.objects.values() if o["kind"] == kind)

    def made(self, kind: str) -> list[Document]:
        """Objects of a kind that were created."""
        return [body for body in self.bodies if body.get("kind") == kind]

    def create(self, path: str, body: Document) -> Document:
        """Keep an object; a pod begins to live."""
        with self._lock:
            body["metadata"]["uid"] = f"uid-{len(self.bodies)}"
            self.bodies.append(body)
            self.objects[f"{path}/{body['metadata']['name']}"] = body
            if body["kind"] == "Pod":
                body["spec"].setdefault("nodeName", "node-a")
                self._tell("ADDED", body)
                self._live(body, "containerStatuses", body["spec"]["containers"][0]["name"])
        self.on_create(body)
        return body

    def patch(self, path: str, body: Document) -> Document:
        """Add an ephemeral container."""
        with self._lock:
            pod = self.objects[path.removesuffix("/ephemeralcontainers")]
            pod["spec"]["ephemeralContainers"] = body["spec"]["ephemeralContainers"]
            self._live(pod, "ephemeralContainerStatuses", body["spec"]["ephemeralContainers"][0]["name"])
            return pod

    def delete(self, path: str) -> bool:
        """Forget an object."""
        with self._lock:
            gone = self.objects.pop(path, None)
            if gone:
                self._tell("DELETED", gone)
            return gone is not None

    def watch(self) -> Iterator[bytes]:
        """All pods, then what happens to them."""
        events: SimpleQueue[Document] = SimpleQueue()
        with self._lock:
            for known in self.objects.values():
                if known["kind"] == "Pod":
                    events.put({"type": "ADDED", "object": known})
            self._watches.append(events)
        while event := events.get():
            yield json.dumps(event).encode() + b"\n"

    def close(self) -> None:
        """End all watches."""
        self.closed.set()
        for events in self._watches:
            events.put({})

    def _live(self, pod: Document, field: str, container: str) -> None:
        for status in self.statuses:
            state = {"name": container, "state": status["state"]}
            rest = {key: value for key, value in status.items() if key != "state"}
            pod["status"] = {**rest, field: [state] if status["state"] else []}
            self._tell("MODIFIED", json.loads(json.dumps(pod)))

    def _tell(self, kind: str, pod: Document) -> None:
        for events in self._watches:
            events.put({"type": kind, "object": pod})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: FakeCluster

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        path, query = parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        self.cluster.requests.append((self.command, path))
        if refused := self.cluster.refusals.get((self.command, _resource(path))):
            code, reason, message = refused
            self._answer(code, {"kind": "Status", "reason": reason, "message": message})
        elif self.command == "GET":
            self._get(path, query)
        elif self.command == "DELETE":
            found = self.cluster.delete(path)
            self._answer(200 if found else 404, {"kind": "Status", "reason": "" if found else "NotFound"})
        elif self.command == "PATCH":
            self.cluster.content_types.append(self.headers["Content-Type"])
            self._answer(200, self.cluster.patch(path, body))
        else:
            self._answer(201, self.cluster.create(path, body))

    def _get(self, path: str, query: dict[str, str]) -> None:
        if query.get("watch") == "true":
            self._stream(self.cluster.watch())
        elif path.endswith("/log"):
            pod = self.cluster.objects[path.removesuffix("/log")]
            self._stream(line.encode() + b"\n" for line in self.cluster.log(pod, query["follow"] == "true"))
        else:
            self._answer(200, {"kind": "List", "items": self.cluster.lists.get(_resource(path), [])})

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _answer(self, code: int, document: Document) -> None:
        content = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, chunks: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for chunk in chunks:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _resource(path: str) -> str:
    """``pods`` for ``/api/v1/namespaces/shop/pods/web``, ``pods/log`` for its log."""
    parts = path.split("/namespaces/")[1].split("/")[1:]
    return "/".join((parts[0], *parts[2:]))


@contextmanager
def serving() -> Iterator[FakeCluster]:
    """A FakeCluster that listens."""
    cluster = FakeCluster()
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that went away
    cluster.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield cluster
    finally:
        cluster.close()
        server.shutdown()
        server.server_close()
        thread.join()
