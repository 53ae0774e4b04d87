"""Which sizes of packets get to a host and back: nothing but its kernel need answer, and no privilege is needed.

Packets that may not be fragmented (DF; IPv6 never is, on the way) are sent in several sizes, whatever the kernel has
learnt of the path (IP_PMTUDISC_PROBE, ip(7)). A router with a smaller link says so (RFC 1191, RFC 8201), and then all
is well; where larger packets vanish without a word, connections open and then hang: a black hole (RFC 2923, 2.1).

They are ICMP echo requests where this network namespace lets anybody send them (net.ipv4.ping_group_range, icmp(7)),
else UDP: what answers is whoever listens, or the kernel's own "port unreachable".
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from netdoctor_probe.attempt import EndedError, ready
from netdoctor_probe.icmp import queued_error
from netdoctor_probe.kernel import HEADERS, family_of, never_fragment, open_socket, route_mtu
from netdoctor_probe.loop import READ, Task
from netdoctor_probe.wire import Observation, Outcome, Probe

_LEAST = {socket.AF_INET: 576, socket.AF_INET6: 1280}  # every host takes these (RFC 791, RFC 8200)
_MOST = 9216  # a jumbo frame; local links of 64 KiB need no sweep
_USUAL = (9001, 8951, 8901, 1500, 1480, 1460, 1450, 1440, 1430, 1420, 1400, 1380, 1350, 1300, 1200)
_PORT = 33434  # where traceroute expects nobody to listen


class _Fate(Enum):
    THROUGH = 1
    TOO_BIG = 2
    LOST = 3


@dataclass(frozen=True, slots=True)
class _Way:
    """How packets are sent. A kernel sends few ICMP errors at once (icmp(7), icmp_ratelimit), and any echo reply.

    Large ones go first: what that limit takes away then are answers to small ones, which leaves all unknown.
    """

    transport: str
    copies: int  # of each size where one must not be lost by chance
    sizes: int  # in one round of a search


_ECHO = _Way("icmp", 6, 14)
_UDP = _Way("udp", 2, 3)


@dataclass(frozen=True, slots=True)
class _Sent:
    size: int
    fate: _Fate
    mtu: int = 0  # as whoever found it too big says
    sender: str | None = None


def run(probe: Probe) -> Task[Observation]:
    """Sends packets of up to the MTU of the route to `probe.host`; with `transport` udp to `probe.port`, else by echo.

    Outcomes: ok = the largest gets there, or a router said how large one may be; timeout = a black hole, larger ones
    vanish; skipped = not even small ones are answered, so nothing is known. Detail: transport, localMTU (what the
    route here allows), mtu (the largest IP packet that was answered, bytes), lost (the smallest that was not),
    tooBigFrom (who said so), answered ("6 of 6": small packets).
    """
    start = time.monotonic()
    way = _UDP if probe.transport == "udp" or not _may_ping(probe.host) else _ECHO
    least, most = _bounds(probe, way)
    sent = yield from _round(probe, way, [most, least] * way.copies)
    told = _told(sent, least, most)
    if told is None and not any(one.size == most and one.fate is _Fate.THROUGH for one in sent):
        sent += yield from _round(probe, way, [most, least] * way.copies)
    through = Counter(one.size for one in sent if one.fate is _Fate.THROUGH)
    small = sum(one.size == least for one in sent)
    detail: dict[str, Any] = {
        "transport": way.transport,
        "localMTU": most,
        "answered": f"{through[least]} of {small}",
    }
    if 2 * through[least] < small:
        detail["because"] = "too few small packets were answered: policies or firewalls may drop what this is sent by"
        outcome = Outcome.SKIPPED
    elif through[most]:
        detail["mtu"], outcome = most, Outcome.OK
    else:
        outcome = yield from _searched(probe, way, least, told.mtu if told else most, detail)
    if told is not None and outcome is not Outcome.SKIPPED:
        detail["tooBigFrom"] = told.sender
    return Observation(probe.id, outcome, time.monotonic() - start, probe.host if "mtu" in detail else None, detail)


def _searched(probe: Probe, way: _Way, least: int, most: int, detail: dict[str, Any]) -> Task[Outcome]:
    """The largest size below `most` that gets there. What a router allows is tried first."""
    passed, lost = least, most + 1
    if most < detail["localMTU"]:
        sent = yield from _round(probe, way, [most] * way.copies)
        if any(one.fate is _Fate.THROUGH for one in sent):
            detail["mtu"] = most
            return Outcome.OK
        lost = most
    else:
        lost = most
    while lost - passed > 1 and (sizes := _between(passed, lost, way.sizes)):
        sent = yield from _round(probe, way, [*sizes, *sizes])
        through = {one.size for one in sent if one.fate is _Fate.THROUGH}
        passed = max((passed, *through))
        lost = min((lost, *(size for size in sizes if size > passed)))
    detail["mtu"], detail["lost"] = passed, lost
    return Outcome.TIMEOUT


def _between(passed: int, lost: int, count: int) -> list[int]:
    """Sizes to try next: those that usual links have, then evenly."""
    usual = [size for size in _USUAL if passed < size < lost]
    if usual:
        return usual[:: -(-len(usual) // count)]
    step = max(1, (lost - passed) // (count + 1))
    return list(range(passed + step, lost, step))[: count + 1]


def _told(sent: Iterable[_Sent], least: int, most: int) -> _Sent | None:
    """Who said how large packets may be; what cannot be true, anybody may have sent."""
    told = (one for one in sent if one.fate is _Fate.TOO_BIG and one.sender)
    return next((one for one in told if least <= one.mtu < most), None)


def _bounds(probe: Probe, way: _Way) -> tuple[int, int]:
    with _opened(probe, way) as sock:
        known = route_mtu(sock)
        least = _LEAST[sock.family]
    return least, max(least + 1, min(known, _MOST))


def _may_ping(host: str) -> bool:
    try:
        _ping_socket(host).close()
    except OSError:
        return False
    return True


def _ping_socket(host: str) -> socket.socket:
    protocol = socket.IPPROTO_ICMPV6 if family_of(host) == socket.AF_INET6 else socket.IPPROTO_ICMP
    return open_socket(host, socket.SOCK_DGRAM, protocol)


def _opened(probe: Probe, way: _Way) -> socket.socket:
    """A connected socket whose packets are not fragmented. Raises EndedError without a route."""
    echo = way is _ECHO
    sock = _ping_socket(probe.host) if echo else open_socket(probe.host, socket.SOCK_DGRAM)
    try:
        never_fragment(sock)
        sock.connect((probe.host, 0 if echo else probe.port or _PORT))
    except OSError as error:
        sock.close()
        name = errno.errorcode.get(error.errno or 0, str(error))
        raise EndedError(Outcome.SKIPPED, because=f"there is no route to {probe.host} ({name})") from error
    return sock


def _round(probe: Probe, way: _Way, sizes: Iterable[int]) -> Task[list[_Sent]]:
    """Packets of these sizes, sent at once, and what became of each within the probe's timeout."""
    until = time.monotonic() + probe.timeout
    sockets: list[tuple[int, socket.socket, _Sent | None]] = []
    try:
        for number, size in enumerate(sizes):
            sock = _opened(probe, way)
            sockets.append((size, sock, None))
            sockets[-1] = size, sock, _send(sock, way, size, number)
        seen = []
        for size, sock, failed in sockets:
            one = failed
            if one is None:
                one = yield from _answer(sock, size, until)
            seen.append(one)
        return seen
    finally:
        for _, sock, _ in sockets:
            sock.close()


