"""What `check` cannot be asked for together: one line and exit code 2, before anything is read."""

from __future__ import annotations

import pytest

from netdoctor.cli.main import main

NOTHING_PROBED = "nothing is probed with --no-probe or --snapshot"


@pytest.mark.parametrize("without", [("--snapshot", "nowhere.yaml"), ("--no-probe",)])
@pytest.mark.parametrize(
    "flag", [("--attach",), ("--samples", "10"), ("--source-port", "5060"), ("--ca-file", "nowhere.pem")]
)
def test_flags_about_probes_where_nothing_is_probed(
    flag: tuple[str, ...], without: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "svc/web", *flag, *without]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"netdoctor: {flag[0]}: {NOTHING_PROBED}\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["svc/web", "--all"], "give one or more targets, or all"),
        ([], "give one or more targets, or all"),
        (["--snapshot", "x.yaml", "--from", "ns/shop"], "give one or more targets, or all"),
        (["svc/web", "--snapshot", "x.yaml", "--context", "kind"], "--snapshot: a file needs no --context"),
        (["svc/web", "--lab", "x", "--dry-run"], "--dry-run: a lab makes no pods"),
        (["svc/web", "--dry-run", "--save", "x.yaml"], "--save: nothing is seen with --dry-run"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == 2
    assert named in capsys.readouterr().err
