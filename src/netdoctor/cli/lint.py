"""`netdoctor lint`."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import CNI, Context, Kubeconfig, Output, Quiet, RequestTimeout, Snapshot
from netdoctor.policy.linting.query import Query
from netdoctor.report import Format

Only = Annotated[list[Query] | None, typer.Option(help="Only this query; can be repeated.")]
Against = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Another set of policies for the same pods: containment and equivalence."),
]
InNamespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="Only the NetworkPolicies of this one; all count."),
]


def lint(  # noqa: PLR0913, PLR0917 - one parameter per flag
    only: Only = None,
    against: Against = None,
    namespace: InNamespace = None,
    plugin: CNI = None,
    snapshot: Snapshot = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Output = Format.TABLE,
    quiet: Quiet = False,
) -> int:
    """Find policies, rules, peers and ports that do nothing, or compare two sets of policies. Nothing is sent."""
    from netdoctor.cli.linting import LintRequest, print_lint  # noqa: PLC0415
    from netdoctor.cli.policies import PolicyRequest  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415

    files = (snapshot,) if snapshot else ()
    request = PolicyRequest(files, Access(kubeconfig, context, request_timeout), namespace, plugin, quiet)
    return print_lint(request, LintRequest(tuple(only or ()), against, output))
