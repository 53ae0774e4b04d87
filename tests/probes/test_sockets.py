"""The kernel's own list of listening sockets, and its format."""

from __future__ import annotations

import socket
import sys

import pytest

from netdoctor_probe.sockets import parse
from netdoctor_probe.wire import Outcome, Probe, ProbeKind
from tests.probes.test_agent import run

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"]
)
def test_a_listener_and_a_bound_udp_socket_are_listed(family: socket.AddressFamily, address: str) -> None:
    with socket.create_server((address, 0), family=family) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.bind((address, 0))
        with socket.create_connection(tcp.getsockname()[:2]) as client:
            (seen,) = run(Probe("s", ProbeKind.SOCKETS))
            connected = client.getsockname()[1]
        ports = tcp.getsockname()[1], udp.getsockname()[1]
    assert seen.outcome is Outcome.OK
    assert {"protocol": "tcp", "address": address, "port": ports[0]} in seen.detail["listening"]
    assert {"protocol": "udp", "address": address, "port": ports[1]} in seen.detail["listening"]
    assert connected not in {entry["port"] for entry in seen.detail["listening"] if entry["protocol"] == "tcp"}


@pytest.mark.skipif(sys.byteorder == "big", reason="the sample is from a little-endian machine")
def test_tables_as_the_kernel_prints_them() -> None:
    line = "   0: {}:1F90 {} {} 00000000:00000000 00:00000000 00000000 0 0 1 1 0 100 0 0 10 0\n"
    table = HEAD + line.format("0100007F", "00000000:0000", "0A") + line.format("0100007F", "0100007F:D431", "01")
    assert parse("tcp", table) == [{"protocol": "tcp", "address": "127.0.0.1", "port": 8080}]
    table6 = HEAD + line.format("B80D0120000000000000000001000000", "00000000000000000000000000000000:0000", "07")
    assert parse("udp", table6) == [{"protocol": "udp", "address": "2001:db8::1", "port": 8080}]
