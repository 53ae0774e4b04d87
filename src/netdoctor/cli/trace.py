"""`netdoctor trace`: the flags. What they set going is in `tracing`, loaded only when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import (
    AnswerTimeout,
    Context,
    Image,
    Kubeconfig,
    Lab,
    Namespace,
    PullSecrets,
    Quiet,
    RequestTimeout,
)
from netdoctor.report.trace_format import TraceFormat

From = Annotated[str, typer.Argument(metavar="FROM", help="deploy/NAME, pod/NAME, ns/NAME, node/NAME, outside.")]
To = Annotated[str, typer.Argument(metavar="TO", help="svc/NAME, pod/NAME, NAME.NAMESPACE, IP:PORT, HOST:PORT.")]


def trace(  # noqa: PLR0913, PLR0917 - one parameter per flag
    source: From,
    target: To,
    namespace: Namespace = None,
    attach: Annotated[bool, typer.Option("--attach", help="Enter the source's pod by an ephemeral container.")] = False,
    timeout: AnswerTimeout = "1s",  # type: ignore[assignment]
    image: Image = None,
    image_pull_secret: PullSecrets = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[TraceFormat, typer.Option("--output", "-o", help="Output format.")] = TraceFormat.TABLE,
    quiet: Quiet = False,
) -> int:
    """Follow the way from a source to a target hop by hop: policies, NAT, nodes, routers, and which of them fails."""
    from netdoctor.cli.probe_options import probe_options  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415
    from netdoctor.cli.tracing import TraceRequest, run_trace  # noqa: PLC0415

    options = probe_options(image, image_pull_secret, None, None, keep=False)
    access = Access(kubeconfig, context, request_timeout, lab)
    return run_trace(TraceRequest(source, target, namespace, access, attach, timeout, options), output, quiet=quiet)
