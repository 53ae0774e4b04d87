"""kubectl commands for fixes, quoted for a POSIX shell: names from a cluster are untrusted."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Fix


def kubectl(verb: str, ref: ObjectRef, *options: str) -> str:
    """`kubectl VERB KIND/NAME -n NAMESPACE OPTION…`."""
    where = ("-n", ref.namespace) if ref.namespace else ()
    return command(*verb.split(), f"{ref.kind.lower()}/{ref.name}", *where, *options)


def command(*words: str) -> str:
    """`kubectl WORD…`, for what is not about one object."""
    return shlex.join(["kubectl", *words])


def merge_patch(title: str, ref: ObjectRef, patch: dict[str, Any]) -> Fix:
    """A fix by JSON merge patch (RFC 7386): null removes a key."""
    return Fix(title, _patch(ref, "merge", patch), patch)


def json_patch(title: str, ref: ObjectRef, operation: dict[str, Any]) -> Fix:
    """A fix by one JSON patch operation (RFC 6902)."""
    return Fix(title, _patch(ref, "json", [operation]), operation)


def _patch(ref: ObjectRef, kind: str, patch: Any) -> str:
    return kubectl("patch", ref, f"--type={kind}", "-p", msgspec.json.encode(patch).decode())
