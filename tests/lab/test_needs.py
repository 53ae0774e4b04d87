from __future__ import annotations

import sys

import pytest

from netdoctor.cli.main import main
from netdoctor.lab import needs
from netdoctor.lab.needs import require_lab
from netdoctor.model.errors import AccessError


def test_missing_libraries_are_named_with_the_way_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(needs, "_LIBRARIES", ("json", "no_such_library"))
    assert main(["lab", "list"]) == 3
    said = capsys.readouterr().err
    assert "not installed: no_such_library\n" in said
    assert "pip install 'kube-netdoctor[lab]'" in said
    assert main(["check", "svc/web", "--lab", "pod-to-pod"]) == 3


def test_other_systems_are_told_that_labs_are_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(AccessError, match="this is no Linux"):
        require_lab()