def _send(sock: socket.socket, way: _Way, size: int, number: int) -> _Sent | None:
    """None if it is on its way."""
    room = size - HEADERS[socket.AddressFamily(sock.family)]
    kind = 128 if sock.family == socket.AF_INET6 else 8  # echo request; the kernel fills in checksum and id
    header = struct.pack("!BBHHH", kind, 0, 0, 0, number) if way is _ECHO else b""
    try:
        sock.send(header + bytes(room))
    except OSError as error:
        return _failed(sock, size, error)
    return None


def _answer(sock: socket.socket, size: int, until: float) -> Task[_Sent]:
    try:
        yield from ready(sock, READ, until)
        sock.recv(65535)
    except EndedError:
        return _Sent(size, _Fate.LOST)
    except OSError as error:
        return _failed(sock, size, error)
    return _Sent(size, _Fate.THROUGH)


def _failed(sock: socket.socket, size: int, error: OSError) -> _Sent:
    """What an errno means: the far kernel's "port unreachable" is an answer."""
    icmp = queued_error(sock)
    if icmp is not None and icmp.is_port_unreachable and icmp.sender == sock.getpeername()[0]:
        return _Sent(size, _Fate.THROUGH)
    if error.errno == errno.EMSGSIZE or (icmp is not None and icmp.is_too_big):
        return _Sent(size, _Fate.TOO_BIG, *((icmp.info, icmp.sender) if icmp else ()))
    return _Sent(size, _Fate.LOST)
