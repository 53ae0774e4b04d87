from __future__ import annotations

import io
import sys

import pytest

from netdoctor.cli.output import terminal


class Stream(io.StringIO):
    """Stands for stdout."""

    def __init__(self, tty: bool, encoding: str) -> None:
        super().__init__()
        self._tty, self._encoding = tty, encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    ("tty", "encoding", "environment", "color", "ascii_only"),
    [
        (True, "utf-8", {}, True, False),
        (True, "utf-8", {"NO_COLOR": "1"}, False, False),
        (True, "utf-8", {"NO_COLOR": ""}, True, False),
        (True, "utf-8", {"TERM": "dumb"}, False, False),
        (False, "utf-8", {}, False, False),
        (False, "ascii", {}, False, True),
        (True, "latin-1", {}, True, True),
    ],
)
def test_the_style_suits_stdout(
    monkeypatch: pytest.MonkeyPatch,
    tty: bool,
    encoding: str,
    environment: dict[str, str],
    color: bool,
    ascii_only: bool,
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Stream(tty, encoding))
    style = terminal()
    assert (style.color, style.ascii) == (color, ascii_only)


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("300", 100)])
def test_the_width_is_the_terminals_up_to_what_can_be_read(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal().width == width
