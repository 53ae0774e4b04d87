"""The flags about probe pods, which `check` and `verify` share."""

from __future__ import annotations

from netdoctor.model.errors import InputError
from netdoctor.probing.kube.options import DEFAULT_IMAGE, ProbeOptions


def probe_options(
    image: str | None,
    pull_secrets: list[str] | None,
    node_selector: list[str] | None,
    tolerations: list[str] | None,
    *,
    keep: bool,
) -> ProbeOptions:
    """The flags about probe pods. Raises InputError."""
    return ProbeOptions(
        image=image or DEFAULT_IMAGE,
        image_pull_secrets=tuple(pull_secrets or ()),
        node_selector=dict(_label(text) for text in node_selector or ()),
        tolerations=tuple(_toleration(text) for text in tolerations or ()),
        keep=keep,
    )


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise InputError(f"--node-selector {text}: not KEY=VALUE")
    return key, value


def _toleration(text: str) -> dict[str, str]:
    """`KEY[=VALUE][:EFFECT]` as a pod's toleration; without a value any value is tolerated."""
    label, _, effect = text.partition(":")
    key, equals, value = label.partition("=")
    if not key or effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise InputError(f"--toleration {text}: not KEY[=VALUE][:NoSchedule|PreferNoSchedule|NoExecute]")
    operator = {"operator": "Equal", "value": value} if equals else {"operator": "Exists"}
    return {"key": key, **operator, **({"effect": effect} if effect else {})}
