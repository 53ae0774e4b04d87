"""`netdoctor schema`."""

from __future__ import annotations

from netdoctor.cli.output import emit
from netdoctor.report import Format, encode


def schema() -> None:
    """Print the JSON Schema of the report that `check -o json` prints."""
    from netdoctor.report.schema import check_report  # noqa: PLC0415 - only this command needs it

    emit(encode(check_report(), Format.JSON))
