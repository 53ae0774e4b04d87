"""Writes what is generated and kept in the repository: docs/causes, docs/labs and the JSON Schemas.

`python -m docs.build` writes it, `python -m docs.build --check` says what is out of date (exit code 1).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docs.labs import labs
from netdoctor.diagnosis.causes import ALL
from netdoctor.report import Format, encode
from netdoctor.report.documentation import Documentation, document
from netdoctor.report.schema import DOCUMENTS, schema

REPOSITORY = Path(__file__).parents[1]
CAUSES = REPOSITORY / "docs" / "causes"
LABS = REPOSITORY / "docs" / "labs"
SCHEMAS = REPOSITORY / "src" / "netdoctor" / "report" / "schema"


def generated() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    causes = sorted((document(cause) for cause in ALL), key=lambda cause: cause.code)
    pages = {CAUSES / f"{cause.code}.md": _page(cause) for cause in causes}
    schemas = {_schema_file(kind): encode(schema(kind), Format.JSON) for kind in DOCUMENTS}
    lessons = {LABS / name: text for name, text in labs().items()}
    return {**pages, CAUSES / "README.md": _index(causes), **lessons, **schemas}


def _schema_file(kind: str) -> Path:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", kind).lower()
    return SCHEMAS / f"{words}.v1.json"


def stale() -> list[Path]:
    """Generated files that are missing, out of date, or of a cause or a lab that no longer exists."""
    expected = generated()
    wrong = [path for path, text in expected.items() if not path.exists() or path.read_text("utf-8") != text]
    return wrong + [path for folder in (CAUSES, LABS) for path in folder.glob("*.md") if path not in expected]


def _page(cause: Documentation) -> str:
    sections = "".join(f"\n## {heading}\n\n{text}\n" for heading, text in cause.sections.items())
    return f"# {cause.code}\n\n**{cause.title}**\n\n{cause.summary}\n{sections}"


def _index(causes: list[Documentation]) -> str:
    rows = "".join(f"| [{cause.code}]({cause.code}.md) | {cause.title} |\n" for cause in causes)
    note = "Generated from the causes' docstrings by `make docs`; `netdoctor explain CODE` prints the same."
    return f"# Root causes\n\n{note}\n\n| code | title |\n|---|---|\n{rows}"


def main() -> None:
    """Check, or write."""
    wrong = stale()
    if "--check" in sys.argv[1:]:
        for path in wrong:
            print(f"{path.relative_to(REPOSITORY)} is out of date: run `make docs`", file=sys.stderr)
        sys.exit(bool(wrong))
    expected = generated()
    for path in wrong:
        if path in expected:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(expected[path], "utf-8")
        else:
            path.unlink()
        print(path.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
