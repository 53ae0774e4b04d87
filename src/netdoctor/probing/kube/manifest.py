"""The objects of a run, as documents: the owner, the anchor, the probe pods. Pure.

Everything of a run hangs on one object per namespace: a Job that runs nothing (``parallelism: 0``). Of the kinds
that Kubernetes knows it is the one that ends by itself: past its ``activeDeadlineSeconds`` the Job controller fails
it, ``ttlSecondsAfterFinished: 0`` lets the TTL controller delete it, and the garbage collector removes what it owned.
So a killed netdoctor leaves nothing behind, and needs no controller of its own and no right but that to create Jobs.
Its selector is made by the API server and matches no other pod, and pods that it owns without being their controller
are none of its business.

Sources: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup,
https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.own import RUN_LABEL
from netdoctor.model.probe import Position, Probe
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.placement import placement
from netdoctor_probe.wire import Plan, encode_plan

Document = dict[str, Any]

EXPIRES_LABEL = "netdoctor.dev/expires"
MANAGED_BY = {"app.kubernetes.io/managed-by": "netdoctor"}
CONTAINER = "netdoctor"

POSITION = "netdoctor.dev/position"
_DESCRIPTION = "kubernetes.io/description"
_NEVER_READY = "netdoctor.dev/never-ready"
# Istio reads the label, its older releases the annotation; Linkerd reads the annotation.
NO_MESH_LABELS = {"sidecar.istio.io/inject": "false"}
NO_MESH_ANNOTATIONS = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}
# Pod Security "restricted" admits this. No runAsUser: the image's own user is not root, and OpenShift chooses one.
_SECURITY_CONTEXT = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
# Without requests a HorizontalPodAutoscaler whose workload's labels the pod carries could not compute anything; with
# less than one CPU as its limit Python would start several times slower.
_RESOURCES = {
    "requests": {"cpu": "10m", "memory": "32Mi"},
    "limits": {"cpu": "1", "memory": "128Mi"},
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `id` is part of every object's name; `expires` is in Unix seconds."""

    id: str
    expires: int
    options: ProbeOptions

    @property
    def name(self) -> str:
        """Name of the owner."""
        return f"netdoctor-{self.id}"

    @property
    def labels(self) -> dict[str, str]:
        """By which everything of the run is found."""
        return {RUN_LABEL: self.id, EXPIRES_LABEL: str(self.expires)}


def owner(run: Run, namespace: str) -> Document:
    """The Job that owns everything of the run in a namespace, and removes itself at the deadline."""
    template = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [container(run)],
    }
    description = "Owns the pods of one netdoctor check. It runs nothing, and removes itself."
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": run.name,
            "namespace": namespace,
            "labels": {**MANAGED_BY, **run.labels},
            "annotations": {_DESCRIPTION: description},
        },
        "spec": {
            "parallelism": 0,
            "activeDeadlineSeconds": run.options.deadline,
            "ttlSecondsAfterFinished": 0,
            "template": {"spec": template},
        },
    }


def anchor(run: Run, namespace: str) -> Document:
    """A PodTemplate for pods that need a controller reference; to be owned by the Job.

    The Job itself cannot be their controller: it would release them, since its selector does not match. Any other
    kind would do; nothing in Kubernetes reads PodTemplates, so the right to create them harms nobody.
    """
    return {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {
            "name": run.name,
            "namespace": namespace,
            "labels": {**MANAGED_BY, **run.labels},
        },
        "template": {"spec": {"containers": [container(run)]}},
    }


def owned(document: Document, owner_reference: Document) -> Document:
    """The document with its owner."""
    return {**document, "metadata": {**document["metadata"], "ownerReferences": [owner_reference]}}


def reference(created: Mapping[str, Any], *, controller: bool = False) -> Document:
    """The owner reference to an object, as the API server returned it."""
    made: Document = {key: created[key] for key in ("apiVersion", "kind")}
    made |= {key: created["metadata"][key] for key in ("name", "uid")}
    return made | ({"controller": True} if controller else {})


def probe_pod(run: Run, name: str, position: Position, plan: Plan) -> Document:
    """The pod for a position, without its owner reference, which needs the owner's uid.

    A readiness gate that nothing ever meets keeps it out of the ready endpoints of every Service. A grace period of
    zero makes a deletion, the garbage collector's too, final at once.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": position.namespace,
            "labels": {**MANAGED_BY, **position.labels, **NO_MESH_LABELS, **run.labels},
            "annotations": {POSITION: position.id, **NO_MESH_ANNOTATIONS},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": run.options.deadline,
            "terminationGracePeriodSeconds": 0,
            "readinessGates": [{"conditionType": _NEVER_READY}],
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [{**container(run), "env": [_environment(plan)]}],
            **_identity(position),
            **placement(position, run.options),
            **pull_secrets(run.options),
        },
    }


def ephemeral_container(run: Run, name: str, plan: Plan) -> Document:
    """The strategic merge patch that adds an ephemeral container; those take no resources."""
    added = {key: value for key, value in container(run).items() if key != "resources"}
    return {"spec": {"ephemeralContainers": [{**added, "name": name, "env": [_environment(plan)]}]}}


def split(probes: tuple[Probe, ...], limit: int = 100_000) -> tuple[tuple[Probe, ...], ...]:
    """Probes in as many parts as their plans need to stay below `limit` bytes.

    Linux allows 128 KiB for one environment variable (MAX_ARG_STRLEN, execve(2)).
    """
    if len(probes) < 2 or len(_text(Plan(probes))) <= limit:
        return (probes,)
    half = len(probes) // 2
    return (*split(probes[:half], limit), *split(probes[half:], limit))


def _environment(plan: Plan) -> Document:
    return {"name": "NETDOCTOR_PLAN", "value": _text(plan)}


def _text(plan: Plan) -> str:
    # The kubelet expands $(NAME) in values. In JSON a dollar sign only ever stands in a string.
    return encode_plan(plan).replace("$", "\\u0024")


def container(run: Run) -> Document:
    """The container that every pod of a run has, without its arguments."""
    return {
        "name": CONTAINER,
        "image": run.options.image,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": _SECURITY_CONTEXT,
        "resources": _RESOURCES,
    }


def _identity(position: Position) -> Document:
    """What decides on DNS and on admission, as the workload has it."""
    spec: Document = {"dnsPolicy": position.dns_policy}
    if position.host_network:
        spec["hostNetwork"] = True
    if position.dns_config:
        spec["dnsConfig"] = _dns_config(position.dns_config)
    if position.host_aliases:
        spec["hostAliases"] = [dict(alias) for alias in position.host_aliases]
    if position.service_account:
        spec["serviceAccountName"] = position.service_account
    return spec


def _dns_config(config: Mapping[str, Any]) -> Document:
    """With options without a value as such: an empty one would be written as ``edns0:``."""
    options = [{key: value for key, value in option.items() if value} for option in config.get("options", ())]
    return {**config, "options": options}


def pull_secrets(options: ProbeOptions) -> Document:
    """The part of a pod's spec that says with what to pull the image."""
    secrets = [{"name": name} for name in options.image_pull_secrets]
    return {"imagePullSecrets": secrets} if secrets else {}
