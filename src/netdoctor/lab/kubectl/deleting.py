"""delete: objects, and with a namespace all that is in it."""

from __future__ import annotations

from netdoctor.lab.control.system import SYSTEM_NAMESPACES
from netdoctor.lab.kubectl.applying import in_namespace
from netdoctor.lab.kubectl.call import Call, Outcome, chosen, documents, said
from netdoctor.lab.kubectl.errors import KubectlError, not_found, wrong
from netdoctor.lab.kubectl.resources import resource_of
from netdoctor.lab.objects import Key, key_of


def delete(call: Call) -> Outcome:
    """Delete what is named, selected or in files; what controllers made of it goes when they have run."""
    if call.arguments.one("cascade") == "orphan":
        raise wrong("in the lab, objects always go with what controls them: --cascade=orphan is not known")
    keys = _in_files(call) if "filename" in call.arguments.flags else chosen(call, whole=False)
    objects, lines = call.objects, []
    for key in keys:
        _refuse(key)
        resource = resource_of(objects[key])
        lines.append(f'{resource.singular} "{key[2]}" {"force deleted" if call.arguments.on("force") else "deleted"}')
    gone = {key for key in keys if key[0] == "Namespace"}
    namespaces = {name for _, _, name in gone}
    left = {key: item for key, item in objects.items() if key not in keys and key[1] not in namespaces}
    if not keys and not call.arguments.on("ignore-not-found"):
        return Outcome(objects, stdout="No resources found\n")
    return said(left if keys else objects, lines)


def _in_files(call: Call) -> list[Key]:
    keys = []
    for _, document in documents(call):
        key = key_of(in_namespace(call, document))
        if key in call.objects:
            keys.append(key)
        elif not call.arguments.on("ignore-not-found"):
            raise not_found(resource_of(document).qualified, key[2])
    return keys


def _refuse(key: Key) -> None:
    kind, _, name = key
    if kind == "Namespace" and name in SYSTEM_NAMESPACES:
        because = "this namespace may not be deleted"
        raise KubectlError(f'Error from server (Forbidden): namespaces "{name}" is forbidden: {because}')
    if kind == "Node":
        raise wrong("the lab's nodes stay as long as it does")
