"""The requests that probe pods need, and no other."""

from __future__ import annotations

import json
from typing import Any

from netdoctor.cluster.client import ApiError, Client, Stream
from netdoctor.cluster.own import RUN_LABEL
from netdoctor.probing.kube.manifest import Document

_ROOTS = {
    "Job": "/apis/batch/v1",
    "PodTemplate": "/api/v1",
    "Pod": "/api/v1",
    "ConfigMap": "/api/v1",
    "DaemonSet": "/apis/apps/v1",
}
_PLURALS = {kind: f"{kind.lower()}s" for kind in _ROOTS}
KINDS = ("Job", "PodTemplate", "Pod")  # what to look for after a run, owners first: they take the rest with them
_STRATEGIC_MERGE = "application/strategic-merge-patch+json"
_NOT_FOUND = 404


class ProbeAPI:
    """Every method raises AccessError (ApiError where the server refused)."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, document: Document, *, dry_run: bool = False) -> Document:
        """Create an object, or only ask whether that is admitted; returns it as the server made, or would make it."""
        path = _path(document["kind"], document["metadata"]["namespace"])
        query: dict[str, str | int | bool] = {"dryRun": "All"} if dry_run else {}
        return _object(self._client.request("POST", path, query=query, body=document))

    def delete(self, kind: str, namespace: str, name: str) -> bool:
        """Delete an object at once, and in the background what it owns; False if there was none."""
        query: dict[str, str | int | bool] = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
        try:
            self._client.request("DELETE", f"{_path(kind, namespace)}/{name}", query=query)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    def runs(self, kind: str, namespace: str | None) -> list[Document]:
        """Objects of that kind that belong to a run, in one namespace or in all."""
        body = self._client.request("GET", _path(kind, namespace), query={"labelSelector": RUN_LABEL})
        return list(_object(body).get("items") or ())

    def add_ephemeral_container(self, namespace: str, pod: str, patch: Document) -> Document:
        """Patch a running pod; returns it."""
        path = f"{_path('Pod', namespace)}/{pod}/ephemeralcontainers"
        return _object(self._client.request("PATCH", path, body=patch, content_type=_STRATEGIC_MERGE))

    def log(self, namespace: str, pod: str, container: str, *, follow: bool) -> Stream:
        """A container's log from its beginning, as far as it is written or, with `follow`, until it ends."""
        path = f"{_path('Pod', namespace)}/{pod}/log"
        return self._client.stream(path, {"container": container, "follow": follow})

    def watch_run(self, namespace: str, run: str) -> Stream:
        """The pods of a run as they are, then every change of them."""
        return self._client.stream(_path("Pod", namespace), {"watch": True, "labelSelector": f"{RUN_LABEL}={run}"})

    def watch_pod(self, namespace: str, pod: str) -> Stream:
        """One pod as it is, then every change of it."""
        return self._client.stream(_path("Pod", namespace), {"watch": True, "fieldSelector": f"metadata.name={pod}"})

    def warnings(self, namespace: str, pod: str) -> list[str]:
        """Messages of the Warning events about a pod, the newest last."""
        selector = f"involvedObject.kind=Pod,involvedObject.name={pod},type=Warning"
        body = self._client.request("GET", f"/api/v1/namespaces/{namespace}/events", query={"fieldSelector": selector})
        events = _object(body).get("items") or ()
        return [" ".join(f"{e.get('reason')}: {e.get('message')}".split()) for e in events]


def _path(kind: str, namespace: str | None) -> str:
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{_ROOTS[kind]}{scope}/{_PLURALS[kind]}"


def _object(body: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(body)
    return decoded
