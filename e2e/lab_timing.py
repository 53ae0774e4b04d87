"""`make bench-lab`: how long labs take to come up and to be checked, and what memory they need."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from netdoctor.scenarios.ask import NETDOCTOR

Manifest = dict[str, Any]
SMALL = (10, 4, 4)  # pods besides the two DNS servers, Services, policies
LARGE = (198, 50, 100)
SIDE_BY_SIDE = 20


def main() -> None:
    """Measure, and print a line for each."""
    with TemporaryDirectory() as folder:
        small, large = (_written(Path(folder), *shape) for shape in (SMALL, LARGE))
        print(f"{'pods/Services/policies':26}{'up':>8}{'memory':>10}{'check':>9}{'its probes waited':>20}")
        for file, shape in ((small, SMALL), (large, LARGE)):
            seconds = _timed(["lab", "up", file, "--name", "bench"])
            try:
                megabytes = _memory("bench")
                check, waited = _check("bench")
            finally:
                _netdoctor(["lab", "down", "bench"])
            name = f"{shape[0] + 2}/{shape[1]}/{shape[2]}"
            print(f"{name:26}{seconds:7.2f}s{megabytes:8.0f}MB{check:8.2f}s{waited:19.2f}s", flush=True)
        names = [f"bench-{number}" for number in range(SIDE_BY_SIDE)]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            begun = time.monotonic()
            list(pool.map(lambda name: _netdoctor(["lab", "up", small, "--name", name]), names))
            up = time.monotonic() - begun
            begun = time.monotonic()
            codes = list(pool.map(_check, names))
            checked = time.monotonic() - begun
        for name in names:
            _netdoctor(["lab", "down", name])
        print(f"{SIDE_BY_SIDE} of the first side by side: up in {up:.1f} s, {len(codes)} checks in {checked:.1f} s")


def _check(lab: str) -> tuple[float, float]:
    """Seconds that a check takes in all, and those that its slowest probe pod spent in timeouts."""
    command = ["check", "svc/app-1.team-0", "--from", "deploy/app-0", "-n", "team-0", "--lab", lab, "-o", "json"]
    begun = time.monotonic()
    report = json.loads(subprocess.run([*NETDOCTOR, *command], check=False, capture_output=True).stdout)
    seconds = time.monotonic() - begun
    waited = max(probe["seconds"] * probe.get("detail", {}).get("attempts", 1) for probe in report["probes"])
    return seconds, waited


def _timed(command: Sequence[str]) -> float:
    begun = time.monotonic()
    _netdoctor(command)
    return time.monotonic() - begun


def _netdoctor(command: Sequence[str]) -> None:
    ended = subprocess.run([*NETDOCTOR, *command], check=False, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"netdoctor {' '.join(command)}: {ended.stderr}")


def _memory(lab: str) -> float:
    """MB of all of a lab's processes, what they share counted once (Pss, proc_pid_smaps)."""
    script = "cat /proc/[0-9]*/smaps_rollup"
    command = [*NETDOCTOR, "lab", "shell", lab, "outside", "--", "sh", "-c", script]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    return sum(int(line.split()[1]) for line in said.splitlines() if line.startswith("Pss:")) / 1024


def _written(folder: Path, pods: int, services: int, policies: int) -> str:
    file = folder / f"lab-{pods}.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(_objects(pods, services, policies))}))
    return str(file)


def _objects(pods: int, services: int, policies: int) -> Iterator[Manifest]:
    """Applications of some replicas each, in namespaces of ten, and policies that let every third one in."""
    for number in range(services):
        namespace, labels = f"team-{number // 10}", {"app": f"app-{number}"}
        replicas = pods // services + (number < pods % services)
        container = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": ["http:8080"]}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        yield _object("apps/v1", "Deployment", namespace, f"app-{number}", spec)
        spec = {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}
        yield _object("v1", "Service", namespace, f"app-{number}", spec)
    for number in range(policies):
        of, source = number % services, {"app": f"app-{3 * number % services}"}
        peers = [{"podSelector": {"matchLabels": source}}, {"ipBlock": {"cidr": "192.0.2.0/24"}}]
        rule = {"from": peers, "ports": [{"port": 8080}]}
        selector = {"matchLabels": {"app": f"app-{of}"}}
        spec = {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [rule]}
        yield _object("networking.k8s.io/v1", "NetworkPolicy", f"team-{of // 10}", f"policy-{number}", spec)


def _object(version: str, kind: str, namespace: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace, "name": name}, "spec": spec}


if __name__ == "__main__":
    main()
