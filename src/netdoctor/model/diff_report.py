"""What `diff` says: the public document of its `-o json`, as types."""

from __future__ import annotations

import msgspec


class FlowChange(msgspec.Struct, frozen=True, rename="camel"):
    """Ports of a destination that open or close for some sources, for one reason."""

    from_: tuple[str, ...] = msgspec.field(name="from")
    to: str
    ports: str
    because: str


class DiffReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True, tag_field="kind", tag="PolicyDiff"):
    """`before` and `after` name the states; `problems` are those of the policies in the second.

    `unclear` are flows that are certainly allowed in one state, and cannot be known in the other.
    """

    api_version: str = "netdoctor.dev/v1"
    before: str
    after: str
    opened: tuple[FlowChange, ...] = ()
    closed: tuple[FlowChange, ...] = ()
    unclear: tuple[FlowChange, ...] = ()
    problems: tuple[str, ...] = ()
