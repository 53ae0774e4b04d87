"""What `matrix -o json` prints, as types: it is written row by row, and read by programs as a whole."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a policy."""

    object: str
    text: str


class Sources(msgspec.Struct, frozen=True):
    """Who may send to some ports."""

    ports: str
    from_: tuple[str, ...] = msgspec.field(name="from")


class Destination(msgspec.Struct, frozen=True):
    """One row: `partly` depends on the pods, `unknown` cannot be known; who is in none of them is denied."""

    to: str
    allowed: tuple[Sources, ...]
    partly: tuple[Sources, ...]
    unknown: tuple[Sources, ...]


class MatrixReport(
    msgspec.Struct, frozen=True, rename="camel", kw_only=True, tag_field="kind", tag="ConnectivityMatrix"
):
    """The whole matrix. `enforced` is null where the network plugin is not known to enforce policies, or not to."""

    api_version: str = "netdoctor.dev/v1"
    by: str
    cni: str
    enforced: bool | None
    policies: int
    problems: tuple[Problem, ...]
    destinations: tuple[Destination, ...]
