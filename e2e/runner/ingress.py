"""What the ingress controllers of live scenarios serve: the runner reads the objects for them, and writes their routes.

They are pods of ``netdoctor.dev/ingress:1``, which cannot read the cluster by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from e2e.runner.access import Kubectl
from images.build.recipes import PYTHON, ROUTES
from netdoctor.lab.ingress import routes
from netdoctor.lab.objects import Objects, key_of

_IMAGE = "netdoctor.dev/ingress:1"
_READ = "ingresses,services,endpointslices,deployments,daemonsets,replicasets,pods,secrets"
# In one step: the controller may be reading.
_WRITE = f"import os, sys; open('{ROUTES}.new', 'w').write(sys.stdin.read()); os.rename('{ROUTES}.new', '{ROUTES}')"


def write_routes(namespaces: Sequence[str], kubectl: Kubectl) -> None:
    """Give the controllers that run in some namespaces the routes of the Ingresses there. Raises ClusterError."""
    found = [item for name in namespaces for item in kubectl.get(_READ, "--namespace", name)]
    objects: Objects = {key_of(item): item for item in (*found, *kubectl.get("ingressclasses"))}
    document = ""
    for namespace, pod, container in controllers(found):
        document = document or json.dumps(routes(objects))
        write = ["--", f"/usr/bin/{PYTHON}", "-I", "-S", "-c", _WRITE]
        kubectl("exec", "--stdin", pod, "--namespace", namespace, "--container", container, *write, stdin=document)


def controllers(objects: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Namespace, pod and container of each ingress controller that runs."""
    for pod in objects:
        if pod["kind"] == "Pod" and "deletionTimestamp" not in pod["metadata"]:
            statuses = pod.get("status", {}).get("containerStatuses", ())
            running = {status["name"] for status in statuses if "running" in status.get("state", {})}
            for container in pod["spec"]["containers"]:
                if container["image"] == _IMAGE and container["name"] in running:
                    yield pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"]
