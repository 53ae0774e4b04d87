"""rollout status, restart and undo."""

from __future__ import annotations

from typing import Any

from netdoctor.lab.control.deployments import revision_of
from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.control.views import children
from netdoctor.lab.kubectl.call import Call, Outcome, only, said
from netdoctor.lab.kubectl.errors import KubectlError, wrong
from netdoctor.lab.kubectl.resources import resource_of, shown
from netdoctor.lab.kubectl.storing import changed
from netdoctor.lab.objects import Key, Manifest, Objects

_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_HASH = "pod-template-hash"
_KINDS = {"Deployment", "StatefulSet", "DaemonSet"}


def rollout(call: Call) -> Outcome:
    """One of the three, of Deployments, StatefulSets and DaemonSets."""
    words = call.arguments.words
    verb = words[0] if words else ""
    if verb not in {"status", "restart", "undo"}:
        raise wrong("the lab knows `rollout status`, `rollout restart` and `rollout undo`")
    arguments = type(call.arguments)(words[1:], call.arguments.flags)
    about = Call(call.objects, arguments, call.stdin, call.read)
    targets = list(only(about))
    for _, manifest in targets:
        if manifest["kind"] not in _KINDS:
            raise wrong(f"no rollout {verb} has been implemented for {resource_of(manifest).singular}")
    if verb == "status":
        return _status(call, [manifest for _, manifest in targets])
    objects, lines = call.objects, []
    for key, old in targets:
        new = _restarted(old) if verb == "restart" else _undone(call, key, old)
        objects = {**objects, key: new}
        lines.append(f"{shown(old)} {'restarted' if verb == 'restart' else 'rolled back'}")
    return said(objects, lines)


def _status(call: Call, targets: list[Manifest]) -> Outcome:
    """Whether rollouts are complete. Nothing is on its way in a lab, so that one which is not never will be."""
    lines = []
    for manifest in targets:
        missing = _missing(manifest)
        if missing:
            lines.append(f"Waiting for {missing}...")
            stdout = "".join(f"{line}\n" for line in lines)
            return Outcome(call.objects, stdout, "error: timed out waiting for the condition\n", 1)
        lines.append(_complete(manifest))
    return said(call.objects, lines)


def _complete(manifest: Manifest) -> str:
    name, spec, status = manifest["metadata"]["name"], manifest["spec"], manifest.get("status", {})
    match manifest["kind"]:
        case "Deployment":
            return f'deployment "{name}" successfully rolled out'
        case "DaemonSet":
            return f'daemon set "{name}" successfully rolled out'
    revision = status.get("currentRevision", "")
    return f"statefulset rolling update complete {spec.get('replicas', 1)} pods at revision {revision}..."


def _missing(manifest: Manifest) -> str:
    name, spec, status = manifest["metadata"]["name"], manifest["spec"], manifest.get("status", {})
    if manifest["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
        what = f'daemon set "{name}" rollout to finish'
    else:
        wanted = spec.get("replicas", 1)
        updated, available = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
        what = f'{manifest["kind"].lower()} "{name}" rollout to finish'
    if updated < wanted:
        return f"{what}: {updated} out of {wanted} new replicas have been updated"
    if status.get("replicas", 0) > updated and manifest["kind"] == "Deployment":
        return f"{what}: {status['replicas'] - updated} old replicas are pending termination"
    if available < wanted:
        return f"{what}: {available} of {wanted} updated replicas are available"
    return ""


def _restarted(old: Manifest) -> Manifest:
    """With a template that makes new pods. A number stands for the time, so that the lab comes out the same twice."""
    template = old["spec"]["template"]
    annotations = template.get("metadata", {}).get("annotations", {})
    count = (whole_number(annotations.get(_RESTARTED, "")) or 0) + 1
    metadata = {**template.get("metadata", {}), "annotations": {**annotations, _RESTARTED: str(count)}}
    return changed(old, {**old, "spec": {**old["spec"], "template": {**template, "metadata": metadata}}})


def _undone(call: Call, key: Key, old: Manifest) -> Manifest:
    if old["kind"] != "Deployment":
        raise wrong(f"the lab keeps no earlier revisions of {resource_of(old).plural}")
    template = _earlier(call.objects, key, call.arguments.one("to-revision", "0"))
    labels = {name: value for name, value in template["metadata"].get("labels", {}).items() if name != _HASH}
    metadata = {**template["metadata"], "labels": labels}
    return changed(old, {**old, "spec": {**old["spec"], "template": {**template, "metadata": metadata}}})


def _earlier(objects: Objects, key: Key, wanted: str) -> dict[str, Any]:
    """The template of one revision, or of the one before the present."""
    sets = sorted(children(objects, "ReplicaSet").get(key, ()), key=revision_of)
    numbered = {revision_of(each): each for each in sets}
    number = whole_number(wanted)
    if number is None:
        raise wrong(f'invalid argument "{wanted}" for --to-revision')
    if number and number not in numbered:
        raise KubectlError(f"error: unable to find specified revision {wanted} in history")
    if not number and len(sets) < 2:
        raise KubectlError(f'error: no rollout history found for deployment "{key[2]}"')
    template: dict[str, Any] = (numbered[number] if number else sets[-2])["spec"]["template"]
    return template
