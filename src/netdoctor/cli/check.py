"""`netdoctor check`: the flags. What they set going is in `checking`, loaded only when a check runs."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import (
    Context,
    Image,
    Kubeconfig,
    Lab,
    Namespace,
    NodeSelector,
    NoProbe,
    PullSecrets,
    Quiet,
    RequestTimeout,
    Snapshot,
    Timeout,
    Tolerations,
)
from netdoctor.model.chance import MOST_SAMPLES, SAMPLES
from netdoctor.report.check_format import CheckFormat

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET", help="svc/NAME, ing/NAME, pod/NAME, deploy/NAME, NAME.NAMESPACE, HOST:PORT, IP:PORT, URL."
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="SOURCE", help="deploy/NAME, pod/NAME, ns/NAME, node/NAME, outside; a neutral pod by default."
    ),
]


def check(  # noqa: PLR0913, PLR0917 - one parameter per flag
    targets: Targets = None,
    source: From = None,
    namespace: Namespace = None,
    all_services: Annotated[bool, typer.Option("--all", help="Every Service of the namespace.")] = False,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Every Service of every namespace.")
    ] = False,
    no_probe: NoProbe = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the probe pods that would be made.")] = False,
    attach: Annotated[
        bool, typer.Option("--attach", help="Enter the source's and an endpoint's pod by ephemeral containers.")
    ] = False,
    timeout: Timeout = "1s",  # type: ignore[assignment]
    samples: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_SAMPLES,
            metavar="N",
            help=f"Tries, 50 a second, of what may fail by chance: {SAMPLES} by default, 1 for none.",
        ),
    ] = None,
    source_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Send UDP from this port too, as the client does.")
    ] = 0,
    ca_file: Annotated[
        str | None,
        typer.Option("--ca-file", metavar="FILE", help="CA certificates (PEM) for https:// targets."),
    ] = None,
    image: Image = None,
    image_pull_secret: PullSecrets = None,
    node_selector: NodeSelector = None,
    toleration: Tolerations = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the probe pods until their deadline.")] = False,
    save: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save all that was read and seen, for --snapshot FILE to repeat the check."),
    ] = None,
    snapshot: Snapshot = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[CheckFormat, typer.Option("--output", "-o", help="Output format.")] = CheckFormat.TABLE,
    quiet: Quiet = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Say what would change each cause, and what made the difference."),
    ] = False,
) -> int:
    """Test the way to a target and explain what is wrong with it."""
    from netdoctor.cli.check_request import Request  # noqa: PLC0415
    from netdoctor.cli.checking import carry_out  # noqa: PLC0415
    from netdoctor.cli.probe_options import probe_options  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415

    request = Request(
        targets=tuple(targets or ()),
        source=source,
        namespace=namespace,
        all_services=all_services or all_namespaces,
        all_namespaces=all_namespaces,
        save=save,
        snapshot=snapshot,
        access=Access(kubeconfig, context, request_timeout, lab),
        no_probe=no_probe,
        dry_run=dry_run,
        attach=attach,
        timeout=timeout,
        samples=samples,
        source_port=source_port,
        ca_file=ca_file,
        options=probe_options(image, image_pull_secret, node_selector, toleration, keep=keep),
    )
    return carry_out(request, output, quiet=quiet, verbose=verbose)
