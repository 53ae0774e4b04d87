"""`netdoctor clean`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from netdoctor.cli.options import Context, Kubeconfig, Namespace, RequestTimeout
from netdoctor.cli.output import emit, note
from netdoctor.model.errors import InputError

COULD_NOT = 3  # something could not be looked for or removed
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="In every namespace.")]
Running = Annotated[
    bool, typer.Option("--running", help="Also checks that may still be under way, anybody's, and kept pods.")
]


def clean(  # noqa: PLR0913, PLR0917 - one parameter per flag
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    running: Running = False,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    request_timeout: RequestTimeout = "10s",  # type: ignore[assignment]
) -> int:
    """Remove what checks left behind that are past their deadline. (They remove themselves soon after it.)"""
    if namespace and all_namespaces:
        raise InputError("give either --namespace or --all-namespaces")
    from netdoctor.cluster.live import connect  # noqa: PLC0415 - not for --help
    from netdoctor.probing.kube.clean import clean as remove  # noqa: PLC0415
    from netdoctor.report.untrusted import printable  # noqa: PLC0415

    client = connect(kubeconfig, context, request_timeout)
    where = None if all_namespaces else namespace or client.namespace
    cleaned = remove(client, where, time.time(), running=running)
    emit("".join(f"{printable(str(ref))} deleted\n" for ref in cleaned.removed))
    for reason in cleaned.failed:
        note(f"netdoctor: {reason}")
    if cleaned.failed:
        return COULD_NOT
    if cleaned.spared:
        note(f"objects of checks that may still be under way: {cleaned.spared} (--running removes them too)")
    elif not cleaned.removed:
        note("nothing to remove")
    return 0
