from __future__ import annotations

import pytest

from netdoctor.diagnosis.cause import Cause
from netdoctor.diagnosis.causes import ALL
from netdoctor.report import Style
from netdoctor.report.documentation import SECTIONS, Documentation, document, page


@pytest.mark.parametrize("cause", ALL, ids=lambda cause: cause.code)
def test_every_cause_has_every_section(cause: Cause) -> None:
    documentation = document(cause)
    assert documentation.code == type(cause).__name__
    assert documentation.summary.endswith(".")
    assert "\n" not in documentation.summary
    assert tuple(documentation.sections) == SECTIONS  # "What would change it" is the class attribute `would_change`
    assert all(documentation.sections.values())


def test_page() -> None:
    sections = {"Trap": "One paragraph\nof two lines.\n\nItems:\n- one that is too long for a line\n- two"}
    assert page(Documentation("A", "the title", "It is so.", sections), Style(width=30)) == (
        "A: the title\n"
        "\n  It is so.\n"
        "\nTrap\n"
        "  One paragraph of two lines.\n"
        "\n  Items:\n"
        "  - one that is too long for\n    a line\n"
        "  - two\n"
    )
