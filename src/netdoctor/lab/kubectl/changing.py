"""patch, scale, label, annotate, set and expose: one change to objects that are there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.kubectl.call import Call, Outcome, only, said, text_of
from netdoctor.lab.kubectl.errors import KubectlError, wrong
from netdoctor.lab.kubectl.json_patch import json_patch
from netdoctor.lab.kubectl.merging import merge, strategic
from netdoctor.lab.kubectl.resources import resource_of, shown
from netdoctor.lab.kubectl.storing import changed, created
from netdoctor.lab.objects import Manifest

_SCALED = {"Deployment", "ReplicaSet", "StatefulSet"}
_CUSTOM = {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}
_PAIR = re.compile(r"([A-Za-z0-9_./-]+?|\*)(=(.*)|-)", re.DOTALL)


def patch(call: Call) -> Outcome:
    """Change fields of objects, by a patch of any of the three types."""
    arguments = call.arguments
    file = arguments.one("patch-file")
    text = arguments.one("patch") or (text_of(call, file) if file else "")
    if not text:
        raise wrong("must specify --patch or --patch-file containing the contents of the patch")
    change = _parsed(text)
    kind_of_patch = arguments.one("type", "strategic")
    objects, lines = call.objects, []
    for key, old in only(call):
        patched = _patched(old, change, kind_of_patch)
        if arguments.one("subresource") == "status":
            new = {**old, "status": patched.get("status", {})}
        else:
            new = changed(old, patched)
        objects = objects if new == old else {**objects, key: new}
        lines.append(f"{shown(old)} patched{' (no change)' if new == old else ''}")
    return said(objects, lines)


def scale(call: Call) -> Outcome:
    """Set the number of replicas."""
    replicas = whole_number(call.arguments.one("replicas"))
    if replicas is None:
        raise wrong("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    objects, lines = call.objects, []
    for key, old in only(call):
        if key[0] not in _SCALED:
            raise wrong(f"{resource_of(old).plural} cannot be scaled: there are no replicas in their spec")
        objects = {**objects, key: changed(old, {**old, "spec": {**old["spec"], "replicas": replicas}})}
        lines.append(f"{shown(old)} scaled")
    return said(objects, lines)


def label(call: Call) -> Outcome:
    """Set and remove labels: KEY=VALUE, KEY-."""
    return _marked(call, "labels", ("labeled", "unlabeled", "not labeled"))


def annotate(call: Call) -> Outcome:
    """Set and remove annotations: KEY=VALUE, KEY-."""
    return _marked(call, "annotations", ("annotated", "annotated", "annotated"))


def expose(call: Call) -> Outcome:
    """Make a Service for what a workload, a pod or a Service selects."""
    arguments = call.arguments
    ((_, old),) = tuple(only(call))[:1]
    selector = _selector(old)
    ports = [number for text in arguments.one("port").split(",") if (number := whole_number(text))] or _declared(old)
    if not selector or not ports:
        lacks = "ports" if selector else "a selector"
        raise wrong(f"couldn't find {lacks} via --{'port' if selector else 'selector'} flag or introspection")
    name, protocol = arguments.one("name") or old["metadata"]["name"], arguments.one("protocol", "TCP")
    target = arguments.one("target-port")
    listed: list[dict[str, Any]] = [{"port": port, "protocol": protocol} for port in ports]
    for place, port in enumerate(listed, 1):
        port["targetPort"] = whole_number(target) or target or port["port"]
        if len(listed) > 1:
            port["name"] = f"port-{place}"
    spec: dict[str, Any] = {"selector": selector, "ports": listed, "type": arguments.one("type", "ClusterIP")}
    if "cluster-ip" in arguments.flags:
        spec["clusterIP"] = arguments.one("cluster-ip")
    namespace = old["metadata"]["namespace"]
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    key = ("Service", namespace, name)
    if key in call.objects:
        raise KubectlError(f'Error from server (AlreadyExists): services "{name}" already exists')
    key, service = created(document, call.objects)
    return said({**call.objects, key: service}, [f"service/{name} exposed"])


def set_(call: Call) -> Outcome:
    """set image and set env: what containers of a template, or of a pod, run with."""
    words = call.arguments.words
    if not words or words[0] not in {"image", "env"}:
        raise wrong("the lab knows `set image` and `set env`")
    resources, pairs = _split(words[1:])
    objects, lines = call.objects, []
    changes = [_pair(pair) for pair in pairs]
    for key, old in only(_about(call, resources)):
        containers = _containers(old)
        if words[0] == "image":
            new = _with_containers(old, [_imaged(container, changes) for container in containers])
            known = {container["name"] for container in containers}
            for name, _ in changes:
                if name != "*" and name not in known:
                    raise wrong(f'unable to find container named "{name}"')
        else:
            new = _with_containers(old, [_with_env(container, changes) for container in containers])
        stored = changed(old, new)
        objects = objects if stored is old else {**objects, key: stored}
        lines.append(f"{shown(old)} {words[0]} updated")
    return said(objects, lines)


# Patches -----------------------------------------------------------------------------------------------------


def _parsed(text: str) -> Any:
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        because = getattr(error, "problem", None) or "malformed"
        raise wrong(f"unable to parse the patch: {because}") from error


def _patched(old: Manifest, change: Any, how: str) -> Mapping[str, Any]:
    if how == "json":
        result = json_patch(old, change)
    elif how not in {"merge", "strategic"}:
        raise wrong(f'--type must be one of [json merge strategic], not "{how}"')
    elif not isinstance(change, Mapping):
        raise wrong("a patch of this type is an object")
    elif how == "merge" or old["kind"] in _CUSTOM:
        result = merge(old, change)
    else:
        result = strategic(old["kind"], old, change)
    return dict(result)


# Labels and annotations --------------------------------------------------------------------------------------


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Resources and names, then what is to be changed."""
    first = next((n for n, word in enumerate(words) if n and (("=" in word) or word.endswith("-"))), len(words))
    if first < len(words) and words[0] and first == 0:
        raise wrong("one or more resources must be specified")
    return tuple(words[:first]), list(words[first:])


