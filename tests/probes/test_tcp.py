"""connect() through a router that forwards, drops, rejects and resets."""

from __future__ import annotations

import socket
import struct
import threading
import time

import pytest

from netdoctor_probe.wire import Outcome, Probe, ProbeKind
from tests.probes.network import (
    CLOSED,
    DROPPED,
    LOSSY,
    PROHIBITED,
    REJECTED,
    RESET,
    SILENT,
    Addresses,
    Network,
)
from tests.probes.test_agent import run


def tcp(host: str, port: int, timeout: float = 1.0, **fields: object) -> Probe:
    return Probe("t", ProbeKind.TCP, host, port, timeout, **fields)  # type: ignore[arg-type]


def test_open_port(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.server, 8080))
    assert seen.outcome is Outcome.OK
    assert seen.answered_by == addresses.server
    assert seen.detail == {"attempts": 1, "localAddress": addresses.client}


def test_payload_gets_a_reply(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.server, 5432, payload="hello"))
    assert seen.outcome is Outcome.OK
    assert addresses.client in seen.detail["reply"]


@pytest.mark.parametrize("port", [CLOSED, RESET])
def test_rst_is_refused(net: Network, addresses: Addresses, port: int) -> None:
    seen = net.one(tcp(addresses.server, port))
    assert (seen.outcome, seen.answered_by) == (Outcome.REFUSED, addresses.server)
    assert seen.detail == {"attempts": 1}


@pytest.mark.parametrize(
    ("port", "meaning", "codes"),
    [
        (REJECTED, "port unreachable", {4: (3, 3), 6: (1, 4)}),
        (PROHIBITED, "admin prohibited", {4: (3, 13), 6: (1, 1)}),
    ],
)
def test_icmp_error_is_rejected_by_its_sender_at_once(
    net: Network, addresses: Addresses, port: int, meaning: str, codes: dict[int, tuple[int, int]]
) -> None:
    seen = net.one(tcp(addresses.server, port, timeout=5.0))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, addresses.router)
    assert seen.detail["meaning"] == meaning
    assert (seen.detail["icmpType"], seen.detail["icmpCode"]) == codes[addresses.version]
    assert seen.seconds < 0.9  # not only when the kernel repeats the SYN, after 1 s


def test_silence_is_a_timeout_after_all_attempts(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.server, DROPPED, timeout=0.1, attempts=3))
    assert (seen.outcome, seen.answered_by) == (Outcome.TIMEOUT, None)
    assert seen.detail == {"attempts": 3, "localAddress": addresses.client}
    assert seen.seconds >= 0.1


def test_a_lost_packet_is_not_a_silent_port(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.server, LOSSY, timeout=0.5))
    assert seen.outcome is Outcome.REFUSED  # nothing listens there, but the second SYN came through
    assert (seen.detail["attempts"], seen.detail["lost"]) == (2, 1)


def test_router_finds_no_host(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.absent, 8080, timeout=5.0))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, addresses.router)
    assert seen.detail["meaning"] == "host unreachable"


def test_no_neighbour_is_nobodys_rejection(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.nearby, 8080, timeout=5.0))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, None)
    assert seen.detail["errno"] == "EHOSTUNREACH"


def test_no_route(net: Network, addresses: Addresses) -> None:
    seen = net.one(tcp(addresses.unrouted, 8080))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, None)
    assert seen.detail["errno"] == "ENETUNREACH"


def test_a_name_is_no_address() -> None:
    (seen,) = run(tcp("localhost", 80))
    assert seen.outcome is Outcome.ERROR
    assert "'localhost' is not an IP address" in seen.detail["because"]


def test_reset_after_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset_one() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=reset_one)
        thread.start()
        (seen,) = run(tcp("127.0.0.1", server.getsockname()[1], payload="x"))
        thread.join()
    assert seen.outcome is Outcome.RESET


def test_500_targets_half_of_them_silent_end_in_time(net: Network) -> None:
    addresses = ("10.98.2.2", "fd98:2::2")
    silent = [(host, port) for host in addresses for port in SILENT[:125]]
    closed = [(host, port) for host in addresses for port in range(21000, 21125)]
    probes = [Probe(f"{host} {port}", ProbeKind.TCP, host, port) for host, port in silent + closed]
    start = time.monotonic()
    seen = net.observe(*probes)
    elapsed = time.monotonic() - start
    assert {key for key, one in seen.items() if one.outcome is Outcome.TIMEOUT} == {f"{h} {p}" for h, p in silent}
    assert {key for key, one in seen.items() if one.outcome is Outcome.REFUSED} == {f"{h} {p}" for h, p in closed}
    assert elapsed < 1.3 * probes[0].timeout * probes[0].attempts
