"""Changes to policies and namespaces: as kubectl makes them, and as the snapshot that they lead to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import msgspec

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.objects import Namespace, NetworkPolicy, Object, ObjectMeta
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef


class Change(Protocol):
    """One change to one object. `patch` is what the command sends."""

    @property
    def object(self) -> ObjectRef:
        """What is changed."""

    @property
    def patch(self) -> dict[str, Any]:
        """The change itself."""

    @property
    def command(self) -> str:
        """A kubectl command, quoted for a POSIX shell."""

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot after it."""


@dataclass(frozen=True, slots=True)
class LabelNamespace:
    """Set one label of a namespace. `patch` is a merge patch."""

    namespace: str
    key: str
    value: str
    overwrite: bool

    @property
    def object(self) -> ObjectRef:
        """The namespace."""
        return ObjectRef("Namespace", self.namespace)

    @property
    def patch(self) -> dict[str, Any]:
        """The labels to merge."""
        return {"metadata": {"labels": {self.key: self.value}}}

    @property
    def command(self) -> str:
        """`kubectl label`."""
        words = ["kubectl", "label", "namespace", self.namespace, f"{self.key}={self.value}"]
        return shlex.join([*words, "--overwrite"] if self.overwrite else words)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """The namespace with the label; it need not be part of the snapshot."""
        labels = {**snapshot.namespace_labels(self.namespace), self.key: self.value}
        others = tuple(n for n in snapshot.namespaces if n.name != self.namespace)
        changed = Namespace(metadata=ObjectMeta(name=self.namespace, labels=labels))
        return replace(snapshot, namespaces=(*others, changed))


@dataclass(frozen=True, slots=True)
class PatchPolicy:
    """Append to a list of a policy, replace a field, or set one (`add`). `patch` is an operation of RFC 6902."""

    target: ObjectRef  # with the path of the list or field
    op: Literal["append", "replace", "add"]
    value: Mapping[str, Any] | list[Any]

    @property
    def object(self) -> ObjectRef:
        """The policy."""
        return self.target.object

    @property
    def patch(self) -> dict[str, Any]:
        """The operation."""
        pointer = "/" + "/".join(map(str, _steps(self.target.path)))
        if self.op == "append":
            return {"op": "add", "path": f"{pointer}/-", "value": self.value}
        return {"op": self.op, "path": pointer, "value": self.value}

    @property
    def command(self) -> str:
        """`kubectl patch`."""
        return patch_command(_resource(self.target.kind), self.target, self.patch)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """The policy with the operation applied."""
        field = KINDS[self.target.kind].field
        changed = (self._patched(p) if p.ref == self.object else p for p in getattr(snapshot, field))
        fields: dict[str, Any] = {field: tuple(changed)}
        return replace(snapshot, **fields)

    def _patched(self, policy: Object) -> Object:
        document = msgspec.json.decode(msgspec.json.encode(policy))
        *parents, last = _steps(self.target.path)
        at = document
        for step in parents:
            at = at[step]
        if self.op == "append":
            at[last].append(self.value)
        else:
            at[last] = self.value
        return msgspec.convert(document, type(policy))


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """A new NetworkPolicy. `patch` is its manifest."""

    manifest: dict[str, Any]

    @property
    def object(self) -> ObjectRef:
        """The policy to be."""
        metadata = self.manifest["metadata"]
        return ObjectRef("NetworkPolicy", metadata["name"], metadata["namespace"])

    @property
    def patch(self) -> dict[str, Any]:
        """The manifest."""
        return self.manifest

    @property
    def command(self) -> str:
        """`kubectl create`, which fails rather than overwrite a policy of the same name."""
        manifest = shlex.quote(msgspec.json.encode(self.manifest).decode())
        return f"printf %s {manifest} | kubectl create -f -"

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """With the policy."""
        policy = msgspec.convert(self.manifest, NetworkPolicy)
        return replace(snapshot, network_policies=(*snapshot.network_policies, policy))


def patch_command(resource: str, policy: ObjectRef, operation: Mapping[str, Any]) -> str:
    """`kubectl patch` with one JSON patch operation; `resource` with its group, where kubectl could mean another."""
    words = ["kubectl", "patch", resource, policy.name]
    words += ["-n", policy.namespace] if policy.namespace else []
    return shlex.join([*words, "--type=json", "-p", msgspec.json.encode([operation]).decode()])


def _resource(kind: str) -> str:
    """As kubectl calls a kind that a patch is made for; short where it is one of Kubernetes' own."""
    return "networkpolicy" if kind == "NetworkPolicy" else f"{KINDS[kind].plural}.{KINDS[kind].group}"


def _steps(path: str) -> list[str | int]:
    """`spec.egress[0].to` → ["spec", "egress", 0, "to"]."""
    return [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
