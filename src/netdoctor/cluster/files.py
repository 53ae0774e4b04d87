"""The door to saved objects: files, directories or stdin → Snapshot. Manifests, and what kubectl prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from netdoctor.cluster.decode import UndecodableError, convert
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.documents import read_documents
from netdoctor.cluster.objects import Object
from netdoctor.cluster.snapshot import Origin, Snapshot
from netdoctor.cluster.templates import pods_to_be
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef

_SUFFIXES = {".yaml", ".yml", ".json"}


def load(paths: Sequence[str]) -> Snapshot:
    """Read objects from files. The files are taken as complete: what they lack does not exist.

    Workloads of which only the manifest is there get the pods that they will make (`pods_to_be`).
    Of an object that appears twice the last counts, as if all files had been applied in this order. Kinds that
    netdoctor does not read (Secrets above all) are skipped.

    Args:
        paths: files, directories (read recursively: ``*.yaml``, ``*.yml``, ``*.json``), or ``-`` for stdin.

    Raises:
        InputError: a path does not exist, cannot be read, or holds something else; names file and line.
    """
    found: dict[ObjectRef, tuple[Object, Origin]] = {}
    for name, content in _contents(paths):
        for document in read_documents(content, name):
            origin = Origin(name, document.line)
            try:
                read = convert(document.value)
            except UndecodableError as error:
                raise InputError(f"{name}:{document.line}: {error}") from error
            if read is not None:
                read = with_defaults(read)
                found[read.ref] = read, origin
    if not found:
        raise InputError(f"{', '.join(paths)}: no object of a kind that netdoctor reads")
    objects = [read for read, _ in found.values()]
    return Snapshot.of(
        (*objects, *(pod for pod in pods_to_be(objects) if pod.ref not in found)),
        source=", ".join(paths),
        taken_at=datetime.now(UTC),
        from_files=True,
        origins={ref: origin for ref, (_, origin) in found.items()},
    )


def _contents(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file."""
    for path in paths:
        if path == "-":
            yield "stdin", sys.stdin.buffer.read()
            continue
        for file in _files(Path(path)):
            try:
                yield str(file), file.read_bytes()
            except OSError as error:
                raise InputError(f"{file}: {error.strerror or error}") from error


def _files(path: Path) -> list[Path]:
    """The file itself, or all of a directory in a fixed order."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        raise InputError(f"{path}: this directory has no *.yaml, *.yml or *.json file")
    return files
