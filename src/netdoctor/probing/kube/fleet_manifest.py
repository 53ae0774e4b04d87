"""The objects of a mesh: three DaemonSets, owned as probe pods are, and a ConfigMap that tells everybody everything.

So their number, and that of the requests, does not grow with the cluster. The pods that ask do it in an init container,
which runs once, and whose termination message is what they have to say: it is in the pod's status, which one watch of
all pods brings, so that no log is read.
"""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.own import RUN_LABEL
from netdoctor.probing.kube.manifest import (
    CONTAINER,
    MANAGED_BY,
    NO_MESH_ANNOTATIONS,
    NO_MESH_LABELS,
    Document,
    Run,
    container,
    pull_secrets,
)
from netdoctor.probing.mesh.fleet import MeshPlan
from netdoctor_probe.mesh.document import NODE, POD, Mesh, encode_mesh

ROLE_LABEL = "netdoctor.dev/role"
ANSWER = "answer"  # the role of the pods that answer; those that ask are called by their network
ASKING = "asking"  # the init container that asks
ROLES = (ANSWER, POD, NODE)
_DIRECTORY, _FILE = "/mesh", "mesh.json"
_MESSAGE = "/dev/termination-log"  # a container's terminationMessagePath, if it names no other


def daemon_set(run: Run, plan: MeshPlan, role: str) -> Document:
    """The pods of one role, on every node that the user's labels leave, whatever its taints."""
    labels = {**MANAGED_BY, **NO_MESH_LABELS, **run.labels, ROLE_LABEL: role}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": f"{run.name}-{role}", "namespace": plan.namespace, "labels": {**MANAGED_BY, **run.labels}},
        "spec": {
            "selector": {"matchLabels": {RUN_LABEL: run.id, ROLE_LABEL: role}},
            "template": {
                "metadata": {"labels": labels, "annotations": dict(NO_MESH_ANNOTATIONS)},
                "spec": _pod_spec(run, plan, role),
            },
        },
    }


def example_pod(run: Run, plan: MeshPlan, role: str) -> Document:
    """A pod like those of a DaemonSet, to ask whether such are admitted: a DaemonSet's own are refused in silence."""
    spec = {**_pod_spec(run, plan, role), "restartPolicy": "Never"}
    name = f"{run.name}-p0"
    metadata = {"name": name, "namespace": plan.namespace, "labels": {**MANAGED_BY, **NO_MESH_LABELS, **run.labels}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def config_map(run: Run, namespace: str, mesh: Mesh) -> Document:
    """What all pods that ask are told; at most 1 MiB, which does for more than 10,000 nodes."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": run.name, "namespace": namespace, "labels": {**MANAGED_BY, **run.labels}},
        "immutable": True,
        "data": {_FILE: encode_mesh(mesh)},
    }


def _pod_spec(run: Run, plan: MeshPlan, role: str) -> Document:
    spec: Document = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        **({"nodeSelector": dict(run.options.node_selector)} if run.options.node_selector else {}),
        **({"hostNetwork": True} if role == NODE else {}),
        **pull_secrets(run.options),
    }
    seconds = str(run.options.deadline)
    if role == ANSWER:
        return {**spec, "containers": [_container(run, CONTAINER, "--serve", str(plan.mesh.port), seconds)]}
    asking = _container(run, ASKING, "--mesh", role, f"{_DIRECTORY}/{_FILE}", f"{plan.seconds:g}", _MESSAGE)
    asking |= {
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "volumeMounts": [{"name": "mesh", "mountPath": _DIRECTORY, "readOnly": True}],
    }
    return {
        **spec,
        "initContainers": [asking],
        "containers": [_container(run, CONTAINER, "--idle", seconds)],
        "volumes": [{"name": "mesh", "configMap": {"name": run.name}}],
    }


def _container(run: Run, name: str, *arguments: str) -> dict[str, Any]:
    return {**container(run), "name": name, "args": [*arguments]}
