"""`netdoctor explain`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from netdoctor.cli.output import emit, terminal
from netdoctor.model.errors import InputError

Code = Annotated[str, typer.Argument(metavar="CODE", help="A code as reports name it: ServiceSelectorMismatch.")]


def explain(code: Code) -> None:
    """Explain a root cause: what it means, how it is seen, what it is mistaken for, how it is repaired."""
    from netdoctor.diagnosis.causes import ALL  # noqa: PLC0415 - not for --help
    from netdoctor.report.documentation import document, page  # noqa: PLC0415

    known = {cause.code.lower(): cause for cause in ALL}
    cause = known.get(code.lower())
    if cause is None:
        from netdoctor.diagnosis.cni.rules import CODES  # noqa: PLC0415

        if code.lower() in {one.lower() for one in CODES}:
            raise InputError(f"{code} is no cause", hint="it is a finding of `netdoctor cni`: see docs/cni.md")
        nearest = get_close_matches(code.lower(), known, n=1)
        meant = f"did you mean {known[nearest[0]].code}? " if nearest else ""
        raise InputError(f"no cause has the code {code}", hint=f"{meant}`netdoctor causes` lists them all")
    emit(page(document(cause), terminal()))
