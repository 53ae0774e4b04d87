"""The door to saved objects: files, directories or stdin → Snapshot. Manifests, and what kubectl prints."""

from __future__ import annotations

import gc
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from netdoctor.cluster.decode import NOT_JSON, POLICY_KINDS, UndecodableError
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.documents import Document, read_documents, refused
from netdoctor.cluster.field_lines import field_lines
from netdoctor.cluster.objects import Object
from netdoctor.cluster.recording import Recording, is_recording, read_recording
from netdoctor.cluster.snapshot import Origin, Snapshot
from netdoctor.cluster.templates import pods_to_be
from netdoctor.cluster.unknown_fields import UnknownField, unknown_fields
from netdoctor.cluster.unsupported import is_policy, unsupported_policy
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef

_SUFFIXES = {".yaml", ".yml", ".json"}
_MAX_SIZE = 512 << 20  # bytes of a file; more than the pods of the largest clusters take
_PIECE = 1 << 24  # bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """A Snapshot, and the checks (as `Recording.checks`) that were recorded with it."""

    snapshot: Snapshot
    checks: tuple[Mapping[str, Any], ...] = ()


def load(paths: Sequence[str]) -> Snapshot:
    """The Snapshot of `load_recorded`."""
    return load_recorded(paths).snapshot


def load_recorded(paths: Sequence[str]) -> Loaded:
    """Read objects from files. The files are taken as complete: what they lack does not exist.

    What netdoctor has recorded is the cluster as it was then, and lacks what it says that it lacks.

    Workloads of which only the manifest is there get the pods that they will make (`pods_to_be`).
    Of an object that appears twice the last counts, as if all files had been applied in this order. Kinds that
    netdoctor does not read are skipped, and so is all of a Secret but the certificates in it.

    Args:
        paths: files, directories (read recursively: ``*.yaml``, ``*.yml``, ``*.json``), or ``-`` for stdin.

    Raises:
        InputError: a path does not exist, cannot be read, or holds something else; names file and line.
    """
    found: dict[ObjectRef, _Found] = {}
    with _without_collection():
        for name, content in contents(paths):
            enough = False
            with suppress(MemoryError):
                found.update(_in_file(name, content))
                enough = True
            if not enough:  # said only here, where what was read of the file is freed
                raise refused(name, None, "there is not enough memory to read it")
    recordings = [each.recording for each in found.values() if each.recording]
    found = {ref: each for ref, each in found.items() if not each.recording}
    if not found:
        raise InputError(f"{', '.join(paths)}: no object of a kind that netdoctor reads")
    if len(recordings) == 1:
        return _recorded(recordings[0], [each.read for each in found.values() if each.read])
    objects = [each.read for each in found.values() if each.read]
    snapshot = Snapshot.of(
        (*objects, *(pod for pod in pods_to_be(objects) if pod.ref not in found)),
        source=", ".join(paths),
        taken_at=datetime.now(UTC),
        from_files=True,
        origins={ref: each.origin for ref, each in found.items()},
        unknown_fields={ref: each.unknown for ref, each in found.items() if each.unknown},
        unsupported_policies=tuple(ref for ref, each in found.items() if not each.read),
    )
    return Loaded(snapshot)


def _recorded(recording: Recording, objects: Sequence[Object]) -> Loaded:
    snapshot = Snapshot.of(
        objects,
        source=recording.source,
        taken_at=recording.taken_at,
        unread=recording.unread,
        unread_settings=recording.unread_settings,
        unsupported_policies=recording.unsupported_policies,
        missing=recording.missing,
    )
    return Loaded(snapshot, recording.checks)


class _Found(msgspec.Struct, frozen=True, gc=False):
    """An object with the fields that it should not have; or (without `read`) a policy that cannot be read.

    Or what netdoctor has recorded beside the objects.
    """

    ref: ObjectRef
    origin: Origin
    read: Object | None
    unknown: tuple[UnknownField, ...] = ()
    recording: Recording | None = None


