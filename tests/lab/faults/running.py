"""A lab that runs, for tests of its faults: a pod on each of two nodes, with a Service each, and somebody to ask."""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from types import MappingProxyType
from typing import Any

import pytest

from netdoctor.lab.client import Lab
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import start as started
from netdoctor.lab.definition import Definition
from netdoctor.lab.session import start
from netdoctor.model.errors import AccessError

SECONDS = 0.4  # after which an answer on this machine does not come any more
TCP, UDP = 9001, 9000


def _pod(name: str, node: str) -> dict[str, Any]:
    container = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": [f"tcp:{TCP}", f"udp:{UDP}"]}
    spec = {"nodeName": node, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def _service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": TCP}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


@contextmanager
def running(
    *, overlay: bool = False, dual_stack: bool = False, outside: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Iterator[Lab]:
    """Pods `one` and `two` on the nodes worker-1 and worker-2, `third` on worker-1; Services `one` and `two`."""
    documents = [_pod("one", "worker-1"), _pod("two", "worker-2"), _pod("third", "worker-1")]
    documents += [_service("one"), _service("two")]
    definition = Definition(
        "faults", "", started(documents, Shape(dual_stack=dual_stack)), outside=outside, overlay=overlay
    )
    try:
        with _own_output():
            lab = start(definition)
    except AccessError as error:
        pytest.skip(str(error))
    with lab:
        yield lab


@contextmanager
def _own_output() -> Iterator[None]:
    """The lab's programs say that they listen on stdout or stderr, which pytest has put elsewhere."""
    with redirect_stdout(sys.__stdout__), redirect_stderr(sys.__stderr__):
        yield


def address(lab: Lab, name: str, version: int = 4) -> str:
    """Of a pod or, as the ClusterIP, of a Service (`svc/NAME`)."""
    objects, _ = lab.objects()
    if name.startswith("svc/"):
        return str(objects["Service", "default", name.removeprefix("svc/")]["spec"]["clusterIP"])
    entries = objects["Pod", "default", name]["status"]["podIPs"]
    return next(str(entry["ip"]) for entry in entries if (":" in entry["ip"]) == (version == 6))


def asked(lab: Lab, pod: str, question: Callable[[], str]) -> str:
    """What comes of asking in a pod, or on a `node/NAME`."""
    kind, _, node = pod.partition("/")
    place = lab.place("node", name=node) if node else lab.place("pod", "default", kind)
    reading, writing = os.pipe()

    def run() -> int:
        os.write(writing, question().encode())
        return 0

    process = lab.run(place, run)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(process, 0)
    os.close(place.network)
    return said


def talk(to: str, port: int = TCP, size: int = 1, segment: int = 0) -> Callable[[], str]:
    """A TCP connection that sends so many bytes and wants them back.

    `answered`, `silent`, `refused`, `prohibited` (an ICMP error that says so), `cut`.

    `cut`: it comes about, and then no (further) answer does. With `segment` both sides send no more bytes at once.
    """

    def question() -> str:
        with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET) as client:
            client.settimeout(SECONDS)
            if segment:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
            try:
                client.connect((to, port))
            except TimeoutError:
                return "silent"
            except ConnectionRefusedError:
                return "refused"
            except OSError as error:
                if error.errno not in (errno.EHOSTUNREACH, errno.EACCES):
                    raise
                return "prohibited"
            try:
                return "answered" if _echoed(client, size) else "cut"
            except TimeoutError:
                return "cut"

    return question


def _echoed(client: socket.socket, size: int) -> bool:
    """The server says who the client is, on one line, and then what it gets."""
    client.sendall(b"x" * size)
    said = b""
    while len(said.partition(b"\n")[2]) < size:
        more = client.recv(65536)
        if not more:
            return False
        said += more
    return True


def send(to: str, size: int = 1, port: int = UDP) -> Callable[[], str]:
    """A datagram that wants an answer: `answered`, `silent`, `refused`."""
    return lambda: _exchanged(to, port, b"x" * size)


def query(server: str) -> Callable[[], str]:
    """The same of a question for the address of a Service (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in ("one", "default", "svc", "cluster", "local"))
    header = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0)
    return lambda: _exchanged(server, 53, header + labels + b"\0" + struct.pack(">2H", 1, 1))


def _exchanged(to: str, port: int, payload: bytes) -> str:
    with _datagrams(to, port) as client:
        try:
            client.send(payload)
            client.recv(65536)
        except TimeoutError:
            return "silent"
        except ConnectionRefusedError:
            return "refused"
        return "answered"


def burst(to: str, count: int) -> Callable[[], str]:
    """So many datagrams; says how many of them are answered. No more are on their way than buffers hold."""

    def question() -> str:
        answers = 0
        with _datagrams(to, UDP) as client:
            client.settimeout(0.05)
            for _ in range(count // 20):
                for _ in range(20):
                    client.send(b"x")
                with suppress(TimeoutError):
                    for _ in range(20):
                        client.recv(64)
                        answers += 1
        return str(answers)

    return question


def _datagrams(to: str, port: int) -> socket.socket:
    client = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(SECONDS)
    client.connect((to, port))
    return client


def client_seen(to: str, port: int = TCP) -> Callable[[], str]:
    """The address that the server sees, which it says on its first line."""

    def question() -> str:
        try:
            with socket.create_connection((to, port), SECONDS) as client:
                client.settimeout(SECONDS)
                said = client.makefile().readline()
        except OSError:
            return "silent"
        return said.strip().rpartition(":")[0].strip("[]")

    return question
