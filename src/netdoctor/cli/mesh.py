"""`netdoctor mesh`: the flags. What they set going is in `meshing`, loaded only when it runs."""

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
from netdoctor.report.mesh_format import MeshFormat

Samples = Annotated[
    int, typer.Option(min=1, max=1000, metavar="COUNT", help="Datagrams for each pair of nodes, 20 in a second.")
]


def mesh(  # noqa: PLR0913, PLR0917 - one parameter per flag
    namespace: Namespace = None,
    samples: Samples = 20,
    all_pairs: Annotated[
        bool, typer.Option("--all-pairs", help="Test every pair of up to 60 nodes; by default of up to 30.")
    ] = False,
    node_selector: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only nodes with this label.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be made in the cluster.")] = False,
    timeout: AnswerTimeout = "1s",  # type: ignore[assignment]
    image: Image = None,
    image_pull_secret: PullSecrets = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[MeshFormat, typer.Option("--output", "-o", help="Output format.")] = MeshFormat.TABLE,
    quiet: Quiet = False,
) -> int:
    """Probe every node from every other, and from pod to pod: reachability, loss, delay, path MTU, source address."""
    from netdoctor.cli.meshing import MeshRequest, run_mesh  # noqa: PLC0415
    from netdoctor.cli.probe_options import probe_options  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415

    options = probe_options(image, image_pull_secret, node_selector, None, keep=False)
    access = Access(kubeconfig, context, request_timeout, lab)
    request = MeshRequest(access, namespace, samples, timeout, all_pairs, dry_run, options)
    return run_mesh(request, output, quiet=quiet)
