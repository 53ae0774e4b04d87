"""The door to container logs: the first lines of a few pods, where programs say what they listen on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from netdoctor.cluster.objects import Pod
from netdoctor.model.errors import AccessError
from netdoctor.model.refs import ObjectRef

if TYPE_CHECKING:
    from netdoctor.cluster.client import Client

LIMIT = 4096  # bytes per container
MAX_PODS = 8


def read_logs(client: Client, pods: Iterable[Pod]) -> Mapping[ObjectRef, str]:
    """The beginning of each pod's logs, all containers together. What cannot be read is left out."""
    logs: dict[ObjectRef, str] = {}
    for pod in list({pod.ref: pod for pod in pods}.values())[:MAX_PODS]:
        texts = [_read(client, pod, container.name) for container in pod.spec.containers]
        logs[pod.ref] = "\n".join(text for text in texts if text)
    return {ref: text for ref, text in logs.items() if text}


def _read(client: Client, pod: Pod, container: str) -> str:
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
    try:
        return client.request("GET", path, query={"container": container, "limitBytes": LIMIT}).decode(errors="replace")
    except AccessError:
        return ""
