"""The one error tree.

    NetdoctorError
    ├── InputError          the command line or a file is wrong              exit 2
    └── AccessError         the cluster cannot be read or probed             exit 3

An error is three lines for a reader: what, why, and what to try.
"""

from __future__ import annotations


class NetdoctorError(Exception):
    """An error with a remedy; `what` is one line."""

    exit_code = 3

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.hint = what, why, hint

    def __str__(self) -> str:
        return "\n".join(line for line in (self.what, self.why, self.hint) if line)


class InputError(NetdoctorError):
    """The command line or an input file is wrong; `what` names the file, line or flag."""

    exit_code = 2


class AccessError(NetdoctorError):
    """The cluster cannot be reached, read or probed at all."""

    exit_code = 3
