"""The server as a process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.apps.ports import free_port

from .documents import SHOP


@contextmanager
def server(zone: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "netdoctor_apps.dns", "--zone", str(zone), "--listen", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"dns: listening on udp:{port}\n"
            assert process.stderr.readline() == f"dns: listening on tcp:{port}\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    file = tmp_path / "zone.json"
    file.write_text(json.dumps(SHOP))
    return file


def address(reply: dns.message.Message) -> str:
    return reply.answer[0][0].to_text() if reply.answer else dns.rcode.to_text(reply.rcode())


def test_it_serves_udp_and_tcp_on_every_address_and_ends_on_sigterm(zone: Path) -> None:
    port = free_port()
    query = dns.message.make_query("web.shop.svc.cluster.local", "A")
    with server(zone, port) as process:
        for where in ("127.0.0.1", "127.0.0.2", "::1"):
            assert address(dns.query.udp(query, where, port=port, timeout=10)) == "10.96.0.7"
            assert address(dns.query.tcp(query, where, port=port, timeout=10)) == "10.96.0.7"
        process.terminate()
        assert process.wait(timeout=5) == 0


def test_a_connection_carries_many_queries_and_survives_noise(zone: Path) -> None:
    port = free_port()
    query = dns.message.make_query("web.shop.svc.cluster.local", "A")
    with server(zone, port), socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
            for junk in (b"", b"x" * 11, os.urandom(500)):
                noise.sendto(junk, ("127.0.0.1", port))
        for _ in range(3):
            dns.query.send_tcp(connection, query)
            reply, _ = dns.query.receive_tcp(connection)
            assert address(reply) == "10.96.0.7"
        assert address(dns.query.udp(query, "127.0.0.1", port=port, timeout=10)) == "10.96.0.7"


def test_a_new_zone_counts_at_once_and_a_bad_one_never(zone: Path) -> None:
    port = free_port()
    query = dns.message.make_query("www.example.com", "A")
    with server(zone, port):
        assert address(dns.query.udp(query, "127.0.0.1", port=port, timeout=10)) == "203.0.113.80"
        for text, expected in (
            (json.dumps(SHOP | {"outside": {"www.example.com": ["203.0.113.81"]}}), "203.0.113.81"),
            ("[]", "203.0.113.81"),
            ("{", "203.0.113.81"),
            (json.dumps(SHOP | {"outside": {}}), "NXDOMAIN"),
        ):
            new = zone.with_name("new")
            new.write_text(text)
            new.replace(zone)
            assert address(dns.query.udp(query, "127.0.0.1", port=port, timeout=10)) == expected
        zone.unlink()
        assert address(dns.query.udp(query, "127.0.0.1", port=port, timeout=10)) == "NXDOMAIN"


@pytest.mark.parametrize(
    ("arguments", "content", "code", "says"),
    [
        ([], "{}", 2, "give --zone FILE"),
        (["--zone", "FILE", "--listen", "0"], None, 2, "the port must be"),
        (["--zone", "FILE", "--listen", "5353"], "{}", 1, "it holds no zone"),
        (["--zone", "FILE.missing", "--listen", "5353"], "{}", 1, "No such file"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(
    tmp_path: Path, arguments: list[str], content: str | None, code: int, says: str
) -> None:
    file = tmp_path / "zone.json"
    file.write_text(content or json.dumps(SHOP))
    command = [sys.executable, "-m", "netdoctor_apps.dns", *(a.replace("FILE", str(file)) for a in arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (code, "", 1)
    assert says in ended.stderr
