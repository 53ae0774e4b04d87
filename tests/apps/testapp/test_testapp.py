"""The test application as scenarios use it: a process with arguments."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.apps.ports import free_port

REPOSITORY = Path(__file__).parents[3]
FAMILIES = pytest.mark.parametrize("host", ["127.0.0.1", "::1"])


@contextmanager
def testapp(*listeners: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The application, once it listens."""
    command = [sys.executable, "-m", "netdoctor_apps.testapp", *listeners]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]} | environment
    ) as process:
        try:
            assert process.stderr is not None
            for listener in listeners:
                expected = "listening nowhere" if listener == "sleep" else f"listening on {listener}"
                assert process.stderr.readline() == f"testapp: {expected}\n"
            yield process
        finally:
            process.kill()


testapp.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    port = free_port()
    with testapp(f"http:{port}", POD_NAME="pod-7"):
        yield port


def get(host: str, port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


@FAMILIES
def test_http_says_what_it_was_asked(web: int, host: str) -> None:
    status, body = get(host, web, "/a?b=c", Host="shop.example", Cookie="x")
    seen = json.loads(body)
    assert status == 200
    assert (seen["clientAddress"], seen["localAddress"], seen["localPort"]) == (host, host, web)
    assert (seen["host"], seen["path"], seen["headers"]["cookie"]) == ("shop.example", "/a?b=c", "x")
    assert seen["pod"] == "pod-7"


@pytest.mark.parametrize(
    ("path", "status", "length"),
    [
        ("/status/503", 503, 4),
        ("/status/204", 204, 0),
        ("/bytes/100000", 200, 100_000),
        ("/bytes/0", 200, 0),
    ],
)
def test_http_paths(web: int, path: str, status: int, length: int) -> None:
    seen, body = get("127.0.0.1", web, path)
    assert (seen, len(body)) == (status, length)


@pytest.mark.parametrize("path", ["/status/abc", "/status/1000", "/status/2.5", "/bytes/-1", "/delay/x", "/status/²"])
def test_any_other_path_is_200(web: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", web), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_http_delay(web: int) -> None:
    with socket.create_connection(("127.0.0.1", web), timeout=10) as connection:
        connection.sendall(b"GET /delay/0.3 HTTP/1.0\r\n\r\n")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_http_keeps_the_connection_and_reads_bodies(web: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web, timeout=10)
    for method, body in (("POST", b"x" * 200_000), ("HEAD", None), ("GET", None)):
        connection.request(method, "/bytes/3", body)
        assert connection.getresponse().read() == (b"" if method == "HEAD" else b"xxx")
        connection.request("GET", "/status/204")
        assert connection.getresponse().read() == b""


def test_not_http_is_400(web: int) -> None:
    with socket.create_connection(("127.0.0.1", web), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 400"


@FAMILIES
def test_tcp_greets_and_echoes(host: str) -> None:
    port = free_port()
    with testapp(f"tcp:{port}"), socket.create_connection((host, port), timeout=10) as connection:
        own = connection.getsockname()
        reader = connection.makefile("rb")
        shown = f"[{own[0]}]" if ":" in host else own[0]
        assert reader.readline() == f"{shown}:{own[1]}\n".encode()
        connection.sendall(b"ping\n")
        assert reader.readline() == b"ping\n"


def test_udp_that_answers_only_what_it_understands() -> None:
    port = free_port()
    with testapp(f"udp:{port}", UDP_ONLY="OPTIONS"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        for data in (b"netdoctor", b"OPTIONS sip"):
            client.sendto(data, ("127.0.0.1", port))
        assert client.recv(100).endswith(b" OPTIONS sip")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_udp_answers_from_the_address_asked(host: str) -> None:
    port = free_port(socket.SOCK_DGRAM)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with testapp(f"udp:{port}"), socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(b"ping", (host, port))
        reply, sender = client.recvfrom(100)
    assert sender[:2] == (host, port)
    assert reply.endswith(b" ping")


@pytest.mark.parametrize(("bound", "other"), [("127.0.0.1", "127.0.0.2"), ("::1", "127.0.0.1")])
def test_a_bound_listener_listens_nowhere_else(bound: str, other: str) -> None:
    port = free_port()
    with testapp(f"tcp:{port}@{bound}"):
        socket.create_connection((bound, port), timeout=10).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((other, port), timeout=10)


def certificate(port: int, **environment: str) -> bytes:
    with testapp(f"tls:{port}", **environment):
        return ssl.get_server_certificate(("127.0.0.1", port), timeout=10).encode()


def shown(pem: bytes, *what: str) -> str:
    return subprocess.run(
        ["openssl", "x509", "-noout", *what], input=pem, capture_output=True, check=True
    ).stdout.decode()


def test_tls_serves_http_for_its_names(tmp_path: Path) -> None:
    port = free_port()
    with testapp(f"tls:{port}", TLS_NAMES="shop.example,127.0.0.1"):
        trusted = tmp_path / "ca.pem"
        trusted.write_text(ssl.get_server_certificate(("127.0.0.1", port), timeout=10))
        context = ssl.create_default_context(cafile=str(trusted))
        for name in ("shop.example", "127.0.0.1"):
            raw = socket.create_connection(("127.0.0.1", port), timeout=10)
            with context.wrap_socket(raw, server_hostname=name) as secured:
                secured.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert secured.recv(15) == b"HTTP/1.1 200 OK"
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example"):
            context.wrap_socket(raw, server_hostname="other.example")


def test_tls_default_name_is_the_pods() -> None:
    assert "DNS:pod-7" in shown(certificate(free_port(), POD_NAME="pod-7"), "-ext", "subjectAltName")


@pytest.mark.parametrize(("expired", "code"), [("1", 1), ("0", 0)])
def test_tls_expired(expired: str, code: int) -> None:
    pem = certificate(free_port(), TLS_EXPIRED=expired)
    command = ["openssl", "x509", "-noout", "-checkend", "0"]
    assert subprocess.run(command, input=pem, capture_output=True, check=False).returncode == code


def test_tls_from_files(tmp_path: Path) -> None:
    own = ["-keyout", str(tmp_path / "tls.key"), "-out", str(tmp_path / "tls.crt"), "-subj", "/CN=mine"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *own], capture_output=True, check=True)
    assert "mine" in shown(certificate(free_port(), TLS_DIR=str(tmp_path)), "-subject")


@pytest.mark.parametrize("listeners", [["sleep"], ["tcp:PORT"]])
def test_sigterm_ends_it_at_once_even_with_a_client(listeners: list[str]) -> None:
    port = free_port()
    with testapp(*(listener.replace("PORT", str(port)) for listener in listeners)) as process:
        if listeners != ["sleep"]:
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            assert client.recv(1)
        process.terminate()
        assert process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no listener"),
        (["http"], "'http'"),
        (["http:0"], "'http:0'"),
        (["http:65536"], "'http:65536'"),
        (["http:８０"], "the port must be a number"),
        (["ftp:21"], "'ftp:21'"),
        (["sleep", "tcp:1"], "'sleep'"),
        (["tcp:80@localhost"], "'localhost' is not an IP address"),
        (["tcp:80@"], "'' is not an IP address"),
    ],
)
def test_a_bad_argument_is_one_clear_line(arguments: list[str], says: str) -> None:
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert says in ended.stderr


def test_a_port_in_use_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listener = f"tcp:{taken.getsockname()[1]}@127.0.0.1"
        ended = run(listener)
    assert (ended.returncode, ended.stderr) == (1, f"testapp: cannot listen on {listener}: Address already in use\n")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netdoctor_apps.testapp", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=30)


def test_tls_from_a_day_on_is_valid_for_a_year() -> None:
    dates = shown(certificate(free_port(), TLS_FROM="20900101000000Z", TLS_NAMES="shop.example"), "-dates")
    assert dates == "notBefore=Jan  1 00:00:00 2090 GMT\nnotAfter=Jan  1 00:00:00 2091 GMT\n"


def test_tls_publishes_its_certificate_and_not_its_key(tmp_path: Path) -> None:
    file = tmp_path / "public.pem"
    shows = certificate(free_port(), TLS_PUBLISH=str(file))
    assert file.read_bytes().strip() == shows.strip()


@pytest.mark.parametrize(("host", "status"), [("shop.example", b"200"), ("shop.example:80", b"200"), ("other", b"404")])
def test_http_serves_only_the_hosts_that_it_has(host: str, status: bytes) -> None:
    port = free_port()
    with (
        testapp(f"http:{port}", HTTP_HOSTS="www.example,shop.example"),
        socket.create_connection(("127.0.0.1", port), timeout=10) as sock,
    ):
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert sock.recv(12) == b"HTTP/1.1 " + status
