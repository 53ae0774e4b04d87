"""What a cause's class docstring says, in its sections: for `netdoctor explain` and docs/causes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.diagnosis.cause import Cause
from netdoctor.report.page import Page
from netdoctor.report.style import Style

SECTIONS = ("What it means", "Why it breaks", "How it is seen", "Trap", "What would change it", "Fix", "References")
_HEADING = re.compile(rf"^({'|'.join(SECTIONS)}):\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documentation:
    """A cause in words. `sections` are those of SECTIONS that the docstring has, in its order."""

    code: str
    title: str
    summary: str
    sections: dict[str, str]


def document(cause: Cause) -> Documentation:
    """Read a cause's class docstring: a summary, then paragraphs that begin with a section's name and a colon."""
    summary, *rest = _HEADING.split(inspect.getdoc(type(cause)) or "")
    sections = {heading: inspect.cleandoc("\n" + text) for heading, text in zip(rest[::2], rest[1::2], strict=True)}
    if cause.would_change:
        sections["What would change it"] = _sentence(f"{cause.would_change}.")
    ordered = {heading: sections[heading] for heading in SECTIONS if heading in sections}
    return Documentation(cause.code, cause.title, summary.strip(), ordered)


def _sentence(text: str) -> str:
    """What followed a colon, now standing alone."""
    return text[:1].upper() + text[1:]


def page(documentation: Documentation, style: Style) -> str:
    """The documentation as text for a terminal."""
    lines = Page(style)
    lines.prose(lines.text(f"{documentation.code}:", "bold"), documentation.title)
    for heading, text in [("", documentation.summary), *documentation.sections.items()]:
        lines.blank()
        if heading:
            lines.prose(lines.text(heading, "bold"))
        for number, block in enumerate(_blocks(text)):
            item = block.startswith("- ")
            if number and not item:
                lines.blank()
            lines.prose(block, indent=2, hang=2 if item else 0)
    return str(lines)


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs and list items, each on one line."""
    for block in re.split(r"\n\s*\n|\n(?=[-*] )", text):
        yield " ".join(re.sub(r"^\* ", "- ", block).split())
