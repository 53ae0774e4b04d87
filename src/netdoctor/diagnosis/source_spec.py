"""Fields of the pod spec that a check's source stands for, and how to change them."""

from __future__ import annotations

from typing import Any

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Fix
from netdoctor.path.source import SourceKind


def source_field(case: Case, path: str) -> ObjectRef:
    """A field of the source's pod spec: in its workload's template, where it is one. `path` begins below `spec`."""
    source = case.path.source
    prefix = "spec.template.spec" if source.kind is SourceKind.WORKLOAD else "spec"
    return source.ref.at(f"{prefix}.{path}")


def change_source(case: Case, title: str, spec: dict[str, Any]) -> Fix:
    """A change of the source's pod spec; that of a running pod cannot be changed, so it has to be made anew."""
    source = case.path.source
    if source.kind is SourceKind.WORKLOAD:
        return merge_patch(title, source.ref, {"spec": {"template": {"spec": spec}}})
    return Fix(
        f"{title}: in the manifest of the pod, which has to be made anew", kubectl("get", source.ref, "-o", "yaml")
    )
