"""`netdoctor snapshot`."""

from __future__ import annotations

from secrets import token_bytes
from typing import Annotated

import typer

from netdoctor.cli.options import Context, Kubeconfig, Lab, Namespace, Quiet, RequestTimeout
from netdoctor.model.errors import InputError


def snapshot(  # noqa: PLR0913, PLR0917 - one parameter per flag
    namespace: Namespace = None,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Every namespace, which is the default.")
    ] = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; *.json as JSON.")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace names, label values and addresses outside by pseudonyms.")
    ] = False,
    source: Annotated[
        str | None, typer.Option("--snapshot", metavar="PATH", help="Save again what was saved, not a live cluster.")
    ] = None,
    lab: Lab = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
    quiet: Quiet = False,
) -> None:
    """Save what a check reads, for --snapshot and --lab. Never Secrets, nor values of environment variables."""
    if namespace and all_namespaces:
        raise InputError("give -n or -A, not both")
    if source and (context or kubeconfig):
        raise InputError("--snapshot: a file needs no --context and no --kubeconfig")
    from netdoctor.cli.reading import Access, progress_at_terminal, read_cluster  # noqa: PLC0415
    from netdoctor.cli.saving import require_writable, save  # noqa: PLC0415
    from netdoctor.cluster.excerpt import excerpt  # noqa: PLC0415
    from netdoctor.cluster.recording import document  # noqa: PLC0415

    if output:
        require_writable(output)
    access = Access(kubeconfig, context, request_timeout, lab)
    files = [source] if source else []
    found = read_cluster(files, access, namespace, [], progress_at_terminal(quiet=quiet)).snapshot
    found = excerpt(found, namespace) if namespace else found
    recorded = document(found)
    if redact:
        from netdoctor.cluster.redaction import Redaction  # noqa: PLC0415

        recorded = Redaction(recorded, found, token_bytes()).document(recorded)
    save(recorded, output)
