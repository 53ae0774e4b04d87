"""`netdoctor verify`: the flags. What they set going is in `verifying`, loaded only when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.options import (
    CNI,
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
from netdoctor.model.errors import InputError
from netdoctor.report.verify_format import VerifyFormat

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE", help="YAML or JSON with expected flows; a directory, or - for stdin."),
]


def verify(  # noqa: PLR0913, PLR0917 - one parameter per flag
    files: Files = None,
    from_policies: Annotated[
        bool, typer.Option("--from-policies", help="Expect what the policies themselves say, instead of files.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, metavar="COUNT", help="At most so many flows --from-policies.")] = 200,
    only_print: Annotated[
        bool,
        typer.Option("--print", help="Write the flows --from-policies as a file (YAML, or -o json); test nothing."),
    ] = False,
    namespace: Namespace = None,
    no_probe: NoProbe = False,
    timeout: Timeout = "1s",  # type: ignore[assignment]
    image: Image = None,
    image_pull_secret: PullSecrets = None,
    node_selector: NodeSelector = None,
    toleration: Tolerations = None,
    plugin: CNI = None,
    snapshot: Snapshot = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    output: Annotated[VerifyFormat, typer.Option("--output", "-o", help="Output format.")] = VerifyFormat.TABLE,
    quiet: Quiet = False,
) -> int:
    """Verify that flows pass or do not as files expect it: by the policies, and by real packets."""
    if bool(files) == from_policies:
        raise InputError("give one or more files of expected flows, or --from-policies")
    if only_print and not from_policies:
        raise InputError("--print: only what --from-policies finds can be printed")
    if snapshot == "-" and "-" in (files or ()):
        raise InputError("-: standard input is read only once: for the flows, or for --snapshot")
    from netdoctor.cli.policies import PolicyRequest  # noqa: PLC0415
    from netdoctor.cli.probe_options import probe_options  # noqa: PLC0415
    from netdoctor.cli.reading import Access  # noqa: PLC0415
    from netdoctor.cli.verifying import VerifyRequest, print_generated, verify_expected  # noqa: PLC0415

    access = Access(kubeconfig, context, request_timeout, lab)
    policies = PolicyRequest((snapshot,) if snapshot else (), access, namespace, plugin, quiet)
    options = probe_options(image, image_pull_secret, node_selector, toleration, keep=False)
    probe = not (no_probe or snapshot)
    request = VerifyRequest(policies, tuple(files or ()), limit, probe, timeout, options, output)
    return print_generated(request) if only_print else verify_expected(request)
