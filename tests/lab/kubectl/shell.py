"""A lab and the commands that are typed at it, one after the other."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from netdoctor.lab.kubectl import kubectl
from netdoctor.lab.objects import Objects


@dataclass
class Shell:
    """`said` is what the last command printed, on both streams; `files` are what `-f` finds."""

    objects: Objects
    files: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    def __call__(self, line: str, stdin: str = "", *, code: int = 0) -> str:
        """Run a command, of which the exit code must be `code`."""
        ran = kubectl(self.objects, shlex.split(line), stdin, self._read)
        self.objects, self.said = ran.objects, (ran.stdout + ran.stderr).rstrip("\n")
        assert ran.code == code, self.said
        assert bool(ran.stderr) == bool(code) or not ran.code
        return self.said

    def _read(self, name: str) -> str:
        try:
            return self.files[name]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory") from None
