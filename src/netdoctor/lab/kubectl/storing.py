"""What becomes of an object that is created or changed: what the API server takes over, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdoctor.lab.control.admission import WORKLOADS, admitted
from netdoctor.lab.control.names import made_here, with_uid
from netdoctor.lab.kubectl.errors import KubectlError, wrong
from netdoctor.lab.kubectl.resources import resource_of
from netdoctor.lab.objects import Key, Manifest, Objects, key_of

_POD_MAY_CHANGE = {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates"}


def created(document: Mapping[str, Any], objects: Objects) -> tuple[Key, Manifest]:
    """A new object as it is stored.

    Raises:
        KubectlError: its namespace does not exist, or nothing in the lab knows its kind.
        InputError: it does not have its kind's shape.
    """
    manifest = admitted(document)
    if manifest is None:
        raise wrong(
            f'no matches for kind "{document["kind"]}" in version "{document.get("apiVersion", "")}" in the lab'
        )
    key = key_of(manifest)
    if key[0] == "Node":
        raise wrong("the lab's nodes are made when it starts")
    if key[1] and ("Namespace", "", key[1]) not in objects:
        raise KubectlError(f'Error from server (NotFound): namespaces "{key[1]}" not found')
    if manifest["kind"] in WORKLOADS:
        manifest = {**manifest, "metadata": {**manifest["metadata"], "generation": 1}}
    return key, with_uid(manifest, key, objects)


def changed(old: Manifest, document: Mapping[str, Any]) -> Manifest:
    """An object as it is stored after a change; the same value where nothing changes.

    Raises:
        KubectlError: a field may not change.
        InputError: it no longer has its kind's shape.
    """
    manifest = admitted(document)
    if manifest is None or key_of(manifest) != key_of(old):
        raise wrong("the kind, namespace and name of an object cannot be changed")
    _refuse_immutable(old, manifest)
    kept = {
        field: old["metadata"][field]
        for field in ("uid", "creationTimestamp", "generation")
        if field in old["metadata"]
    }
    if old.get("spec") != manifest.get("spec") and "generation" in kept:
        kept["generation"] += 1
    new = {**manifest, "metadata": {**manifest["metadata"], **kept}}
    if "status" in old:
        new["status"] = old["status"]
    if new["kind"] == "Pod" and new["spec"] != old["spec"] and not made_here(old):
        new = with_uid(new, key_of(new), {})  # no longer what was recorded: its status is the lab's from now on
    return old if new == old else new


def _refuse_immutable(old: Manifest, new: Manifest) -> None:
    before, after = old.get("spec", {}), new.get("spec", {})
    kind = old["kind"]
    if kind in WORKLOADS - {"Job"} and before.get("selector") != after.get("selector"):
        raise _invalid(old, "spec.selector: Invalid value: field is immutable")
    if kind == "Job" and before.get("template") != after.get("template"):
        raise _invalid(old, "spec.template: Invalid value: field is immutable")
    given = after.get("clusterIP")
    if kind == "Service" and before.get("clusterIP") and given and given != before["clusterIP"]:
        raise _invalid(old, f'spec.clusterIPs[0]: Invalid value: ["{given}"]: may not change once set')
    if kind == "Pod" and _fixed(before) != _fixed(after):
        allowed = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        allowed += "`spec.tolerations` (only additions to existing tolerations)"
        raise _invalid(old, f"spec: Forbidden: pod updates may not change fields other than {allowed}")


def _fixed(spec: Mapping[str, Any]) -> dict[str, Any]:
    fixed = {field: value for field, value in spec.items() if field not in _POD_MAY_CHANGE}
    for field in ("containers", "initContainers"):
        if field in fixed:
            fixed[field] = [{k: v for k, v in c.items() if k not in {"image", "imagePullPolicy"}} for c in fixed[field]]
    return fixed


def _invalid(manifest: Manifest, because: str) -> KubectlError:
    kind, name = resource_of(manifest).kind, manifest["metadata"]["name"]
    return KubectlError(f'The {kind} "{name}" is invalid: {because}')
