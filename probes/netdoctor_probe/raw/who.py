# SPDX-License-Identifier: GPL-2.0-only
"""Who answers a SYN: the endpoint, or something on the way that speaks for it.

The TTL of a RST tells them apart: an endpoint's own packets come with the TTL that its SYN-ACKs have. The kernel
resets what answers, since it knows of no such connection: nothing stays half-open.
"""

from __future__ import annotations

import random
import socket
import sys
from typing import Any

from netdoctor_probe.attempt import Seen, ready, repeated
from netdoctor_probe.icmp import failure
from netdoctor_probe.kernel import local_address, open_socket
from netdoctor_probe.loop import READ, Task
from netdoctor_probe.raw import packets
from netdoctor_probe.wire import Observation, Outcome, Probe


def run(probe: Probe) -> Task[Observation]:
    """Sends a SYN from a raw socket and reads what comes back.

    Outcomes: ok (SYN-ACK), refused (RST), rejected (ICMP error, as in `tcp`), timeout.
    Detail: answer (SYN-ACK or RST), ttl (as it arrived), window.
    """

    def attempt(until: float) -> Task[Seen]:
        with open_socket(probe.host, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
            _connect(raw, probe.host)
            with _reserved_port(raw) as reserved:
                return (yield from _exchange(probe, raw, reserved.getsockname()[1], until))

    return repeated(probe, attempt)


def _connect(raw: socket.socket, host: str) -> None:
    """Has the kernel choose the source address, and keep other hosts' packets away."""
    try:
        raw.connect((host, 0))
    except OSError as error:
        raise failure(raw, error.errno or 0, "", host) from error
    if raw.family == socket.AF_INET6:
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)


def _reserved_port(raw: socket.socket) -> socket.socket:
    """A bound socket, so that no connection of this pod has the port."""
    reserved = socket.socket(raw.family, socket.SOCK_STREAM)
    reserved.bind((local_address(raw), 0))
    return reserved


def _exchange(probe: Probe, raw: socket.socket, source_port: int, until: float) -> Task[Seen]:
    local = local_address(raw)
    sequence = random.getrandbits(32)  # no secret: it tells this SYN's answer from an older one's
    try:
        raw.send(packets.syn(local, probe.host, source_port, probe.port, sequence))
        while True:
            yield from ready(raw, READ, until)
            data, ancillary, _, _ = raw.recvmsg(65535, 256)
            segment = packets.read(data, with_header=raw.family == socket.AF_INET)
            ours = (probe.port, source_port, (sequence + 1) % 2**32)
            if segment and (segment.source_port, segment.port, segment.acknowledges) == ours:
                break
    except OSError as error:
        raise failure(raw, error.errno or 0, local, probe.host) from error
    ttl = segment.ttl if segment.ttl is not None else _hop_limit(ancillary)
    reset = "R" in segment.flags
    detail: dict[str, Any] = {"answer": "RST" if reset else "SYN-ACK", "ttl": ttl, "window": segment.window}
    return Seen(Outcome.REFUSED if reset else Outcome.OK, probe.host, detail)


def _hop_limit(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT):
            return int.from_bytes(data, sys.byteorder)
    return None
