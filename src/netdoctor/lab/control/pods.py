"""Pods from templates, and whether a pod is still what its template says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdoctor.lab.control.defaults import with_defaults
from netdoctor.lab.control.names import digest, made_here, with_uid
from netdoctor.lab.control.views import owner_reference
from netdoctor.lab.objects import Manifest, Objects, key_of

REVISION = "controller-revision-hash"
_ADDED = {"affinity", "nodeName", "tolerations", "hostname", "subdomain"}  # to a pod, after it was made


def make_pod(  # noqa: PLR0913 - what a pod is made of
    owner: Manifest,
    name: str,
    past: Objects,
    *,
    labels: Mapping[str, str] | None = None,
    spec: Mapping[str, Any] | None = None,
    template: Mapping[str, Any] | None = None,
) -> Manifest:
    """A pod of a workload, without node and status.

    Args:
        owner: the workload that controls it.
        name: of the pod.
        past: objects that there were: a pod of the same name in it has another uid.
        labels: those that its controller adds.
        spec: fields that its controller adds.
        template: instead of the owner's.
    """
    template = owner["spec"]["template"] if template is None else template
    given = template.get("metadata", {})
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": {**given.get("labels", {}), **(labels or {})},
        "ownerReferences": [owner_reference(owner)],
    }
    if given.get("annotations"):
        metadata["annotations"] = given["annotations"]
    pod: Manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    pod["spec"] = {**template["spec"], **(spec or {})}
    return with_uid(with_defaults(pod), key_of(pod), past)


def revision(template: Mapping[str, Any]) -> str:
    """A hash of a template, for names and labels; controllers' own labels do not count."""
    return digest(10, plain_template(template))


def plain_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether two templates make the same pods."""
    metadata = template.get("metadata", {})
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key != "pod-template-hash"}
    return {"labels": labels, "annotations": metadata.get("annotations", {}), "spec": template["spec"]}


def up_to_date(pod: Manifest, template: Mapping[str, Any], label: str) -> bool:
    """Whether a pod is of the present template, `label` being its revision.

    The hashes of a real cluster are others, so that pods which were recorded there are compared field by field.
    """
    if made_here(pod):
        return bool(pod["metadata"].get("labels", {}).get(REVISION) == label)
    return made_from(template, pod)


def made_from(template: Mapping[str, Any], pod: Manifest) -> bool:
    """Whether a pod has all that a template says, but for what is added to pods."""
    given, own = template.get("metadata", {}), pod["metadata"]
    marks = [
        (own.get(field, {}).get(key), value)
        for field in ("labels", "annotations")
        for key, value in given.get(field, {}).items()
        if key != "pod-template-hash"
    ]
    fields = [(pod["spec"].get(key), value) for key, value in template["spec"].items() if key not in _ADDED]
    return all(there == wanted for there, wanted in (*marks, *fields))
