"""/etc/resolv.conf as glibc reads it.

Sources: resolv.conf(5); glibc resolv/res_init.c. Rules that surprise: a keyword counts only at the start of its
line; `domain` and `search` replace each other, the last one wins; a fourth nameserver is ignored (MAXNS = 3);
values of ndots, timeout and attempts are capped (RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY). Since glibc 2.26 the
search list has no limit; before, and in other libraries, names after the sixth, or past 256 characters, are cut.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe

PATH = Path("/etc/resolv.conf")
MAX_NAMESERVERS = 3
_LIMITS = {"ndots": 15, "timeout": 30, "attempts": 5}


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """What glibc makes of the file. `timeout` is in seconds; `ignored` are nameservers it never asks."""

    nameservers: tuple[str, ...] = ("127.0.0.1",)
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    rotate: bool = False
    use_vc: bool = False
    options: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def detail(self) -> dict[str, Any]:
        """The JSON form in an observation's detail."""
        document: dict[str, Any] = {
            "nameservers": list(self.nameservers),
            "search": list(self.search),
            "ndots": self.ndots,
            "timeout": self.timeout,
            "attempts": self.attempts,
            "options": list(self.options),
        }
        if self.ignored:
            document["ignored"] = list(self.ignored)
        return document


def run(probe: Probe) -> Task[Observation]:
    """Reports the file: ok with detail as `ResolvConf.detail`, error if it cannot be read."""
    yield from ()
    try:
        conf = read()
    except OSError as error:
        return Observation(probe.id, Outcome.ERROR, 0.0, detail={"because": str(error)})
    return Observation(probe.id, Outcome.OK, 0.0, detail=conf.detail())


def read() -> ResolvConf:
    """This container's file. Raises OSError if it cannot be read; a missing one is what glibc defaults to."""
    try:
        text = PATH.read_text(encoding="utf-8", errors="backslashreplace")
    except FileNotFoundError:
        text = ""
    return parse(text, socket.gethostname())


def parse(text: str, hostname: str = "") -> ResolvConf:
    """The file's meaning. Without `search` or `domain`, the host name's own domain is searched."""
    servers: list[str] = []
    search: list[str] | None = None
    options: list[str] = []
    for line in text.splitlines():
        keyword, _, rest = line.replace("\t", " ").partition(" ")
        words = rest.split()
        if keyword == "nameserver" and words and _is_address(words[0]):
            servers.append(words[0])
        elif keyword == "search" and words:
            search = words
        elif keyword == "domain" and words:
            search = words[:1]
        elif keyword == "options":
            options += words
    if search is None:
        _, _, own = hostname.partition(".")
        search = [own] if own else []
    return ResolvConf(
        nameservers=tuple(servers[:MAX_NAMESERVERS]) or ("127.0.0.1",),
        search=tuple(search),
        ndots=_number(options, "ndots", 1),
        timeout=_number(options, "timeout", 5),
        attempts=_number(options, "attempts", 2),
        rotate="rotate" in options,
        use_vc="use-vc" in options,
        options=tuple(options),
        ignored=tuple(servers[MAX_NAMESERVERS:]),
    )


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _number(options: list[str], name: str, default: int) -> int:
    """The last `name:value` counts; glibc reads what is no number as 0."""
    value = default
    for option in options:
        if option.startswith(f"{name}:"):
            digits = option.removeprefix(f"{name}:")
            value = min(int(digits) if digits.isascii() and digits.isdigit() else 0, _LIMITS[name])
    return value
