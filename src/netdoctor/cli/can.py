"""`netdoctor can`."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import CNI, Context, Kubeconfig, Lab, Namespace, Output, Quiet, RequestTimeout, Snapshot
from netdoctor.model.errors import InputError
from netdoctor.report import Format

Source = Annotated[
    str, typer.Argument(metavar="FROM", help="pod/NAME, deploy/NAME, ns/NAME, node/NAME, an address, external.")
]
Destination = Annotated[
    str, typer.Argument(metavar="TO[:PORT][/PROTOCOL]", help="As FROM, or svc/NAME; every port that it has by default.")
]

HTTP = Annotated[
    str | None,
    typer.Option("--http", metavar="'METHOD PATH'", help="Whether this request passes: 403 is told from a drop."),
]
Header = Annotated[
    list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="Of the --http request; can be repeated.")
]
DNS = Annotated[str | None, typer.Option("--dns", metavar="NAME", help="Whether a question for this name passes.")]


def can(  # noqa: PLR0913, PLR0917 - one parameter per flag
    source: Source,
    destination: Destination,
    namespace: Namespace = None,
    http: HTTP = None,
    header: Header = None,
    dns: DNS = None,
    plugin: CNI = None,
    snapshot: Snapshot = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Output = Format.TABLE,
    quiet: Quiet = False,
) -> int:
    """Ask whether policies let one end reach another, and by which rule. Nothing is sent."""
    from netdoctor.cli.answering import answer  # noqa: PLC0415
    from netdoctor.cli.policies import PolicyRequest, read_policies  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415
    from netdoctor.policy.requests import dns_request, http_request  # noqa: PLC0415

    if http and dns:
        raise InputError("give only one of --http and --dns")
    if header and not http:
        raise InputError("--header is about the request of --http")
    asked_for = http_request(http, header or ()) if http else dns_request(dns) if dns else None
    files = (snapshot,) if snapshot else ()
    request = PolicyRequest(files, Access(kubeconfig, context, request_timeout, lab), namespace, plugin, quiet)
    asked = read_policies(request, [source, destination])
    return answer(asked, source, destination, output, quiet=quiet, request=asked_for)
