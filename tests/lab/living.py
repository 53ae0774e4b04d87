"""Labs that run, and what processes in them see."""

from __future__ import annotations

import json
import os
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import yaml

from netdoctor.lab.client import Lab
from netdoctor.lab.definition import define
from netdoctor.lab.place import Place
from netdoctor.lab.session import start

SILENCE = 0.5  # seconds, after which an answer on the same machine does not come any more
PATIENCE = 10.0  # seconds, where one must come
SCENARIOS = Path(__file__).parents[2] / "e2e" / "scenarios"


def written(directory: Path, *documents: dict[str, Any]) -> Path:
    """A file with these documents."""
    file = directory / "objects.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return file


def defined(directory: Path, *documents: dict[str, Any], **spec: Any) -> Path:
    """A scenario with these manifests; `spec` is what else its scenario.yaml says."""
    directory.mkdir(exist_ok=True)
    said = {"title": "a test", "checks": [{"command": "check --all", "verdict": "Healthy", "exit": 0}], **spec}
    (directory / "scenario.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    (directory / "manifests.yaml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return directory


@contextmanager
def lab_of(path: Path, name: str | None = None) -> Iterator[Lab]:
    """A lab for one test."""
    with start(define(str(path)), name) as lab:
        yield lab


def inside(lab: Lab, place: Place, see: Callable[[], Any]) -> Any:
    """What a process in a place comes to, as JSON carries it."""
    reading, writing = os.pipe()

    def program() -> int:
        try:
            said = json.dumps({"seen": see()})
        except BaseException:  # noqa: BLE001 - the test is told
            said = json.dumps({"failed": traceback.format_exc()})
        os.write(writing, said.encode())
        return 0

    process = lab.run(place, program)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = json.loads(pipe.read() or b'{"failed": "it said nothing"}')
    os.waitpid(process, 0)
    assert "failed" not in answer, answer["failed"]
    return answer["seen"]


def asked(address: str, port: int, first: str = "", patience: float = SILENCE) -> str:
    """What a TCP server says first, or once `first` was sent; ``silent``, ``refused`` or ``unreachable``."""
    try:
        with closing(socket.create_connection((address, port), patience)) as client:
            client.sendall(first.encode())
            return client.recv(65536).decode()
    except TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return f"unreachable: {error}"


def client_seen_by(address: str, port: int) -> str:
    """The address of whom a testapp's http listener sees as its client."""
    said = asked(address, port, f"GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n", PATIENCE)
    head, _, body = said.partition("\r\n\r\n")
    return str(json.loads(body)["clientAddress"]) if body else head


def pods_of(lab: Lab, workload: str) -> list[str]:
    """Names of the pods of a workload, in a settled order."""
    objects, _ = lab.objects()
    return sorted(name for kind, _, name in objects if kind == "Pod" and name.startswith(f"{workload}-"))
