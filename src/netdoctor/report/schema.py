"""The JSON Schemas of the documents that `-o json` prints, for those who read them by program.

`netdoctor schema KIND` prints one; the package keeps them in `schema/`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netdoctor.model.cni_report import CNIReport
from netdoctor.model.diff_report import DiffReport
from netdoctor.model.flow_report import FlowReport
from netdoctor.model.lint_report import LintReport
from netdoctor.model.matrix_report import MatrixReport
from netdoctor.model.mesh_report import MeshReport
from netdoctor.model.report import CheckReport
from netdoctor.model.trace_report import TraceReport
from netdoctor.model.verify_report import VerifyReport

DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "CheckReport": CheckReport,
    "FlowVerdict": FlowReport,
    "ConnectivityMatrix": MatrixReport,
    "PolicyDiff": DiffReport,
    "VerifyReport": VerifyReport,
    "PolicyLint": LintReport,
    "MeshReport": MeshReport,
    "TraceReport": TraceReport,
    "CNIReport": CNIReport,
}


def schema(kind: str) -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of one of `DOCUMENTS`. Keys that it does not name may be added within v1."""
    document = DOCUMENTS[kind]
    found = msgspec.json.schema(document)
    properties = found["$defs"][document.__name__]["properties"]
    properties["apiVersion"] = {"const": "netdoctor.dev/v1"}
    properties["kind"] = {"const": kind}
    required = found["$defs"][document.__name__].setdefault("required", [])
    required += [key for key in ("apiVersion", "kind") if key not in required]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"netdoctor.dev/v1 {kind}"}
    return head | found
