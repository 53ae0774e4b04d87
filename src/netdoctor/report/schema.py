"""The JSON Schema of `CheckReport`, for those who read `-o json` by program.

`netdoctor schema` prints it; the repository keeps it as `schema/check-report.v1.json`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netdoctor.model.report import CheckReport


def check_report() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. Keys that it does not name may be added within v1."""
    schema = msgspec.json.schema(CheckReport)
    properties = schema["$defs"]["CheckReport"]["properties"]
    for constant in ("apiVersion", "kind"):
        properties[constant] = {"const": properties[constant]["default"]}
    schema["$defs"]["CheckReport"]["required"] += ["apiVersion", "kind"]
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "netdoctor.dev/v1 CheckReport",
    }
    return head | schema
