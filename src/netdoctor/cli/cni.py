"""`netdoctor cni`."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import Context, Kubeconfig, Lab, Quiet, RequestTimeout
from netdoctor.model.errors import InputError
from netdoctor.report.cni_format import CNIFormat

Files = Annotated[
    list[str] | None,
    typer.Option("--snapshot", "-f", metavar="PATH", help="Read a file, a directory or - instead; can be repeated."),
]
NodeMTU = Annotated[
    int | None,
    typer.Option(min=576, max=65535, metavar="BYTES", help="What nodes' interfaces send at most; 1500 is assumed."),
]


def cni(  # noqa: PLR0913, PLR0917 - one parameter per flag
    files: Files = None,
    node_mtu: NodeMTU = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[CNIFormat, typer.Option("--output", "-o", help="Output format.")] = CNIFormat.TEXT,
    quiet: Quiet = False,
) -> int:
    """What the network plugin is, how it is set, what it applies, its MTUs and ports, and what is wrong with that."""
    if files and (context or kubeconfig):
        raise InputError("--snapshot: a file needs no --context and no --kubeconfig")
    from netdoctor.cli.output import emit, terminal  # noqa: PLC0415
    from netdoctor.cli.reading import Access, progress_at_terminal, read_cluster  # noqa: PLC0415
    from netdoctor.diagnosis.cni.describe import describe_cni  # noqa: PLC0415
    from netdoctor.report.cni import render_cni  # noqa: PLC0415

    access = Access(kubeconfig, context, request_timeout, lab)
    snapshot = read_cluster(files or (), access, None, (), progress_at_terminal(quiet=quiet)).snapshot
    report = describe_cni(snapshot, node_mtu)
    emit(render_cni(report, output, terminal(quiet=quiet)))
    return report.exit_code
