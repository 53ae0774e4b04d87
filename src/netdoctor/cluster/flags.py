"""Options on the command lines of containers."""

from __future__ import annotations

from itertools import pairwise

from netdoctor.cluster.objects import PodSpec


def option(spec: PodSpec, name: str) -> str | None:
    """The option's value in any container, as ``--name=value`` or ``-name value``; ``true`` for a bare flag."""
    for container in spec.containers:
        words = [*container.command, *container.args]
        for word, following in pairwise([*words, "-"]):
            flag, equals, value = word.partition("=")
            if flag in {f"-{name}", f"--{name}"}:
                return value if equals else "true" if following.startswith("-") else following
    return None
