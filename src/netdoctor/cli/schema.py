"""`netdoctor schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from netdoctor.cli.output import emit
from netdoctor.model.errors import InputError
from netdoctor.report import Format, encode

Kind = Annotated[str, typer.Argument(metavar="[KIND]", help="The `kind` of a document that -o json prints.")]


def schema(kind: Kind = "CheckReport") -> None:
    """Print the JSON Schema of a document that `-o json` prints."""
    from netdoctor.report import schema as schemas  # noqa: PLC0415 - only this command needs it

    if kind not in schemas.DOCUMENTS:
        raise InputError(f"{kind}: no such document", hint=f"one of: {', '.join(schemas.DOCUMENTS)}")
    emit(encode(schemas.schema(kind), Format.JSON))
