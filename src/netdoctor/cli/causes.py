"""`netdoctor causes`."""

from __future__ import annotations

from netdoctor.cli.options import Output
from netdoctor.cli.output import emit, terminal
from netdoctor.report import Format, encode, listed


def causes(output: Output = Format.TABLE) -> None:
    """List every root cause that netdoctor knows."""
    from netdoctor.diagnosis.causes import ALL  # noqa: PLC0415 - not for --help

    known = sorted(ALL, key=lambda cause: cause.code)
    if output in (Format.JSON, Format.YAML):
        items = [{"code": c.code, "title": c.title, "yieldsTo": list(c.yields_to)} for c in known]
        emit(encode(listed(items), output))
        return
    from netdoctor.report.page import Page  # noqa: PLC0415

    page = Page(terminal())
    rows = [("CODE", "TITLE", "YIELDS TO"), *((c.code, c.title, ", ".join(c.yields_to) or "-") for c in known)]
    page.columns([row if output is Format.WIDE else row[:2] for row in rows])
    emit(str(page))
