"""The command line: words and flags, read as kubectl reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from netdoctor.lab.kubectl.errors import wrong

_SHORT = {
    "A": "all-namespaces",
    "R": "recursive",
    "f": "filename",
    "l": "selector",
    "n": "namespace",
    "o": "output",
    "p": "patch",
}
_SWITCHES = {
    "all",
    "all-namespaces",
    "allow-missing-template-keys",
    "force",
    "ignore-not-found",
    "no-headers",
    "now",
    "overwrite",
    "recursive",
    "server-side",
    "show-labels",
    "wait",
    "watch",
}
_OPTIONAL = {"cascade": "background", "dry-run": "unchanged"}  # and what they mean without a value
_FALSE = {"false", "f", "0", "FALSE", "False", "F"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a command line says, without the verb.

    Attributes:
        words: resources, names, and what else is no flag.
        flags: values by the flags' long names, in their order; ``"true"`` or ``"false"`` of switches.
    """

    words: tuple[str, ...]
    flags: Mapping[str, tuple[str, ...]]

    def one(self, flag: str, default: str = "") -> str:
        """The value that was given last."""
        return self.flags.get(flag, (default,))[-1]

    def on(self, flag: str) -> bool:
        """Whether a switch is on."""
        return flag in self.flags and self.flags[flag][-1] not in _FALSE

    @property
    def namespace(self) -> str:
        """The namespace that commands are about."""
        return self.one("namespace", "default")


def parse(words: Sequence[str], known: frozenset[str]) -> Arguments:
    """Take a command line apart.

    Args:
        words: all behind the verb.
        known: long names of the flags that the verb has; all have `--namespace`.

    Raises:
        KubectlError: a flag is not known, or lacks its value.
    """
    rest = iter(words)
    plain: list[str] = []
    flags: dict[str, tuple[str, ...]] = {}
    for word in rest:
        if word == "--":
            plain += rest
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            flags[name] = (*flags.get(name, ()), _value(name, known, value if equals else None, rest, f"--{name}"))
        elif word.startswith("-") and len(word) > 1 and not word[1].isdigit():
            name = _SHORT.get(word[1], "")
            if not name:
                raise wrong(f"unknown shorthand flag: '{word[1]}' in {word}")
            value = word[2:].removeprefix("=")
            flags[name] = (*flags.get(name, ()), _value(name, known, value or None, rest, word[:2]))
        else:
            plain.append(word)
    return Arguments(tuple(plain), flags)


def _value(name: str, known: frozenset[str], value: str | None, rest: Iterator[str], shown: str) -> str:
    if name != "namespace" and name not in known:
        raise wrong(f"unknown flag: {shown}")
    if value is not None:
        return value
    if name in _SWITCHES:
        return "true"
    if name in _OPTIONAL:
        return _OPTIONAL[name]
    following = next(rest, None)
    if following is None:
        raise wrong(f"flag needs an argument: {shown}")
    return following
