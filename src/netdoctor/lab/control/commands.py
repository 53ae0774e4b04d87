"""What becomes of a command that nobody runs: decided where it is trivial, as in manifests that demonstrate a fault."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_SHELLS = {"sh", "ash", "bash", "dash"}
_EXIT = re.compile(r"exit\s+(\d{1,3})")
_COMPOUND = re.compile(r"[;&|<>$`(){}\n]")
_LONG = 3600.0  # seconds after which nobody waits for the end of `sleep`
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def exit_code(words: Sequence[str]) -> int | None:
    """The exit code of `true`, `false`, `exit N` and short `sleep`s, in a shell too; None for all that is not told."""
    if not words:
        return None
    program = words[0].rpartition("/")[2]
    if program in _SHELLS:
        return _of_script(words)
    match program:
        case "true" | ":":
            return 0
        case "false":
            return 1
        case "sleep":
            return None if sleeps_on(words) else 0
    return None


def sleeps_on(words: Sequence[str]) -> bool:
    """Whether a command does nothing but sleep, and for longer than anybody waits."""
    if words and words[0].rpartition("/")[2] in _SHELLS:
        return sleeps_on(_script_words(words))
    if len(words) != 2 or words[0].rpartition("/")[2] != "sleep":
        return False
    seconds = _seconds(words[1])
    return seconds is None or seconds >= _LONG


def _of_script(words: Sequence[str]) -> int | None:
    if len(words) == 3 and words[1] == "-c":
        ended = _EXIT.fullmatch(words[2].strip())
        if ended:
            return int(ended[1]) % 256
    return exit_code(_script_words(words))


def _script_words(words: Sequence[str]) -> list[str]:
    """The only command of `sh -c COMMAND`; nothing where there is more to it."""
    if len(words) != 3 or words[1] != "-c" or _COMPOUND.search(words[2].strip()):
        return []
    try:
        return shlex.split(words[2])
    except ValueError:
        return []


def _seconds(text: str) -> float | None:
    """A duration as `sleep` takes it; None for one without end."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        return float(number) * _UNITS[unit] if number.isdigit() else None
    except ValueError:
        return None
