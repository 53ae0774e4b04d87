from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from netdoctor.cli.main import main
from netdoctor.cluster import live
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube import clean as removing
from netdoctor.probing.kube.clean import Cleaned


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, bool]]:
    """Namespace and `running` of each clean-up; it finds one Job, and fails where nobody may look."""
    made: list[tuple[str | None, bool]] = []

    def clean(_client: Any, namespace: str | None, _now: float, *, running: bool) -> Cleaned:
        made.append((namespace, running))
        failed = ("may not list pods\x1b[2J",) if namespace is None else ()
        return Cleaned((ObjectRef("Job", "netdoctor-1", "shop"),) if running else (), failed)

    monkeypatch.setattr(live, "connect", lambda *_: SimpleNamespace(namespace="shop"))
    monkeypatch.setattr(removing, "clean", clean)
    return made


@pytest.mark.parametrize(
    ("flags", "call", "code", "said"),
    [
        ([], ("shop", False), 0, ("", "nothing to remove\n")),
        (["-n", "other", "--running"], ("other", True), 0, ("Job shop/netdoctor-1 deleted\n", "")),
        (["-A"], (None, False), 3, ("", "netdoctor: may not list pods\\x1b[2J\n")),
    ],
)
def test_says_what_is_removed_and_what_could_not_be(
    calls: list[tuple[str | None, bool]],
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    call: tuple[str | None, bool],
    code: int,
    said: tuple[str, str],
) -> None:
    assert main(["clean", *flags]) == code
    assert calls == [call]
    assert tuple(capsys.readouterr()) == said


def test_one_namespace_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", "-A", "-n", "x"]) == 2
    assert "--all-namespaces" in capsys.readouterr().err
