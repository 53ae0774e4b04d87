"""A synthetic cluster as files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from e2e.bench.clusters import Shape, cluster
from netdoctor.cluster.files import load
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.matrix import matrix
from netdoctor.policy.profile import profile_for


@dataclass(frozen=True)
class Size:
    """A cluster in both formats."""

    shape: Shape
    classes: int
    files: dict[str, Path]
    denied: tuple[str, str]


def written(shape: Shape, folder: Path) -> Size:
    """Write a cluster of some shape into a folder."""
    made = cluster(shape)
    files = {form: folder / f"{shape.pods}{shape.plugin}.{form}" for form in ("yaml", "json")}
    listed = {"apiVersion": "v1", "kind": "List", "items": made.manifests}
    files["json"].write_text(json.dumps(listed))
    with files["yaml"].open("w") as stream:
        yaml.dump_all(made.manifests, stream, Dumper=yaml.CSafeDumper, sort_keys=False)
    policies = compile_policies(load([str(files["json"])]))
    return Size(shape, len(matrix(policies, profile_for("calico")).classes), files, made.denied)
