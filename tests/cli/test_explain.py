from __future__ import annotations

import pytest

from netdoctor.cli.main import main


def test_explains_in_any_case_of_letters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "policyNamespaceLabelMissing"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("PolicyNamespaceLabelMissing: ")
    assert "kubernetes.io/metadata.name" in said
    assert "\nTrap\n" in said


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("PolicyNamespacLabelMising", "did you mean PolicyNamespaceLabelMissing?"),
        ("\x1b[2J", "`netdoctor causes` lists them all"),
        ("mtuTooLarge", "it is a finding of `netdoctor cni`"),
    ],
)
def test_an_unknown_code_is_a_wrong_command_line(code: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert hint in said.err
    assert "\x1b" not in said.err
