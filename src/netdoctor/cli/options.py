"""Options that several commands share, under kubectl's names."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from netdoctor.report import Format

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MOST_SECONDS = 24 * 3600.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def duration(text: str) -> float:
    """Seconds in a duration as kubectl takes them: ``10``, ``1.5s``, ``500ms``, ``1m30s``."""
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) == text and parts:
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    elif re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    else:
        raise typer.BadParameter(f"{text!r} is no duration: write 10s, 500ms or 1m30s")
    if seconds <= 0:
        raise typer.BadParameter("must be longer than 0s")
    if seconds > _MOST_SECONDS:
        raise typer.BadParameter("must not be longer than 24h")
    return seconds


Kubeconfig = Annotated[str | None, typer.Option(metavar="FILE", help="Path of the kubeconfig.")]
Context = Annotated[str | None, typer.Option(metavar="NAME", help="The kubeconfig context to use.")]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="Namespace; the context's own by default."),
]
RequestTimeout = Annotated[
    float,
    typer.Option(parser=duration, metavar="DURATION", help="How long to wait for one answer of the API server."),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="Output format.")]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress; of the report only verdict, causes and fixes."),
]
CNI = Annotated[
    str | None,
    typer.Option(
        "--cni", metavar="NAME", help="The network plugin whose reading of policies counts; recognised by default."
    ),
]
Snapshot = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="Read the cluster from a file, a directory or - (as kubectl get -o yaml prints it); probe nothing.",
    ),
]
NoProbe = Annotated[bool, typer.Option("--no-probe", help="Read the cluster and send nothing.")]
Timeout = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="How long one attempt of a probe waits.")
]
AnswerTimeout = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="How long the answer to one packet is waited for.")
]
Image = Annotated[str | None, typer.Option(metavar="IMAGE", help="The probe image.")]
PullSecrets = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Secret to pull the probe image with.")]
NodeSelector = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="Label of the nodes that probe pods may use.")
]
Tolerations = Annotated[
    list[str] | None, typer.Option(metavar="KEY[=VALUE][:EFFECT]", help="Taint that probe pods tolerate.")
]
Lab = Annotated[
    str | None,
    typer.Option(
        "--lab",
        metavar="NAME|PATH",
        envvar="NETDOCTOR_LAB",
        help="In a lab instead of a cluster: one that is up, one of `netdoctor lab list`, or Kubernetes YAML.",
    ),
]
