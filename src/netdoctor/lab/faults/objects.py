"""Faults that the cluster's objects show: pure functions from objects to objects."""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.facts import dns_service, kube_proxy
from netdoctor.cluster.objects import Deployment, Service
from netdoctor.cluster.selectors import matches_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.control.names import made_here
from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.objects import Manifest, Objects
from netdoctor.model.errors import InputError

_CRASHES = {"waiting": {"reason": "CrashLoopBackOff"}}


def without_proxy(objects: Objects, snapshot: Snapshot, node: str) -> Objects:
    """kube-proxy's pods on a node crash, until they are deleted and made again. Raises InputError."""
    pods = kube_proxy(snapshot).pods.get(node, ())
    if not pods or kube_proxy(snapshot).replaced_by:
        raise InputError(f"fault proxy-gone: no pod of kube-proxy runs on node {node}")
    crashing: Objects = {}
    for pod in pods:
        key = "Pod", pod.namespace, pod.name
        manifest = objects[key]
        crashing[key] = _told_to_end(manifest) if made_here(manifest) else _seen_crashing(manifest)
    return reconcile({**objects, **crashing})


def without_dns(objects: Objects, snapshot: Snapshot) -> Objects:
    """The Deployment behind the cluster's DNS Service is scaled to 0. Raises InputError."""
    service = dns_service(snapshot)
    for one in snapshot.deployments if service else ():
        if service and one.namespace == service.namespace and _selects(service, one):
            key = "Deployment", one.namespace, one.name
            manifest = objects[key]
            return reconcile({**objects, key: {**manifest, "spec": {**manifest["spec"], "replicas": 0}}})
    raise InputError("fault dns-down: the lab has no Deployment of DNS servers")


def _selects(service: Service, deployment: Deployment) -> bool:
    return bool(service.spec.selector) and matches_labels(
        service.spec.selector, deployment.spec.template.metadata.labels
    )


def _told_to_end(pod: Manifest) -> Manifest:
    """With a command that ends, which the kubelet finds out."""
    containers = [{**one, "command": ["false"], "args": []} for one in pod["spec"]["containers"]]
    return {**pod, "spec": {**pod["spec"], "containers": containers}}


def _seen_crashing(pod: Manifest) -> Manifest:
    """A recorded pod has the status that it is given."""
    status: dict[str, Any] = pod.get("status", {})
    conditions = [
        {**one, "status": "False"} if one["type"] in {"Ready", "ContainersReady"} else one
        for one in status.get("conditions", ())
    ]
    containers = [
        {**one, "ready": False, "started": False, "state": _CRASHES} for one in status.get("containerStatuses", ())
    ]
    return {**pod, "status": {**status, "conditions": conditions, "containerStatuses": containers}}
