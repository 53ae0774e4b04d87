"""wait: whether a condition holds. The lab has always settled: what does not hold now never will by itself."""

from __future__ import annotations

from typing import Any

from netdoctor.lab.control.views import condition
from netdoctor.lab.kubectl.call import Call, Outcome, chosen, named, said
from netdoctor.lab.kubectl.errors import KubectlError, wrong
from netdoctor.lab.kubectl.jsonpath import values
from netdoctor.lab.kubectl.resources import resource_of, shown
from netdoctor.lab.objects import Key, Manifest, Objects


def wait(call: Call) -> Outcome:
    """Says of each object that the condition is met, and fails with the first of which it is not."""
    wanted = call.arguments.one("for")
    if not wanted:
        raise wrong("must specify --for")
    if wanted == "delete":
        return _gone(call)
    keys = _found(call)
    if not keys:
        raise wrong("no matching resources found")
    lines: list[str] = []
    for key in keys:
        if not _holds(call.objects[key], wanted):
            stdout = "".join(f"{line}\n" for line in lines)
            return Outcome(call.objects, stdout, _timed_out(call.objects, key), 1)
        lines.append(f"{shown(call.objects[key])} condition met")
    return said(call.objects, lines)


def _found(call: Call) -> list[Key]:
    return chosen(call, whole=False)


def _gone(call: Call) -> Outcome:
    """Objects that are to be deleted, and should not be there any more."""
    quiet = {**call.arguments.flags, "ignore-not-found": ("true",)}
    keys = _found(Call(call.objects, type(call.arguments)(call.arguments.words, quiet), call.stdin, call.read))
    if keys:
        return Outcome(call.objects, stderr=_timed_out(call.objects, keys[0]), code=1)
    lines = [f"{resource.singular}/{name} condition met" for resource, name in named(call.arguments.words) if name]
    return said(call.objects, lines)


def _timed_out(objects: Objects, key: Key) -> str:
    return f"error: timed out waiting for the condition on {resource_of(objects[key]).qualified}/{key[2]}\n"


def _holds(manifest: Manifest, wanted: str) -> bool:
    how, _, what = wanted.partition("=")
    match how:
        case "create":
            return True
        case "condition":
            name, _, value = what.partition("=")
            return condition(manifest, _cased(manifest, name)).lower() == (value or "true").lower()
        case "jsonpath":
            path, _, value = what.rpartition("}=")
            found = [str(found) for found in values(manifest, f"{path}}}" if path else what)]
            return found == [value.strip("'\"")] if path else bool(found)
    raise KubectlError(f'error: unrecognized condition: "{wanted}"')


def _cased(manifest: Manifest, name: str) -> str:
    """The condition's type, whose case does not matter."""
    conditions: list[dict[str, Any]] = manifest.get("status", {}).get("conditions", [])
    return next((str(c["type"]) for c in conditions if str(c["type"]).lower() == name.lower()), name)
