"""Files made to exhaust memory, time or the stack: refused with their line, or answered, within limits that kill."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

LIMITED = """
import resource, sys
memory, seconds = int(sys.argv[2]) << 20, 60
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
from netdoctor.cli.main import main
sys.exit(main(["check", "svc/web", "-n", "shop", "--from", "pod/client", "--snapshot", sys.argv[1]]))
"""
READ, REFUSED = (0, 1, 4), (2,)


def cluster(*more: dict[str, Any]) -> str:
    """A Service with a pod behind it and a client, and more objects; YAML documents, each on one line."""
    pods = [
        {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 80}]}]},
            "status": {"phase": "Running", "podIP": ip},
        }
        for name, ip in (("web", "10.0.0.1"), ("client", "10.0.0.2"))
    ]
    spec = {"selector": {"app": "web"}, "clusterIP": "10.96.0.1", "ports": [{"port": 80}]}
    service = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
    return "".join(f"---\n{json.dumps(item)}\n" for item in (service, *pods, *more))


def policy(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "big", "namespace": "shop"}
    spec = {"podSelector": {}, **spec}
    return {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "metadata": metadata, "spec": spec}


def ingress(**rule: Any) -> str:
    return cluster(policy(ingress=[rule]))


def other(body: str) -> str:
    """A document of a kind that is not read, of which nothing is known before all of it is parsed."""
    return f"{cluster()}---\nkind: Binding\napiVersion: v1\n{body}"


def laughs() -> str:
    levels = (f"{this}: &{this} [{','.join([f'*{last}'] * 9)}]\n" for last, this in zip("abcdefgh", "bcdefghi"))  # noqa: B905
    return other(f"a: &a [1, 2, 3]\n{''.join(levels)}z:\n" + "- *i\n" * 10_000_000)


FILES: dict[str, tuple[Callable[[], str], tuple[int, ...]]] = {
    "billion laughs": (laughs, REFUSED),
    "quadratic aliases": (lambda: other("a: &a\n" + "- x\n" * 500_000 + "b:\n" + "- *a\n" * 8_000_000), REFUSED),
    "50 MB of maps": (lambda: other("d: [" + "{x}," * 12_500_000 + "]\n"), REFUSED),
    "100,000 anchors": (lambda: other("".join(f"k{n}: &k{n} 1\n" for n in range(100_000))), READ),
    "a selector with 10,000 values": (
        lambda: cluster(
            policy(
                podSelector={
                    "matchExpressions": [{"key": "app", "operator": "In", "values": [f"v{n}" for n in range(10_000)]}]
                }
            )
        ),
        READ,
    ),
    "10,000 ports": (lambda: ingress(ports=[{"port": n + 1} for n in range(10_000)]), READ),
    "10,000 peers": (
        lambda: ingress(**{"from": [{"podSelector": {"matchLabels": {"app": f"v{n}"}}} for n in range(10_000)]}),
        READ,
    ),
    "10,000 CIDRs": (
        lambda: ingress(**{"from": [{"ipBlock": {"cidr": f"11.{n >> 8}.{n & 255}.0/24"}} for n in range(10_000)]}),
        READ,
    ),
    "100,000 documents": (
        lambda: cluster() + "---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n" * 100_000,
        READ,
    ),
    "a scalar of 5 MB": (lambda: other(f"data: {{a: {'x' * 5_000_000}}}\n"), READ),
    "a number of 5 MB": (
        lambda: f"{cluster()}---\nkind: Node\napiVersion: v1\nmetadata: {{name: [{'9' * 5_000_000}]}}\n",
        REFUSED,
    ),
    "nested JSON": (lambda: '{"kind":"Service","a":' * 10_000 + "1" + "}" * 10_000, REFUSED),
    "nested lists of JSON": (lambda: '{"kind":"List","items":[' * 10_000 + "]}" * 10_000, REFUSED),
    "nested YAML": (lambda: "kind: Service\na:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 10_000)), REFUSED),
    "nested YAML in one line": (lambda: "kind: List\nitems:\n" + "- " * 10_000, REFUSED),
}


def limited(file: str, mebibytes: int, stdin: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
    """A check of the file, in a process that gets no more memory than that, and a minute of CPU."""
    command = [sys.executable, "-c", LIMITED, file, str(mebibytes)]
    return subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", FILES)
def test_memory_and_time_are_bounded(name: str, tmp_path: Path) -> None:
    make, codes = FILES[name]
    file = tmp_path / "f.yaml"
    file.write_text(make())
    done = limited(str(file), 400)
    assert done.returncode in codes, done.stderr
    assert "internal error" not in done.stderr
    if codes is REFUSED:
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"netdoctor: {file}:")
        assert len(line) < 1000


def test_an_endless_stdin_is_refused() -> None:
    with Path("/dev/zero").open("rb") as zeros:
        done = limited("-", 1024, zeros)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "netdoctor: stdin: larger than 512 MiB")
