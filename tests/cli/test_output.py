from __future__ import annotations

import io
import sys

import pytest

from netdoctor.cli.output import terminal
from netdoctor.report import Style


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
    ("stdout", "environment", "expected"),
    [
        (Stream(True, "utf-8"), {}, Style(color=True)),
        (Stream(True, "utf-8"), {"NO_COLOR": "1"}, Style()),
        (Stream(True, "utf-8"), {"NO_COLOR": ""}, Style(color=True)),
        (Stream(True, "utf-8"), {"TERM": "dumb"}, Style()),
        (Stream(False, "utf-8"), {}, Style()),
        (Stream(False, "ascii"), {}, Style(ascii=True)),
        (Stream(True, "latin-1"), {}, Style(color=True, ascii=True)),
    ],
)
def test_the_style_suits_stdout(
    monkeypatch: pytest.MonkeyPatch, stdout: Stream, environment: dict[str, str], expected: Style
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", stdout)
    assert terminal() == expected


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("300", 100)])
def test_the_width_is_the_terminals_up_to_what_can_be_read(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal().width == width
