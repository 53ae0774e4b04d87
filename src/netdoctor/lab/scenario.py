"""A scenario as its directory says it: scenario.yaml, manifests.yaml and, once recorded, snapshot.yaml."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from msgspec import UNSET, UnsetType

from netdoctor.lab.faults.catalogue import parse
from netdoctor.lab.value_lines import line_of
from netdoctor.model.errors import InputError

OUTSIDE = "outside"  # as the node of a step: a host outside the cluster, next to its nodes
Mode = Literal["static", "lab", "live"]
Verdict = Literal["Healthy", "Unhealthy", "Undetermined", "NotTested"]

_NODE = re.compile(r"\$\{node:([^}]*)\}")
_KUBERNETES_OWN = re.compile(r"default|kube-.*")


class ScenarioError(InputError):
    """A scenario that cannot be read; the text names the file and the line."""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must come out; only what is given is compared."""

    verdict: Verdict | UnsetType = UNSET
    exit: int | UnsetType = UNSET
    causes: tuple[str, ...] | UnsetType = UNSET
    objects: tuple[str, ...] | UnsetType = UNSET
    absent: tuple[str, ...] | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET
    allowed: bool | UnsetType | None = UNSET
    findings: tuple[str, ...] | UnsetType = UNSET


class Check(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One command line (without `netdoctor`), and what it must say; the modes' overrides replace whole keys."""

    command: str
    static: Expected | None = None
    lab: Expected | None = None
    live: Expected | None = None

    def __post_init__(self) -> None:
        if not shlex.split(self.command):
            raise ValueError("`command` is empty")

    def expected(self, mode: Mode) -> Expected:
        """What this mode must say."""
        given = {name: getattr(self, name) for name in Expected.__struct_fields__}
        override = getattr(self, mode)
        for name in Expected.__struct_fields__ if override else ():
            if getattr(override, name) is not UNSET:
                given[name] = getattr(override, name)
        return Expected(**given)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of `inject` or `revert`: a shell command on a node or `outside`, a kubectl command, or a named fault.

    In `modes` only, and a fault in the lab only.
    """

    node: str = ""
    run: str = ""
    kubectl: str = ""
    fault: str = ""
    modes: tuple[Mode, ...] = ("lab", "live")

    def __post_init__(self) -> None:
        if [bool(self.kubectl), bool(self.fault), bool(self.node and self.run)].count(True) != 1:
            raise ValueError("a step has either `kubectl`, or `fault`, or `node` and `run`")
        if bool(self.node) != bool(self.run):
            raise ValueError("`node` and `run` belong together")
        if self.fault:
            try:
                parse(self.fault, "fault")
            except InputError as error:
                raise ValueError(error.what) from error

    def within(self, mode: Mode) -> bool:
        """Whether a mode carries it out."""
        return mode in self.modes and (mode == "lab" or not self.fault)


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of scenario.yaml."""

    title: str
    checks: tuple[Check, ...]
    modes: tuple[Mode, ...] = ("static", "lab", "live")
    nodes: int = 1
    cni: Literal["policy", "plain"] = "policy"
    inject: tuple[Step, ...] = ()
    revert: tuple[Step, ...] = ()
    wait: tuple[str, ...] = ()  # arguments of `kubectl wait`, for what settling alone does not wait for
    outside: dict[str, tuple[str, ...]] = {}  # addresses of names outside the cluster, where the web is
    dual_stack: bool = msgspec.field(name="dualStack", default=False)  # in the lab: IPv6 as well

    overlay: Literal["vxlan"] | None = None  # in the lab: how packets travel between the nodes' pods

    def __post_init__(self) -> None:
        if not self.checks:
            raise ValueError("`checks` is empty")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario and where it stands; `objects` are those of its manifests, as (kind, namespace, name).

    `recorded` is where its live run writes the snapshot that the directory lacks.
    """

    directory: Path
    spec: Spec
    objects: tuple[tuple[str, str, str], ...]
    recorded: Path | None = None

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.directory.name

    @property
    def file(self) -> Path:
        """What to ask, and what must come out."""
        return self.directory / "scenario.yaml"

    @property
    def manifests(self) -> Path:
        """What kubectl applies."""
        return self.directory / "manifests.yaml"

    @property
    def snapshot(self) -> Path:
        """The recorded cluster; it may not exist yet."""
        return self.recorded or self.directory / "snapshot.yaml"

    def steps(self, steps: Sequence[Step], mode: Mode) -> tuple[Step, ...]:
        """Those of some steps that a mode carries out."""
        return tuple(step for step in steps if step.within(mode))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The scenario's own namespaces, in order of appearance: not those that every cluster has."""
        named = (name if kind == "Namespace" else namespace for kind, namespace, name in self.objects)
        return tuple(dict.fromkeys(name for name in named if name and not _KUBERNETES_OWN.fullmatch(name)))

    @property
    def alone(self) -> bool:
        """Whether it changes what other scenarios see: anything outside its own namespaces."""
        own = {*self.namespaces}
        apart = all((name if kind == "Namespace" else ns) in own for kind, ns, name in self.objects)
        return bool(self.spec.inject or self.spec.outside) or not apart


def find(directories: Sequence[Path]) -> list[Scenario]:
    """The scenarios below directories, each of which may be one itself. Raises ScenarioError."""
    found = []
    for directory in directories:
        files = sorted(directory.rglob("scenario.yaml"))
        if not files:
            raise ScenarioError(f"{directory}: no scenario.yaml in it or below it")
        found += [load(file.parent) for file in files]
    return found


def load(directory: Path) -> Scenario:
    """Read and check one scenario. Raises ScenarioError."""
    file = directory / "scenario.yaml"
    text = _read(file)
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        spec = msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), Spec)
    except yaml.YAMLError as error:
        raise ScenarioError(_malformed(file, error)) from error
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{file}:{line_of(str(error), root)}: {str(error).replace(' - at', ', at')}") from error
    return Scenario(directory, spec, tuple(_objects(directory / "manifests.yaml")))


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The objects in a YAML file, those inside lists too. Raises yaml.YAMLError."""
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        yield from document.get("items", [document]) if document else ()


def with_nodes(text: str, names: Mapping[str, str]) -> str:
    """Replace every `${node:worker-1}` by the node's real name. Raises ScenarioError for an unknown node."""

    def real(match: re.Match[str]) -> str:
        if match[1] not in names:
            raise ScenarioError(f"{match[0]}: no such node; there are {', '.join(names)}")
        return names[match[1]]

    return _NODE.sub(real, text)


