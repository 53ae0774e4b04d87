"""The proxy as a process, in front of test applications."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.ports import free_port
from tests.apps.programs import ended, running

from .documents import document, route

SHOP, API, OLD = "shop.example", "api.example", "old.example"


def pem(directory: Path, name: str) -> dict[str, str]:
    key, certificate = directory / "key", directory / "certificate"
    own = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=x", "-addext", f"subjectAltName=DNS:{name}"]
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run(["openssl", "req", "-x509", *options, *own], capture_output=True, check=True)
    return {"certificate": certificate.read_text(), "key": key.read_text()}


class Proxy:
    """A running proxy: its ports, and the file that it reads."""

    def __init__(self, file: Path, backends: tuple[int, int], certificate: dict[str, str]) -> None:
        self.file, self.backends, self.certificate = file, backends, certificate
        self.http, self.https = free_port(), free_port()

    def ask(self, host: str, path: str = "/", **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=20)
        connection.request("GET", path, headers={"Host": host, **headers})
        response = connection.getresponse()
        return response, response.read()

    def secured(self, name: str, context: ssl.SSLContext) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self.https), timeout=20)
        return context.wrap_socket(raw, server_hostname=name)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    directory = tmp_path_factory.mktemp("proxy")
    made = Proxy(directory / "routes.json", (free_port(), free_port()), pem(directory, SHOP))
    one, two = made.backends
    silent = socket.create_server(("127.0.0.1", 0), backlog=0)
    whole = document(
        route(SHOP, "/", one, two),
        route(SHOP, "/none"),
        route(SHOP, "/invalid", status=500),
        route(SHOP, "/refused", 9),
        route(SHOP, "/half", 9, one),
        route(SHOP, "/tls", free_port(), tls=True),
        route(API, "/", one, https=True),
        certificates=[
            {"hosts": [SHOP], **made.certificate},
            {"hosts": [OLD], "certificate": "nonsense", "key": ""},
        ],
    )
    made.file.write_text(json.dumps(whole))
    arguments = ["--routes", str(made.file), f"http:{made.http}", f"https:{made.https}"]
    with (
        silent,
        running("testapp", f"http:{one}", POD_NAME="one"),
        running("testapp", f"http:{two}", POD_NAME="two"),
        running("ingress", *arguments, listeners=2),
    ):
        yield made


def test_endpoints_take_turns(proxy: Proxy) -> None:
    seen = [json.loads(proxy.ask(SHOP, "/x?y=z")[1])["pod"] for _ in range(4)]
    assert sorted(seen) == ["one", "one", "two", "two"]


def test_the_backend_learns_who_asked_for_what(proxy: Proxy) -> None:
    response, body = proxy.ask(f"{SHOP}:80", "/x?y=z", **{"X-Forwarded-For": "192.0.2.1", "Connection": "close"})
    seen = json.loads(body)
    assert (response.status, seen["path"], seen["host"]) == (200, "/x?y=z", f"{SHOP}:80")
    names = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip")
    assert [seen["headers"].get(name) for name in names] == ["127.0.0.1", "http", f"{SHOP}:80", "127.0.0.1"]
    assert response.getheader("Server") == "testapp"


@pytest.mark.parametrize(
    ("host", "path", "status", "says"),
    [
        ("other.example", "/", 404, "no Ingress has a rule for host other.example"),
        (SHOP, "/none", 503, "has no ready endpoint"),
        (SHOP, "/invalid", 500, "has no ready endpoint"),
        (SHOP, "/refused", 502, "Connection refused"),
        (SHOP, "/tls", 502, "Connection refused"),
        (SHOP, "/status/500", 500, "500"),
        (SHOP, "/half", 200, "one"),
    ],
)
def test_statuses(proxy: Proxy, host: str, path: str, status: int, says: str) -> None:
    response, body = proxy.ask(host, path)
    assert response.status == status
    assert says in body.decode()


def test_a_host_with_tls_redirects(proxy: Proxy) -> None:
    response, _ = proxy.ask(f"{API}:8080", "/a?b")
    assert (response.status, response.getheader("Location")) == (308, f"https://{API}/a?b")


@pytest.mark.parametrize(("method", "length"), [("POST", 1000), ("PUT", 1), ("DELETE", 0), ("HEAD", 0)])
def test_methods_and_bodies_on_one_connection(proxy: Proxy, method: str, length: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http, timeout=20)
    for _ in range(2):
        connection.request(method, "/", b"x" * length or None, {"Host": SHOP})
        body = connection.getresponse().read()
        assert method == "HEAD" or json.loads(body)["method"] == method
    connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Transfer-Encoding": "chunked"}, 411), ({"Content-Length": "x"}, 411), ({"Content-Length": "9999999"}, 413)],
)
def test_a_body_that_cannot_be_passed_on_is_refused(proxy: Proxy, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http, timeout=20)
    connection.putrequest("POST", "/", skip_host=True)
    for name, value in {"Host": SHOP, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status


def test_what_is_no_http_ends_that_connection_only(proxy: Proxy) -> None:
    for noise in (b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"G" * 70000):
        with socket.create_connection(("127.0.0.1", proxy.http), timeout=20) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(12)[:5] in {b"HTTP/", b"<!DOC"}
    assert proxy.ask(SHOP)[0].status == 200


def test_the_certificate_of_the_host_that_is_asked_for(proxy: Proxy) -> None:
    context = ssl.create_default_context(cadata=proxy.certificate["certificate"])
    with proxy.secured(SHOP, context) as secured:
        secured.sendall(f"GET / HTTP/1.0\r\nHost: {SHOP}\r\n\r\n".encode())
        assert b'"x-forwarded-proto": "https"' in secured.makefile("rb").read()


@pytest.mark.parametrize("name", [API, OLD])
def test_the_default_certificate_for_all_others(proxy: Proxy, name: str) -> None:
    context = ssl.create_default_context(cadata=proxy.certificate["certificate"])
    with pytest.raises(ssl.SSLCertVerificationError):
        proxy.secured(name, context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with proxy.secured(name, context) as secured:
        secured.sendall(f"GET / HTTP/1.0\r\nHost: {API}\r\n\r\n".encode())
        assert secured.recv(12).endswith(b"200")


def test_new_routes_count_at_once(proxy: Proxy) -> None:
    before = proxy.file.read_text()
    new = proxy.file.with_name("new")
    new.write_text(json.dumps(document(route("new.example", "/", proxy.backends[0]))))
    new.replace(proxy.file)
    try:
        assert proxy.ask("new.example")[0].status == 200
        assert proxy.ask(SHOP)[0].status == 404
    finally:
        new.write_text(before)
        new.replace(proxy.file)


def test_there_are_no_routes_until_the_file_is_written(tmp_path: Path, proxy: Proxy) -> None:
    late = Proxy(tmp_path / "late.json", proxy.backends, proxy.certificate)
    arguments = ["--routes", str(late.file), f"http:{late.http}", "--watch-ingress-without-class"]
    with running("ingress", *arguments):
        assert late.ask(SHOP)[0].status == 404
        late.file.write_text(json.dumps(document(route(SHOP, "/", late.backends[0]))))
        assert late.ask(SHOP)[0].status == 200


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "give --routes FILE"),
        (["--routes", "FILE"], 2, "give --routes FILE"),
        (["--routes", "FILE", "ftp:21"], 2, "'ftp'"),
        (["--routes", "FILE", "http:0"], 2, "the port must be"),
        (["--routes", "FILE.d", "http:80"], 1, "Is a directory"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    file = tmp_path / "routes.json"
    file.write_text(json.dumps(document()))
    file.with_name("routes.json.d").mkdir()
    said = ended("ingress", *(argument.replace("FILE", str(file)) for argument in arguments))
    assert (said.returncode, said.stdout, len(said.stderr.splitlines())) == (code, "", 1)
    assert says in said.stderr
