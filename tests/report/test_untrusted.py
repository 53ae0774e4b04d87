from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.report.untrusted import in_markdown, printable

CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("backend-api", "backend-api"),
        ("grün ✓ 東京", "grün ✓ 東京"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("safe\u202egnp\u2066", r"safe\u202egnp\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_unprintable_characters_stand_as_escapes(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_unprintable_remains(text: str) -> None:
    assert not CONTROL & {unicodedata.category(c) for c in printable(text)}
    assert printable(text, ascii_only=True).isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-1.shop", "web-1.shop"),
        ("- a", "\\- a"),
        ("1. a", "1\\. a"),
        ("12) a", "12\\) a"),
        ("10.0.0.1", "10.0.0.1"),
        ("===", "\\==="),
        ("  indented", "indented"),
        ("# a", "\\# a"),
        ("a|b", "a\\|b"),
        ("<b>", "&lt;b&gt;"),
        ("@all", "@\u200ball"),
        ("see #12", "see \\#\u200b12"),
        ("https://x", "https:\u200b//x"),
        ("www.x", "www\u200b.x"),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    assert in_markdown(text) == expected