def node_names(nodes: Sequence[dict[str, Any]]) -> dict[str, str]:
    """From control-plane, worker-1, worker-2, … to the real names, for Node objects in any order."""
    masters = sorted(n["metadata"]["name"] for n in nodes if _is_control_plane(n))
    workers = sorted(n["metadata"]["name"] for n in nodes if not _is_control_plane(n))
    numbered = {f"worker-{number}": name for number, name in enumerate(workers, 1)}
    return {**({"control-plane": masters[0]} if masters else {}), **numbered}


def _is_control_plane(node: dict[str, Any]) -> bool:
    return "node-role.kubernetes.io/control-plane" in node["metadata"].get("labels", {})


def _objects(file: Path) -> Iterator[tuple[str, str, str]]:
    try:
        for item in documents(_read(file)):
            metadata = item["metadata"]
            namespace = metadata.get("namespace") or ("" if item["kind"] in _CLUSTER_SCOPED else "default")
            yield item["kind"], namespace, metadata["name"]
    except yaml.YAMLError as error:
        raise ScenarioError(_malformed(file, error)) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise ScenarioError(f"{file}: something in it is no Kubernetes object with kind and name") from error


_CLUSTER_SCOPED = {
    "Namespace",
    "Node",
    "IngressClass",
    "GatewayClass",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "PriorityClass",
}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{file}: {error.strerror}") from error


def _malformed(file: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    return f"{file}{line}: {getattr(error, 'problem', error)}"
