"""`netdoctor matrix`."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import CNI, Context, Kubeconfig, Lab, Namespace, Quiet, RequestTimeout, Snapshot
from netdoctor.policy.by import By
from netdoctor.report.matrix_format import MatrixFormat

From = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="NAME", help="Only from these: KIND/NAME, ns/NAME, external; can be repeated."),
]
To = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="NAME", help="Only to these; can be repeated."),
]
Why = Annotated[
    tuple[str, str] | None,
    typer.Option(metavar="FROM TO", help="Explain one cell, as `netdoctor can FROM TO` does."),
]


def matrix(  # noqa: PLR0913, PLR0917 - one parameter per flag
    by: Annotated[By, typer.Option(help="What one row is.")] = By.WORKLOAD,
    sources: From = None,
    destinations: To = None,
    port: Annotated[str | None, typer.Option(metavar="PORT[/PROTOCOL]", help="Only this port.")] = None,
    why: Why = None,
    namespace: Namespace = None,
    plugin: CNI = None,
    snapshot: Snapshot = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[MatrixFormat, typer.Option("--output", "-o", help="Output format.")] = MatrixFormat.TABLE,
    quiet: Quiet = False,
) -> int:
    """Show who can reach whom through all policies, on every port; with -n what that namespace admits."""
    from netdoctor.cli.matrices import MatrixRequest, explain_cell, print_matrix  # noqa: PLC0415
    from netdoctor.cli.policies import PolicyRequest, read_policies  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415

    files = (snapshot,) if snapshot else ()
    request = PolicyRequest(files, Access(kubeconfig, context, request_timeout, lab), namespace, plugin, quiet)
    to = tuple(destinations or ([f"ns/{namespace}"] if namespace else ()))
    asked = MatrixRequest(by, tuple(sources or ()), to, port, output)
    names = (*(why or ()), *asked.sources, *asked.destinations)
    found = read_policies(request, names)
    if why:
        return explain_cell(found, *why, output, quiet=quiet)
    return print_matrix(found, asked)
