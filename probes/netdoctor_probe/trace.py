"""The routers on the way, by packets whose TTL ends there; needs no privilege.

A probe packet with TTL n is answered by the n-th router with ICMP time exceeded (RFC 792, RFC 4443), which
the kernel keeps in the error queue of the very socket that sent it. The packets are the TCP or UDP that
applications would send, so that policies and load balancers treat them alike.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from netdoctor_probe import tcp, udp
from netdoctor_probe.attempt import EndedError, Seen
from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe

_MOST_HOPS = 16
_AT_ONCE = 4  # TTLs sent together: a pod is seldom further away


def run(probe: Probe) -> Task[Observation]:
    """Traces to `probe.host` and `probe.port` by `probe.transport` (tcp or udp), `probe.attempts` not heeded.

    The outcome is the destination's, as the kinds tcp and udp see it; timeout if it was not reached in 16 hops, or
    four hops in a row were silent. Detail: hops [{ttl, address (null = silent), meaning?}] up to the last that
    answered. To a Service's address every hop shows that address: the node translates what routers answer, too.
    """
    start = time.monotonic()
    hops: list[dict[str, Any]] = []
    end = Seen(Outcome.TIMEOUT)
    for first in range(1, _MOST_HOPS + 1, _AT_ONCE):
        seen = yield from _together(probe, range(first, first + _AT_ONCE))
        for ttl, one in enumerate(seen, first):
            hops.append({"ttl": ttl, "address": one.answered_by})
            if not _passes(one):
                end = one
                break
        if end.outcome is not Outcome.TIMEOUT or all(one.outcome is Outcome.TIMEOUT for one in seen):
            break
    while hops and hops[-1]["address"] is None:
        hops.pop()
    detail = {"transport": probe.transport, "hops": hops, **end.detail}
    return Observation(probe.id, end.outcome, time.monotonic() - start, end.answered_by, detail)


def _passes(seen: Seen) -> bool:
    """Whether the destination is further away than this hop, as far as one can tell."""
    return seen.outcome is Outcome.TIMEOUT or seen.detail.get("meaning") == "TTL exceeded"


def _together(probe: Probe, ttls: range) -> Task[list[Seen]]:
    """One packet for each TTL, sent at once; the kernel keeps each one's answer until it is asked for."""
    until = time.monotonic() + probe.timeout
    sockets = [_sent(probe, ttl) for ttl in ttls]
    seen = []
    try:
        for sock in sockets:
            answer = yield from _answer(probe, sock, until)
            seen.append(answer)
    finally:
        for sock in sockets:
            sock.close()
    return seen


def _sent(probe: Probe, ttl: int) -> socket.socket:
    if probe.transport == "tcp":
        return tcp.begin(probe.host, probe.port, ttl)
    sock = udp.begin(probe.host, probe.port, ttl)
    udp.send(sock, probe.payload.encode() or udp.DEFAULT_PAYLOAD)
    return sock


def _answer(probe: Probe, sock: socket.socket, until: float) -> Task[Seen]:
    try:
        if probe.transport == "tcp":
            yield from tcp.finish(sock, probe.host, until)
        else:
            yield from udp.receive(sock, until)
    except EndedError as ended:
        return ended.seen
    return Seen(Outcome.OK, probe.host)
