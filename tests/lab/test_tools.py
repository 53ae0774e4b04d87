"""The lab's own commands."""

from __future__ import annotations

import pytest

from netdoctor.lab.tools import tool


@pytest.mark.parametrize("name", ["dig", "get", "net"])
def test_a_command_of_the_lab_gets_its_arguments(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = tool([name, "--nonsense", "x", "y", "z"])
    assert run is not None
    assert run() == 2
    assert capsys.readouterr().err.startswith(f"{name}: ")


@pytest.mark.parametrize("words", [[], ["ip", "route"], ["/usr/bin/get"], ["dns"]])
def test_any_other_command_is_none_of_the_labs(words: list[str]) -> None:
    assert tool(words) is None