def _about(call: Call, resources: tuple[str, ...]) -> Call:
    arguments = type(call.arguments)(resources, call.arguments.flags)
    return Call(call.objects, arguments, call.stdin, call.read)


def _pair(text: str) -> tuple[str, str | None]:
    """A key and its value; None where it is to be removed."""
    found = _PAIR.fullmatch(text)
    if found is None:
        raise wrong(f"invalid change {text!r}: it must be KEY=VALUE or KEY-")
    return found[1], found[3]


def _marked(call: Call, field: str, words: tuple[str, str, str]) -> Outcome:
    resources, pairs = _split(call.arguments.words)
    changes = [_pair(pair) for pair in pairs]
    if not changes:
        raise wrong(f"at least one {field.removesuffix('s')} update is required")
    objects, lines = call.objects, []
    for key, old in only(_about(call, resources)):
        before = old["metadata"].get(field, {})
        after = _after(before, changes, overwrite=call.arguments.on("overwrite"))
        word = words[2] if after == before else words[0] if any(v is not None for _, v in changes) else words[1]
        if after != before:
            objects = {**objects, key: changed(old, {**old, "metadata": {**old["metadata"], field: after}})}
        lines.append(f"{shown(old)} {word}")
    return said(objects, lines)


def _after(before: Mapping[str, str], changes: Sequence[tuple[str, str | None]], *, overwrite: bool) -> dict[str, str]:
    after = dict(before)
    for key, value in changes:
        if value is None:
            after.pop(key, None)
        elif not overwrite and before.get(key, value) != value:
            raise wrong(f"'{key}' already has a value ({before[key]}), and --overwrite is false")
        else:
            after[key] = value
    return after


# Templates ---------------------------------------------------------------------------------------------------


def _spec(manifest: Manifest) -> Mapping[str, Any]:
    """The spec of a pod, or of the pods of a workload."""
    spec: Mapping[str, Any] = manifest.get("spec", {})
    return spec if manifest["kind"] == "Pod" else spec.get("template", {}).get("spec", {})


def _containers(manifest: Manifest) -> list[dict[str, Any]]:
    containers: list[dict[str, Any]] = _spec(manifest).get("containers", [])
    if not containers:
        raise wrong(f"{shown(manifest)} has no containers")
    return containers


def _with_containers(manifest: Manifest, containers: list[dict[str, Any]]) -> Manifest:
    spec = {**_spec(manifest), "containers": containers}
    if manifest["kind"] == "Pod":
        return {**manifest, "spec": spec}
    template = {**manifest["spec"]["template"], "spec": spec}
    return {**manifest, "spec": {**manifest["spec"], "template": template}}


def _imaged(container: Mapping[str, Any], changes: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    images = [image for name, image in changes if image and name in {container["name"], "*"}]
    return {**container, "image": images[-1]} if images else dict(container)


def _with_env(container: Mapping[str, Any], changes: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    touched = {name for name, _ in changes}
    kept = [variable for variable in container.get("env", ()) if variable["name"] not in touched]
    new = [{"name": name, "value": value} for name, value in changes if value is not None]
    return {**container, "env": [*kept, *new]}


def _selector(manifest: Manifest) -> dict[str, str]:
    metadata, spec = manifest["metadata"], manifest.get("spec", {})
    if manifest["kind"] == "Pod":
        return dict(metadata.get("labels", {}))
    selector = spec.get("selector", {})
    return dict(selector if manifest["kind"] == "Service" else selector.get("matchLabels", {}))


def _declared(manifest: Manifest) -> list[int]:
    if manifest["kind"] == "Service":
        return [port["port"] for port in manifest["spec"].get("ports", ())]
    return [port["containerPort"] for c in _spec(manifest).get("containers", ()) for port in c.get("ports", ())]
