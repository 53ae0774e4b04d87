"""Codes of findings are public: listed once, documented, and the same as in the rules."""

from __future__ import annotations

import re
from pathlib import Path

from netdoctor.diagnosis.cni import rules

PAGE = Path(__file__).parents[3] / "docs" / "cni.md"
SOURCES = Path(rules.__file__).parent


def test_the_page_and_the_rules_have_the_same_codes() -> None:
    documented = re.findall(r"^\| `([A-Z]\w+)` \|", PAGE.read_text(), re.MULTILINE)
    used = {
        code for file in SOURCES.glob("*.py") for code in re.findall(r'(?:code|_CODE) ?= ?"(\w+)"', file.read_text())
    }
    assert documented == [*rules.CODES]
    assert used == {*rules.CODES}
