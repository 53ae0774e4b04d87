"""The environment and the arguments of containers, filled in as the kubelet does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netdoctor.lab.control.shapes import Container, EnvVar
from netdoctor.lab.objects import Manifest

_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def arguments_of(container: Container, pod: Manifest) -> list[str]:
    """The arguments of a container, with its variables in their places."""
    environment = environment_of(container, pod)
    return [_expanded(argument, environment) for argument in container.args]


def environment_of(container: Container, pod: Manifest) -> dict[str, str]:
    """The container's variables that have plain values or values from the pod itself, and POD_NAME."""
    environment: dict[str, str] = {}
    for variable in container.env:
        value = _value(variable, pod, environment)
        if value is not None:
            environment[variable.name] = value
    return {"POD_NAME": pod["metadata"]["name"], **environment}


def _value(variable: EnvVar, pod: Manifest, environment: Mapping[str, str]) -> str | None:
    source = variable.value_from
    if source is None:
        return _expanded(variable.value, environment)
    path = source.field_ref.field_path if source.field_ref else ""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    fields = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": ",".join(entry["ip"] for entry in status.get("podIPs", ())),
    }
    return fields.get(path)


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    """`$(NAME)` replaced, where there is such a variable; `$$` is one dollar sign.

    Source: Container.args in the Kubernetes API reference.
    """

    def replaced(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else environment.get(match[1], match[0])

    return _REFERENCE.sub(replaced, text)
