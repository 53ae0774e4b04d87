"""`netdoctor version`."""

from __future__ import annotations

from netdoctor import __version__
from netdoctor.cli.options import Output
from netdoctor.cli.output import emit
from netdoctor.report import Format, encode


def version(output: Output = Format.TABLE) -> None:
    """Print netdoctor's own version."""
    if output in (Format.JSON, Format.YAML):
        emit(encode({"clientVersion": __version__}, output))
    else:
        emit(f"Client Version: {__version__}\n")
