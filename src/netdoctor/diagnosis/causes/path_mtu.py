"""The cause of connections that open and then hang: packets that are too large for the way, and nobody says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.encapsulation import Encapsulation, encapsulation
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, ids, probe_evidence
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.probing.aims import Aim


@dataclass(frozen=True, slots=True)
class _Hole:
    """From pods on a node to one endpoint: the sweep of sizes, and of HTTP a small and a large request."""

    here: str
    backend: Backend
    sweep: tuple[Seen, ...]
    small: tuple[Seen, ...]
    large: tuple[Seen, ...]

    @property
    def passes(self) -> int:
        """The largest packet that gets there, in bytes; 0 where that is not known."""
        return min((int(s.observed.observation.detail["mtu"]) for s in self.sweep), default=0)

    @property
    def believed(self) -> int:
        """How large packets may be as the sender's interface has it."""
        return max((int(s.observed.observation.detail["localMTU"]) for s in self.sweep), default=0)

    @property
    def stalls(self) -> bool:
        """Whether a large request hangs after connecting where a small one is answered."""
        return any(s.hung for s in self.large) and any(s.ok for s in self.small) and not any(s.ok for s in self.large)

    @property
    def there(self) -> bool:
        """Whether large packets are lost, and TCP does not find a way around it."""
        return (bool(self.sweep) or self.stalls) and not any(s.ok for s in self.large)


class PathMTUBlackhole(Cause):
    """Large packets vanish on the way, and nobody tells the sender.

    What it means: small packets get to an endpoint and back, packets of the size that the sender's interface allows
    do not, and no ICMP message says so.

    Why it breaks: somewhere a link takes less than the pods' interfaces believe: the network plugin's encapsulation
    takes its bytes (50 of VXLAN, 60 of WireGuard, 20 of IPIP), a VPN or a cloud's network has a smaller MTU. The
    router there has to answer "too big" (path MTU discovery), and that message is not sent, or a firewall drops it.
    TCP opens, since its first packets are small, and hangs with the first large one.

    How it is seen: packets that must not be fragmented are sent in several sizes, each more than once; the largest
    that is answered, and the smallest that is not, are found. Where the endpoint's kubelet asks it by HTTP, a request
    of full size is made beside a small one.

    Trap: where a router says "too big", senders send less, and a small MTU is no fault. Random loss hits small packets
    too. Where large requests are answered, TCP was told a smaller size (MSS clamping), and nothing hangs.

    Fix: let the network plugin give pods the MTU that fits, or let ICMP "fragmentation needed" (type 3, code 4) and
    ICMPv6 "packet too big" (type 2) through.

    References: RFC 1191; RFC 8201; RFC 2923, 2.1; RFC 4821.
    """

    code: ClassVar[str] = "PathMTUBlackhole"
    title: ClassVar[str] = "large packets vanish on the way, and nobody says so"
    would_change: ClassVar[str] = (
        "an answer to a packet of full size or to a large request, or an ICMP message that says how large one may be"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the sweep of sizes, or large requests beside small ones, show it."""
        holes = [hole for hole in _ways(case) if hole.there]
        if holes:
            return self._found(case, holes)
        swept = [s for s in case.of(Aim.PATH_MTU) if s.ok]
        if swept:
            detail = swept[0].observed.observation.detail
            said = f", as {detail['tooBigFrom']} says" if detail.get("tooBigFrom") else ""
            return self.ruled_out(f"packets of {detail.get('mtu')} bytes get through{said}")
        answered = [s for s in case.of(Aim.LARGE) if s.ok]
        return self.ruled_out("a request in packets of full size is answered") if answered else None

    def _found(self, case: Case, holes: Sequence[_Hole]) -> Found:
        hole = next((one for one in holes if one.sweep), holes[0])
        wrapped = encapsulation(case.snapshot)
        nodes = list(dict.fromkeys(name for one in holes for name in (one.here, one.backend.node) if name))
        seen = [s for one in holes for s in (*one.sweep, *one.small, *one.large)]
        finding = Finding(
            code=self.code,
            title=f"{_size(hole)} from {hole.here} to {hole.backend.node} vanish, and nobody says so",
            certainty=Certainty.LIKELY if hole.sweep else Certainty.POSSIBLE,
            objects=tuple(ObjectRef("Node", name) for name in nodes),
            explanation=" ".join([*_explanation(hole), *_overhead(hole, wrapped)]),
            evidence=(
                *(_evidence(s) for s in hole.sweep[:1]),
                *probe_evidence(hole.large, limit=1),
                *probe_evidence(hole.small, limit=1),
                *([Evidence("settings", wrapped.evidence)] if wrapped.overhead else []),
            ),
            fixes=(
                Fix(f"let the network plugin give pods an MTU of {hole.passes or 'what the way takes'}"),
                Fix('let ICMP "fragmentation needed" (type 3, code 4) through on the way between the nodes'),
            ),
        )
        return Found(finding, ids(s for s in seen if s in case.failed))


def _ways(case: Case) -> Iterator[_Hole]:
    probes = case.of(Aim.PATH_MTU, Aim.SMALL, Aim.LARGE)
    keys = dict.fromkeys((s.observed.node or "", s.aimed.backend) for s in probes)
    for here, backend in keys:
        if backend is not None:
            mine = [s for s in probes if (s.observed.node or "", s.aimed.backend) == (here, backend)]
            sweep = tuple(s for s in mine if s.aimed.aim is Aim.PATH_MTU and _swallowed(s))
            small = tuple(s for s in mine if s.aimed.aim is Aim.SMALL)
            yield _Hole(here, backend, sweep, small, tuple(s for s in mine if s.aimed.aim is Aim.LARGE))


def _swallowed(seen: Seen) -> bool:
    return seen.outcome is Outcome.TIMEOUT and "mtu" in seen.observed.observation.detail


def _size(hole: _Hole) -> str:
    return f"packets of more than {hole.passes} bytes" if hole.passes else "large packets"


def _explanation(hole: _Hole) -> Iterator[str]:
    if hole.sweep:
        detail = hole.sweep[0].observed.observation.detail
        yield (
            f"Of packets from a pod on {hole.here} to {hole.backend.label}, those of {hole.passes} bytes are answered "
            f"and those of {detail['lost']} are not, though the pod's interface takes {hole.believed}; small ones: "
            f'{detail["answered"]} answered. No ICMP message says "too big".'
        )
    if hole.stalls:
        yield "A request of several large packets hangs after connecting, where a small one is answered."
    yield "Connections open and then hang as soon as one side sends much."


def _overhead(hole: _Hole, wrapped: Encapsulation) -> Iterator[str]:
    if wrapped.overhead and hole.believed:
        yield (
            f"{wrapped.name} takes {wrapped.overhead} bytes of each packet between nodes: with {hole.believed} in the "
            f"pods, the network between nodes has to take {hole.believed + wrapped.overhead}."
        )


def _evidence(sweep: Seen) -> Evidence:
    detail = sweep.observed.observation.detail
    where = f"{sweep.observed.position.id} on {sweep.observed.node}"
    text = f"packets that must not be fragmented, from {where} to {sweep.observed.probe.host}: "
    return Evidence(sweep.id, text + f"{detail['mtu']} bytes answered, {detail['lost']} lost, by {detail['transport']}")
