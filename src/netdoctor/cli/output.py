"""Where text goes: documents to stdout, everything else to stderr."""

from __future__ import annotations

import os
import shutil
import sys

from netdoctor.model.errors import NetdoctorError
from netdoctor.report.style import Style
from netdoctor.report.untrusted import printable

MAX_WIDTH = 100  # columns; longer lines of prose are hard to read


def emit(text: str) -> None:
    """Write a document to stdout. A reader that has gone away (`| head`) is no error.

    Raises:
        NetdoctorError: stdout cannot be written (a full disk, for one).
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes stdout once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise NetdoctorError("cannot write to standard output", error.strerror or str(error)) from error


def note(text: str) -> None:
    """One line of progress for the person who waits."""
    print(printable(text), file=sys.stderr, flush=True)


def complain(what: str, why: str = "", hint: str = "") -> None:
    """An error in up to three lines: what, why, and what to try next."""
    for line in (f"netdoctor: {what}", f"  why: {why}" if why else "", f"  try: {hint}" if hint else ""):
        if line:
            note(line)


def terminal(*, quiet: bool = False, verbose: bool = False) -> Style:
    """The style that suits this process's stdout. `NO_COLOR` (no-color.org) and `TERM=dumb` are heeded."""
    tty = sys.stdout.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size((80, 24)).columns  # COLUMNS counts, as everywhere
    try:
        "✓✗".encode(sys.stdout.encoding)
        ascii_only = False
    except UnicodeEncodeError:
        ascii_only = True
    return Style(width=min(width, MAX_WIDTH), color=tty and not plain, ascii=ascii_only, quiet=quiet, verbose=verbose)
