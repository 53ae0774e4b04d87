"""Causes of packets that get lost on the way, some of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.samples import LOSS, failures, together
from netdoctor.model.chance import Rate
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Finding, Fix
from netdoctor.probing.aims import Aim

_Pair = tuple[str, str]  # node of the client, node of the endpoint
_LOST = {str(Outcome.OK), str(Outcome.TIMEOUT)}  # a rejection or refusal is an answer, and no loss


class PacketLoss(Cause):
    """Packets between nodes get lost, some of them.

    What it means: of many connections from one node to endpoints on another a share times out; the rest are fast, and
    on the endpoint's own node none times out.

    Why it breaks: each lost handshake costs a second before it is repeated, each lost DNS query five. Applications
    show it as slow or failing requests that nobody can reproduce.

    How it is seen: connections to the same endpoint, repeated from several nodes: those that cross between nodes fail
    at a rate whose bounds exclude what is normal (one in 500), those within the node do not. The report has both.

    Trap: an endpoint that is overloaded drops connections from its own node as well. Errors that a router or a kernel
    sends at a limited rate (ICMP) look like loss, but some arrive. One timeout among ten is no proof of anything.

    Fix: look at the counters of the interfaces of both nodes (errors, dropped), at what shapes or filters traffic
    between them, and at duplicate addresses.

    References: RFC 7680 (one-way loss); RFC 6298, 2 (one second until a SYN is repeated); Wald 1945 for the test.
    """

    code: ClassVar[str] = "PacketLoss"
    title: ClassVar[str] = "some packets between nodes get lost"
    would_change: ClassVar[str] = "a larger sample whose bounds have no loss beyond what is in order"
    tier: ClassVar[int] = 2
    yields_to: ClassVar[tuple[str, ...]] = ("StaleEndpoint",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where samples between nodes fail, and those within a node do not."""
        pairs = _pairs(case)
        rates = {pair: _rate(samples) for pair, samples in pairs.items()}
        lossy = {pair: rate for pair, rate in rates.items() if LOSS.is_fault(rate) and rate.count < rate.of}
        if not lossy:
            whole = together(rates.values())
            return self.ruled_out(whole.said("connections to endpoints got no answer")) if whole else None
        if within := [pair for pair in lossy if pair[0] == pair[1]]:
            lost = lossy[within[0]].said("connections timed out")
            return self.ruled_out(
                f"within {within[0][0]} {lost} too, so it is not the way between nodes: the endpoint may be overloaded"
            )
        return self._found(case, lossy, rates, [s for pair in lossy for s in pairs[pair]])

    def _found(
        self, case: Case, lossy: Mapping[_Pair, Rate], rates: Mapping[_Pair, Rate], samples: list[Seen]
    ) -> Found:
        clean = {pair: rate for pair, rate in rates.items() if pair not in lossy}
        lost = together(lossy.values())
        assert lost is not None
        nodes = [ObjectRef("Node", name) for name in _nodes(lossy)]
        within = any(here == there for here, there in clean)
        finding = Finding(
            code=self.code,
            title=f"{_way(*next(iter(lossy)))} {lost.said('connections timed out')}",
            certainty=Certainty.LIKELY if within else Certainty.POSSIBLE,
            objects=tuple(nodes),
            explanation=(
                f"Repeated from each node, {'; '.join(_told(lossy))}. {_contrast(clean)} "
                "Each lost handshake is repeated after a second, each lost DNS query after five."
            ),
            evidence=probe_evidence([*samples, *(s for s in _samples(case) if s not in samples)], limit=4),
            fixes=tuple(
                Fix(f"look at the counters of {node.name}: errors and dropped", _counters(node)) for node in nodes[:2]
            ),
        )
        return Found(finding, ids(_explained(case, set(lossy))), proven=False)


def _samples(case: Case) -> tuple[Seen, ...]:
    return tuple(s for s in case.of(Aim.BACKEND_SAMPLE) if s.tried and failures(s.observed))


def _pairs(case: Case) -> dict[_Pair, list[Seen]]:
    """The samples by the nodes of client and endpoint, those left out that were answered by a refusal."""
    pairs: defaultdict[_Pair, list[Seen]] = defaultdict(list)
    for seen in _samples(case):
        backend, here = seen.aimed.backend, seen.observed.node
        if backend and backend.node and here and set(seen.observed.observation.detail["outcomes"]) <= _LOST:
            pairs[here, backend.node].append(seen)
    return dict(pairs)


def _rate(samples: list[Seen]) -> Rate:
    rate = together(rate for seen in samples if (rate := failures(seen.observed)))
    assert rate is not None
    return rate


def _nodes(lossy: Mapping[_Pair, Rate]) -> list[str]:
    """The node that all of them share, if it is one; else all."""
    shared = set.intersection(*(set(pair) for pair in lossy))
    return sorted(shared) if len(shared) == 1 else sorted({node for pair in lossy for node in pair})


def _way(here: str, there: str) -> str:
    return f"within {here}" if here == there else f"from {here} to {there}"


def _told(rates: Mapping[_Pair, Rate]) -> Iterator[str]:
    for pair, rate in rates.items():
        yield f"{_way(*pair)} {rate.said('connections timed out')}"


def _contrast(clean: Mapping[_Pair, Rate]) -> str:
    if not clean:
        return "Nothing was tried within a node, so that the endpoint itself may be overloaded as well."
    return f"Beside that, {'; '.join(_told(clean))}."


def _explained(case: Case, lossy: set[_Pair]) -> Iterator[Seen]:
    """What timed out on these ways, or went out from their clients' nodes with nobody knowing where to."""
    from_ = {here for here, _ in lossy}
    for seen in case.failed:
        backend, here = seen.aimed.backend, seen.observed.node or ""
        crossed = (here, backend.node) in lossy if backend else here in from_
        if crossed and seen.outcome is Outcome.TIMEOUT:
            yield seen


def _counters(node: ObjectRef) -> str:
    return kubectl("debug", node, "-it", "--image=busybox", "--", "ip", "-s", "link")
