"""`netdoctor diff`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from netdoctor.cli.options import CNI, Context, Kubeconfig, Quiet, RequestTimeout, Snapshot


class DiffFormat(StrEnum):
    """The output formats of `diff -o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"


class FailOn(StrEnum):
    """What makes the exit code 1."""

    OPENED = "opened"
    CLOSED = "closed"
    ANY = "any"


States = Annotated[
    list[str] | None,
    typer.Argument(metavar="[A] [B]", help="Two states, as files or directories. Without A, the live cluster."),
]
Patch = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="Manifests to be applied to A, instead of B; can be repeated."),
]


def diff(  # noqa: PLR0913, PLR0917 - one parameter per flag
    states: States = None,
    patch: Patch = None,
    fail_on: Annotated[FailOn | None, typer.Option(help="Exit with 1 if flows open, close, or either.")] = None,
    plugin: CNI = None,
    snapshot: Snapshot = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[DiffFormat, typer.Option("--output", "-o", help="Output format.")] = DiffFormat.TABLE,
    quiet: Quiet = False,
) -> int:
    """Show which flows open and close between two states of a cluster's policies, and by which rule."""
    from netdoctor.cli.diffing import print_diff, two_states  # noqa: PLC0415
    from netdoctor.cli.policies import PolicyRequest  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415

    given = [*([snapshot] if snapshot else []), *(states or ())]
    request = PolicyRequest((), Access(kubeconfig, context, request_timeout), None, plugin, quiet)
    return print_diff(two_states(request, given, patch or []), output, fail_on, quiet=quiet)
