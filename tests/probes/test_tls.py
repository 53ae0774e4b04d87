"""Handshakes with real servers, and what is wrong with their certificates."""

from __future__ import annotations

import socket
import ssl
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netdoctor_probe import secured
from netdoctor_probe.tls import judge
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.certificates import Made, authority, issue, one_for, serving, shows, speaking
from tests.probes.test_agent import run

UNKNOWN = "unknownIssuer"


def seen(port: int, kind: ProbeKind = ProbeKind.TLS, **fields: object) -> Observation:
    (one,) = run(Probe("t", kind, "127.0.0.1", port, timeout=5.0, attempts=1, **fields))  # type: ignore[arg-type]
    return one


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pki")


@pytest.fixture(scope="module")
def root(directory: Path) -> Made:
    return authority(directory, "/CN=root")


@pytest.fixture(scope="module")
def between(directory: Path, root: Made) -> Made:
    return authority(directory, "/CN=between", by=root)


def test_a_chain_that_leads_to_the_given_root(directory: Path, root: Made, between: Made) -> None:
    leaf = issue(directory, "/CN=a", "DNS:*.shop.example", by=between)
    with serving(shows(leaf, between)) as port:
        one = seen(port, name="a.shop.example", ca=root.pem)
    assert (one.outcome, one.answered_by, one.detail["problems"]) == (Outcome.OK, "127.0.0.1", [])
    assert (one.detail["chain"], one.detail["verification"], one.detail["version"]) == (2, {"ok": True}, "TLSv1.3")
    assert one.detail["certificate"]["names"] == ["*.shop.example"]


def test_a_chain_without_its_intermediate(directory: Path, root: Made, between: Made) -> None:
    leaf = issue(directory, "/CN=b", "DNS:shop.example", by=between)
    with serving(shows(leaf)) as port:
        one = seen(port, name="shop.example", ca=root.pem)
        other = seen(port, name="shop.example", ca=between.pem)
    assert (one.outcome, one.detail["problems"], one.detail["chain"]) == (Outcome.TLS_ERROR, [UNKNOWN], 1)
    assert one.detail["verification"]["code"] in {20, 21}
    assert other.outcome is Outcome.OK


@pytest.mark.parametrize("trust", ["roots", "any"])
def test_whom_to_trust_is_the_plans_to_say(directory: Path, root: Made, trust: str) -> None:
    others = authority(directory, "/CN=others")
    leaf = issue(directory, "/CN=c", "DNS:shop.example", by=root)
    with serving(shows(leaf)) as port:
        one = seen(port, name="shop.example", ca=others.pem, trust=trust)
    assert one.detail["problems"] == [UNKNOWN]
    assert one.outcome is (Outcome.OK if trust == "any" else Outcome.TLS_ERROR)


def test_self_signed() -> None:
    with serving(one_for("shop.example")) as port:
        one = seen(port, name="shop.example", ca="")
    assert one.detail["certificate"]["selfIssued"]
    assert one.detail["problems"] == (["selfSigned"] if secured.has_roots() else [])


def test_expired_whoever_issued_it(directory: Path, root: Made) -> None:
    leaf = issue(directory, "/CN=d", "DNS:shop.example", by=root, days=-1)
    with serving(shows(leaf)) as port:
        known = seen(port, name="shop.example", ca=root.pem)
        unknown = seen(port, name="shop.example", ca=authority(directory, "/CN=more").pem)
    assert (known.outcome, known.detail["problems"]) == (Outcome.TLS_ERROR, ["expired"])
    assert unknown.detail["problems"] == ["expired", UNKNOWN]


def test_an_issuer_that_has_expired(directory: Path) -> None:
    old = authority(directory, "/CN=old", days=-1)
    leaf = issue(directory, "/CN=e", "DNS:shop.example", by=old)
    with serving(shows(leaf)) as port:
        one = seen(port, name="shop.example", ca=old.pem, trust="any")
    assert (one.outcome, one.detail["problems"]) == (Outcome.TLS_ERROR, ["issuerExpired"])


def test_another_name(directory: Path, root: Made) -> None:
    leaf = issue(directory, "/CN=f.example", "DNS:shop.example", "IP:127.0.0.1", by=root)
    with serving(shows(leaf)) as port:
        one = seen(port, name="f.example", ca=root.pem)
        by_address = seen(port, ca=root.pem)
    assert (one.outcome, one.detail["problems"], one.detail["covers"]) == (Outcome.TLS_ERROR, ["name"], False)
    assert by_address.outcome is Outcome.OK


