"""What `can` says of one flow: the public document of its `-o json`, as types."""

from __future__ import annotations

import msgspec

from netdoctor.model.report import Fix


class FlowEnd(msgspec.Struct, frozen=True, omit_defaults=True):
    """A pod, a node or an address. `count` pods that policies treat alike stand behind one name."""

    kind: str
    name: str
    namespace: str = ""
    count: int = 1


class AskedFlow(msgspec.Struct, frozen=True, rename="camel"):
    """`port` is the destination's own; `service` and `servicePort` are the way there, where it is by a Service."""

    from_: FlowEnd = msgspec.field(name="from")
    to: FlowEnd
    protocol: str
    port: int
    service: str = ""
    service_port: int | None = None


class NearMiss(msgspec.Struct, frozen=True):
    """A rule that did not match. `missed` is `peer`, `port` or `protocol`: what is wanting most."""

    rule: str
    missed: str
    because: str
    at: str = ""  # FILE:LINE of its policy


class Side(msgspec.Struct, frozen=True, rename="camel"):
    """What the policies of one end say; rules are written KIND/NAMESPACE/NAME#PATH."""

    allowed: bool | None
    isolated_by: tuple[str, ...]
    decided_by: str | None
    because: str
    near_misses: tuple[NearMiss, ...] = ()


class Text(msgspec.Struct, frozen=True):
    """A sentence."""

    text: str


class RequestAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """What becomes of a request on a connection that is allowed.

    `answer` is what its sender gets where it is refused: `403` of HTTP, `REFUSED` of DNS. `rules` admit it, or do not.
    """

    protocol: str
    text: str
    allowed: bool | None
    answer: str = ""
    refused_by: str | None = None
    rules: tuple[str, ...] = ()
    because: str = ""


class FlowReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True, tag_field="kind", tag="FlowVerdict"):
    """The answer for one flow; `because` says why it cannot be known, where it cannot.

    Of a flow with a `request`, `allowed` is about that; the sides still say what becomes of the connection.
    """

    api_version: str = "netdoctor.dev/v1"
    flow: AskedFlow
    allowed: bool | None
    because: str = ""
    egress: Side
    ingress: Side
    request: RequestAnswer | None = None
    assumptions: tuple[Text, ...] = ()
    hints: tuple[Text, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 allowed, 1 denied, 3 not to be known."""
        return {True: 0, False: 1, None: 3}[self.allowed]
