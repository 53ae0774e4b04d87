"""The part of CoreDNS' Corefile that decides what it answers.

Sources: https://coredns.io/manual/configuration/, https://coredns.io/plugins/kubernetes/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Directive:
    """One plugin in a server block: its arguments, and the arguments of its properties by their names."""

    block: tuple[str, ...]
    plugin: str
    arguments: tuple[str, ...]
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def directives(corefile: str) -> tuple[Directive, ...]:
    """The plugins of all server blocks in their order; what is malformed is read as far as it can be."""
    return tuple(_directives(corefile))


def first(found: tuple[Directive, ...], plugin: str) -> Directive | None:
    """The first directive of that plugin."""
    return next((directive for directive in found if directive.plugin == plugin), None)


def zone_name(text: str) -> str:
    """A zone without scheme and port, in lower case; the root zone is empty."""
    return text.rpartition("://")[2].partition(":")[0].rstrip(".,").lower()


def _directives(corefile: str) -> Iterator[Directive]:
    block: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    properties: dict[str, tuple[str, ...]] = {}
    depth = 0
    for words, opens, closes in _lines(corefile):
        if depth == 0 and words:
            block = words
        elif depth == 1 and words:
            name, properties = words, {}
            if not opens:
                yield Directive(block, name[0], name[1:])
        elif depth == 2 and words:
            properties[words[0]] = words[1:]
        elif depth == 2 and closes and name:
            yield Directive(block, name[0], name[1:], properties)
        depth = max(0, depth + opens - closes)


def _lines(corefile: str) -> Iterator[tuple[tuple[str, ...], bool, bool]]:
    """Each line's words, whether it opens a block, and whether it closes one."""
    for line in corefile.splitlines():
        words = line.partition("#")[0].split()
        if words:
            opens, closes = words[-1] == "{", words[0] == "}"
            yield tuple(words[closes : len(words) - opens]), opens, closes
