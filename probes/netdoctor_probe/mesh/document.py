"""What the pods of a mesh are told, and what they say, as JSON.

All get the same document, however many they are, and each knows its own part by its node's name: so one ConfigMap does
for a whole cluster. Standard library only: the agent and the command line both import this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from netdoctor_probe.wire import Outcome, WireError

VERSION = 1
MOST_SAMPLES = 1000
_MOST_NUMBER = 1 << 32  # of a row: more than any number of datagrams, bytes or microseconds
MOST_BYTES = 4096  # of a container's termination message (Kubernetes: "Determine the Reason for Pod Failure")
NODE, POD = "node", "pod"
AT_ONCE = 32  # peers that a member asks at a time: with 20 datagrams a second each, 640 packets a second
SWEEP_SECONDS = 8.0  # that a sweep for a path's MTU may take: 12 sizes of which most are lost, each tried 3 times


@dataclass(frozen=True, slots=True)
class Member:
    """A node: its name, its own address, and that of the pod which answers on it; empty where none does."""

    name: str
    address: str
    pod: str = ""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Who is tested against whom, and how.

    Attributes:
        members: in an order that has no meaning, such as a random one.
        offsets: each member sends to those that come so many places after it, round the end.
        samples: datagrams for each pair.
        interval: seconds between two of them.
        timeout: seconds after which an answer does not come any more.
        port: of the pods that answer, UDP and TCP.
        node_port: TCP port at which nodes answer, if only by a refusal.
    """

    members: tuple[Member, ...]
    offsets: tuple[int, ...]
    samples: int = 20
    interval: float = 0.05
    timeout: float = 1.0
    port: int = 28080
    node_port: int = 10250

    def peers(self, member: int) -> Iterator[int]:
        """The members that one sends to."""
        seen = {member}
        for offset in self.offsets:
            peer = (member + offset) % len(self.members)
            if peer not in seen:
                seen.add(peer)
                yield peer


@dataclass(frozen=True, slots=True)
class PeerSeen:
    """What one member saw of another.

    Attributes:
        peer: its place among the members.
        outcome: ok where anything was answered.
        sent: datagrams; 0 where there is no way to count (see `icmp`).
        received: answers to them.
        p50: microseconds, as are `p95` and `p99`; nearest ranks of the answers.
        mtu: bytes of the largest IP packet that got there unfragmented; 0 if that is not known.
        hole: larger packets were lost without a word, though this end believed that they fit.
        believed: bytes that this end believed to fit.
        by: who rejected it.
        meaning: of the ICMP error.
        seen: the address that the other end saw, where it is not the one that this end sent from.
        tcp: what came of a connection; empty where none was tried.
    """

    peer: int
    outcome: Outcome
    sent: int = 0
    received: int = 0
    p50: int = 0
    p95: int = 0
    p99: int = 0
    mtu: int = 0
    hole: bool = False
    believed: int = 0
    by: str = ""
    meaning: str = ""
    seen: str = ""
    tcp: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one pod has to say: its own network (node or pod), its address, and what it saw. `cut`: not all of it."""

    network: str
    tested: tuple[PeerSeen, ...]
    cut: bool = False


#: A row that says nothing, with the types of its values.
_NOTHING: tuple[Any, ...] = (0, "", 0, 0, 0, 0, 0, 0, 0, 0, "", "", "", "")


def encode_mesh(mesh: Mesh) -> str:
    """One JSON document; about 60 bytes for each member."""
    head = {key: value for key, value in asdict(mesh).items() if key != "members"}
    members = [[one.name, one.address, one.pod] for one in mesh.members]
    return json.dumps({"version": VERSION, **head, "members": members}, separators=(",", ":"))


def decode_mesh(text: str) -> Mesh:
    """Inverse of `encode_mesh`. Raises WireError for anything else."""
    try:
        document = json.loads(text)
        if document.pop("version") != VERSION:
            raise WireError("a mesh of another version: use this release's probe image")
        members = tuple(Member(*map(str, one)) for one in document.pop("members"))
        mesh = Mesh(members, tuple(map(int, document.pop("offsets"))), **document)
        sound = 0 < mesh.samples <= MOST_SAMPLES and mesh.interval > 0 and mesh.timeout > 0
        sound = sound and 0 < mesh.port < 65536 and 0 < mesh.node_port < 65536
    except WireError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WireError(f"no mesh: {error}") from error
    if not sound:
        raise WireError("no mesh: samples, interval, timeout or a port is out of range")
    return mesh


def encode_said(said: Said, limit: int = MOST_BYTES) -> str:
    """One JSON line of at most so many bytes: where it would be longer, what went well is left out in its details."""
    text = _line(said)
    if len(text) > limit:
        text = _line(Said(said.network, tuple(map(_short, said.tested)), cut=True))
    bare = tuple(PeerSeen(t.peer, t.outcome) for t in said.tested)
    while len(text) > limit:
        text = _line(Said(said.network, bare, cut=True))
        bare = bare[: len(bare) // 2]
    return text


def _short(one: PeerSeen) -> PeerSeen:
    """Of what went well the delays are left out, of what did not only the words."""
    if one.outcome is Outcome.OK and not (one.hole or one.seen or one.received < one.sent):
        return PeerSeen(one.peer, one.outcome, one.sent, one.received, mtu=one.mtu, tcp=one.tcp)
    return replace(one, meaning="", p50=0, p95=0, p99=0)


def _line(said: Said) -> str:
    rows = [_row(one) for one in said.tested]
    cut = {"cut": True} if said.cut else {}
    return json.dumps({"mesh": VERSION, "network": said.network, **cut, "tested": rows}, separators=(",", ":"))


def _row(one: PeerSeen) -> list[object]:
    """The fields in their order, without the last ones that say nothing."""
    row: list[object] = [int(v) if isinstance(v, bool) else v for v in asdict(one).values()]
    while row and not row[-1]:
        row.pop()
    return row


def decode_said(text: str) -> Said:
    """Inverse of `encode_said`. Raises WireError for anything else."""
    try:
        document = json.loads(text)
        if document["mesh"] != VERSION:
            raise WireError("what another version says of a mesh")
        tested = tuple(_tested(row) for row in document["tested"])
        return Said(str(document["network"]), tested, bool(document.get("cut")))
    except WireError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WireError(f"nothing about a mesh: {error}") from error


def _tested(row: Sequence[Any]) -> PeerSeen:
    """A row whose values have the types of the fields."""
    values = [*row, *_NOTHING[len(row) :]]
    if len(values) != len(_NOTHING) or any(type(v) is not type(n) for v, n in zip(values, _NOTHING, strict=True)):
        raise ValueError(f"another row: {row}")
    named = dict(zip((field.name for field in fields(PeerSeen)), values, strict=True))
    if any(type(v) is int and not 0 <= v < _MOST_NUMBER for v in values) or named["received"] > named["sent"]:
        raise ValueError(f"a number out of range: {row}")
    return PeerSeen(**{**named, "outcome": Outcome(named["outcome"]), "hole": bool(named["hole"])})