@contextmanager
def _without_collection() -> Iterator[None]:
    """What is read has no cycles; to look for them among millions of new values would take a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _in_file(name: str, content: bytes) -> Mapping[ObjectRef, _Found]:
    """What matters of a file."""
    found: dict[ObjectRef, _Found] = {}
    for document in read_documents(content, name):
        try:
            each = _in_document(document, name)
        except UndecodableError as error:
            raise refused(name, document.line, str(error)) from error
        except msgspec.ValidationError as error:
            raise refused(name, document.line, f"{document.kind} of another form: {error}") from error
        except NOT_JSON as error:
            raise refused(name, document.line, f"{document.kind} is malformed: {error}") from error
        if each is not None:
            found[each.ref] = each
    misspelt = [each for each in found.values() if each.unknown]
    return found | _with_lines(misspelt, content) if misspelt else found


def _in_document(document: Document, name: str) -> _Found | None:
    origin = Origin(name, document.line)
    if is_recording(document.kind, document.api_version):
        return _Found(ObjectRef(document.kind, name), origin, None, recording=read_recording(document.value))
    read = document.decode()
    if read is not None:
        read = with_defaults(read)
        policy = read.kind_name() in POLICY_KINDS
        return _Found(read.ref, origin, read, unknown_fields(document.value, type(read)) if policy else ())
    if is_policy(document.kind):
        ref = unsupported_policy(document.kind, document.api_version, document.value.get("metadata"))
        return _Found(ref, origin, None) if ref else None
    return None


def _with_lines(misspelt: list[_Found], content: bytes) -> dict[ObjectRef, _Found]:
    """The same, where the unknown fields have their lines; that of the object where it cannot be found."""
    wanted = {each.origin.line: frozenset(field.path for field in each.unknown) for each in misspelt}
    lines = field_lines(content, wanted)
    found: dict[ObjectRef, _Found] = {}
    for each in misspelt:
        begin = each.origin.line
        unknown = (replace(field, line=lines.get((begin, field.path), begin)) for field in each.unknown)
        found[each.ref] = msgspec.structs.replace(each, unknown=tuple(unknown))
    return found


def contents(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file; `paths` as for `load`. Raises InputError."""
    for path in paths:
        if path == "-":
            yield "stdin", _from_stdin()
            continue
        for file in _files(Path(path)):
            with _refusing(file):
                content = _content(file)
            yield str(file), content


def _files(path: Path) -> list[Path]:
    """The file itself, or all of a directory in a fixed order. Links to directories are not followed, as in kubectl."""
    with _refusing(path):
        if not path.is_dir():
            return [path]
        found = (Path(place, name) for place, _, names in os.walk(path, onerror=_fail) for name in names)
        files = sorted(file for file in found if file.suffix in _SUFFIXES)
    if not files:
        raise InputError(f"{path}: this directory has no *.yaml, *.yml or *.json file")
    return files


def _fail(error: OSError) -> None:
    raise error


@contextmanager
def _refusing(file: Path) -> Iterator[None]:
    """An OSError is an InputError about the file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{error.filename or file}: {error.strerror or error}") from error


def _content(file: Path) -> bytes:
    """All of a file. A device may have no end, and a named pipe no writer; a shell's ``<(command)`` has one."""
    mode = file.stat().st_mode
    piped = stat.S_ISFIFO(mode) and str(file).startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/"))
    if not (stat.S_ISREG(mode) or piped):
        raise InputError(f"{file}: this is neither a file nor a directory")
    with file.open("rb") as stream:
        return _limited(stream, str(file))


def _from_stdin() -> bytes:
    if sys.stdin is None:  # closed: <&-
        raise InputError("stdin: it is closed")
    with _refusing(Path("stdin")):
        return _limited(sys.stdin.buffer, "stdin")


def _limited(stream: BinaryIO, name: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > _MAX_SIZE:
            raise InputError(f"{name}: larger than {_MAX_SIZE >> 20} MiB", hint="save what matters in several files")
    return b"".join(pieces)
