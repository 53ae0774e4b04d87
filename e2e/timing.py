"""``python -m e2e.timing [--rounds N]``: how long a check takes, beside the least that a pod takes in this cluster.

Each round runs both, one after the other: a whole ``netdoctor check``, and a bare pod created, awaited and deleted by
kubectl. Prints the medians, their ratio, and where the time of a check goes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from e2e.runner.access import Access, Kubectl, OwnCluster
from netdoctor.scenarios.ask import NETDOCTOR

NAMESPACE = "timing"
_APP = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": ["http:8080"]}
_OBJECTS = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [_APP]}},
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    },
]
_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "bare"},
    "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [_APP]},
}
_STAGES = (
    "Python, its libraries, the kubeconfig",
    "reading the cluster",
    "creating the probe pods, until all run",
    "probing, removing the pods, diagnosing",
    "ending",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    access = OwnCluster("policy")
    with access.use(alone=True):
        kubectl = Kubectl(access)
        kubectl.create_namespace(NAMESPACE)
        try:
            kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=_list(_OBJECTS))
            kubectl("rollout", "status", "deployment/web", "-n", NAMESPACE, "--timeout=100s")
            pairs = [(_check(access), _bare_pod(kubectl)) for _ in range(rounds)]
            stages = _stages(access)
        finally:
            kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    check, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"netdoctor check {check:.2f} s, bare pod {bare:.2f} s, ratio {ratio:.2f} (medians of {rounds} rounds)")
    for name, seconds in stages:
        print(f"  {name:<40} {seconds:.2f} s")


def _check(access: Access) -> float:
    argv = [*NETDOCTOR, "check", "svc/web", "-n", NAMESPACE, "--from", "deploy/web", *access.options]
    return _timed(access.command(argv))


def _bare_pod(kubectl: Kubectl) -> float:
    start = time.monotonic()
    kubectl("create", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(_POD))
    kubectl("wait", "-n", NAMESPACE, "pod/bare", "--for=condition=Ready", "--timeout=60s")
    kubectl("delete", "-n", NAMESPACE, "pod/bare", "--wait=true")
    return time.monotonic() - start


def _stages(access: Access) -> list[tuple[str, float]]:
    """The stages of one check and their seconds, by what it says on a terminal."""
    argv = [*NETDOCTOR, "check", "svc/web", "-n", NAMESPACE, "--from", "deploy/web", *access.options]
    code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))"
    start = time.monotonic()
    process = subprocess.Popen(
        access.command([sys.executable, "-c", code, *argv]), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    said = [(line.decode(errors="replace"), time.monotonic()) for line in process.stdout]
    process.wait()
    reading = [when for line, when in said if line.startswith("reading")]
    probing = [when for line, when in said if "probing" in line]
    verdict = next(when for line, when in said if "Healthy" in line)
    ends = [reading[0], reading[-1], probing[-1], verdict, time.monotonic()]
    return [(name, end - begin) for name, begin, end in zip(_STAGES, [start, *ends], ends, strict=False)]


def _timed(argv: Sequence[str]) -> float:
    start = time.monotonic()
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def _list(items: object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


if __name__ == "__main__":
    main()