def test_the_server_is_told_the_name(directory: Path, root: Made) -> None:
    """SNI: without it, the server shows what it shows to anybody."""
    usual = shows(issue(directory, "/CN=g", "DNS:default.example", by=root))
    shop = shows(issue(directory, "/CN=h", "DNS:shop.example", by=root))
    asked: list[str | None] = []

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        asked.append(name)
        if name == "shop.example":
            connection.context = shop

    usual.sni_callback = choose
    with serving(usual) as port:
        named = seen(port, name="shop.example.", ca=root.pem)
        unnamed = seen(port, ca=root.pem)
    assert (named.outcome, unnamed.detail["problems"]) == (Outcome.OK, ["name"])
    assert asked == ["shop.example", None]


def test_a_certificate_of_the_future(directory: Path, root: Made) -> None:
    leaf = issue(directory, "/CN=i", "DNS:shop.example", by=root)
    early = datetime.now(UTC) - timedelta(days=2)
    judged = judge((leaf.der,), "shop.example", {"ok": False, "code": 9, "because": ""}, early)
    assert judged["problems"] == ["notYetValid"]


@pytest.mark.parametrize("chain", [(), (b"\x30\x03\x02\x01\x05",)])
def test_no_certificate_to_read(chain: tuple[bytes, ...]) -> None:
    assert judge(chain, "shop", {"ok": True}, datetime.now(UTC))["problems"] == ["unreadable"]


@pytest.mark.parametrize("kind", [ProbeKind.TLS, ProbeKind.HTTPS])
def test_what_is_not_tls(kind: ProbeKind) -> None:
    with speaking(lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        one = seen(port, kind)
    assert (one.outcome, one.detail["because"]) == (Outcome.BAD_RESPONSE, "the answer is not TLS")
    assert one.detail["reply"].startswith("HTTP/1.1 400")


def test_closed_without_an_answer() -> None:
    def hang_up(sock: socket.socket) -> None:
        sock.recv(65536)

    with speaking(hang_up) as port:
        assert seen(port).outcome is Outcome.BAD_RESPONSE


def test_a_reset() -> None:
    def abort(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with speaking(abort) as port:
        assert seen(port).outcome is Outcome.RESET


def test_nothing_in_common() -> None:
    server = one_for("tls12.example")
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers("PSK")
    with serving(server) as port:
        one = seen(port)
    assert one.outcome is Outcome.TLS_ERROR
    assert "HANDSHAKE_FAILURE" in one.detail["reason"]


def test_a_client_certificate_is_demanded(directory: Path, root: Made) -> None:
    context = shows(issue(directory, "/CN=j", "DNS:shop.example", by=root))
    context.load_verify_locations(root.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(context) as port:
        one = seen(port, ProbeKind.HTTPS, name="shop.example")
    assert one.outcome is Outcome.TLS_ERROR
    assert one.detail["reason"] == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def test_no_name_that_can_be_sent() -> None:
    with serving(one_for("shop.example")) as port:
        assert seen(port, name=".shop").outcome is Outcome.ERROR


def test_a_ca_that_is_none() -> None:
    assert seen(1, ca="nonsense").detail["because"].startswith("the CA certificates cannot be used")


def test_get_over_tls_whatever_the_certificate() -> None:
    with serving(one_for("other.example")) as port:
        one = seen(port, ProbeKind.HTTPS, name="shop.example", path="/cart")
    assert (one.outcome, one.detail["status"], one.detail["body"]) == (Outcome.OK, 404, "no\\n")
    assert one.detail["headers"]["server"] == "shop"
    assert datetime.fromisoformat(one.detail["clock"]) <= datetime.now(UTC)


def test_the_request_is_what_was_asked_for() -> None:
    asked: list[bytes] = []

    def note(connection: ssl.SSLSocket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with serving(one_for("shop.example"), note) as port:
        assert seen(port, ProbeKind.HTTPS, name="shop.example", path="/cart").detail["status"] == 204
    assert asked[0].startswith(b"GET /cart HTTP/1.1\r\nHost: shop.example\r\n")
