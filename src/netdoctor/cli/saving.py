"""Documents into files. What a cluster holds is not for everybody: only their owner may read them."""

from __future__ import annotations

import os
from pathlib import Path

from netdoctor.cli.output import emit
from netdoctor.model.errors import InputError
from netdoctor.report import Format, encode


def require_writable(file: str) -> None:
    """Say that a file cannot be written before anything is done for it. Raises InputError."""
    path = Path(file)
    if path.is_dir():
        raise InputError(f"{file}: this is a directory")
    if not path.parent.is_dir():
        raise InputError(f"{file}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{file}: it cannot be written")


def save(document: object, file: str | None) -> None:
    """Write a document, as JSON where the file's name ends so, else as YAML; to stdout without one.

    Raises:
        InputError: the file cannot be written.
    """
    if file is None:
        emit(encode(document, Format.YAML))
        return
    text = encode(document, Format.JSON if file.endswith(".json") else Format.YAML)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
