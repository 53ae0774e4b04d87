"""What a lab is made of: a scenario's directory, manifests, or a snapshot of a real cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netdoctor.cluster.documents import read_documents
from netdoctor.cluster.files import contents
from netdoctor.cluster.recording import is_recording
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import is_recorded, recorded, start
from netdoctor.lab.objects import Manifest, Objects
from netdoctor.lab.scenario import Scenario, Step, load, with_nodes
from netdoctor.model.errors import InputError

LABS = Path(__file__).parent / "labs"  # those that come with netdoctor
_SCENARIO = "scenario.yaml"
_PAGE = "lab.md"
_MOST = {"Pod": 1000, "Node": 100}  # 3 GB of memory


@dataclass(frozen=True, slots=True)
class Definition:
    """A lab that can be started.

    Attributes:
        name: what it is called; the last part of its path.
        title: one line about it; empty where nobody has written any.
        objects: as they are when it begins, before anything is injected.
        replayed: whether they were recorded in a real cluster.
        outside: addresses of names outside the cluster.
        overlay: whether packets between pods of different nodes travel in VXLAN.
        inject: what breaks it.
        scenario: with the checks to be made, if it is one.
        page: what teaches it, if anything does.
    """

    name: str
    title: str
    objects: Objects
    replayed: bool = False
    outside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    overlay: bool = False
    inject: tuple[Step, ...] = ()
    scenario: Scenario | None = None
    page: Path | None = None


def bundled() -> dict[str, Path]:
    """The directories of the labs that come with netdoctor, by name."""
    return {file.parent.name: file.parent for file in sorted(LABS.glob(f"*/{_SCENARIO}"))}


def define(what: str, shape: Shape | None = None) -> Definition:
    """A lab by the NAME of one that comes with netdoctor, or by a PATH.

    Args:
        what: the name or the path, of a file or a directory.
        shape: what is asked for instead of what a scenario says, or the default.

    Raises:
        InputError: there is no such lab, or the files cannot be used.
    """
    path = bundled().get(what) or Path(what)
    if not path.exists():
        raise InputError(
            f"{what}: neither a lab that comes with netdoctor nor a path", hint="netdoctor lab list shows the labs"
        )
    return _of_scenario(path, shape) if (path / _SCENARIO).exists() else _of_objects(path, shape)


def node_names(count: int) -> dict[str, str]:
    """The names of a scenario's nodes, which are those of a lab."""
    names = ["control-plane", *(f"worker-{number}" for number in range(1, count))]
    return {name: name for name in names}


def _of_scenario(directory: Path, shape: Shape | None) -> Definition:
    scenario = load(directory)
    spec = scenario.spec
    # Two nodes besides the control plane, as in the cluster of the live mode: contrasts need another node.
    chosen = shape or Shape(max(3, spec.nodes), policy=spec.cni == "policy", dual_stack=spec.dual_stack)
    text = with_nodes(scenario.manifests.read_text(encoding="utf-8"), node_names(chosen.nodes))
    page = directory / _PAGE
    return Definition(
        name=directory.resolve().name,
        title=spec.title,
        objects=start(_parsed(text.encode(), str(scenario.manifests)), chosen),
        outside=spec.outside,
        overlay=spec.overlay is not None,
        inject=scenario.steps(spec.inject, "lab"),
        scenario=scenario,
        page=page if page.exists() else None,
    )


def _of_objects(path: Path, shape: Shape | None) -> Definition:
    parsed = (one for name, content in contents([str(path)]) for one in _parsed(content, name))
    documents = [one for one in parsed if not is_recording(one["kind"], one["apiVersion"])]
    if not documents:
        raise InputError(f"{path}: no Kubernetes object in it")
    name = path.resolve().stem or "lab"
    if is_recorded(documents):
        if shape is not None:
            raise InputError(f"{path}: a snapshot has nodes and a network plugin of its own")
        return _bounded(Definition(name, f"replay of {path}", recorded(documents), replayed=True), path)
    return _bounded(Definition(name, f"the manifests in {path}", start(documents, shape or Shape())), path)


def _bounded(definition: Definition, path: Path) -> Definition:
    """A lab that one machine can hold. Raises InputError."""
    for kind, most in _MOST.items():
        count = sum(one == kind for one, _, _ in definition.objects)
        if count > most:
            raise InputError(
                f"{path}: {count} {kind}s are more than a lab can hold, which is {most}",
                hint="take the namespaces that matter: kubectl get … -n NAMESPACE -o yaml, and kube-system",
            )
    return definition


def _parsed(content: bytes, name: str) -> Iterator[Manifest]:
    for document in read_documents(content, name):
        manifest = dict(document.value)
        if not isinstance(manifest.get("metadata"), Mapping) or "name" not in manifest["metadata"]:
            raise InputError(f"{name}:{document.line}: {document.kind} has no metadata.name")
        yield manifest
