"""GET against real servers, and the reading of responses."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.http import parse, request
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.network import CLOSED, REJECTED, Addresses, Network
from tests.probes.test_agent import run


def http(host: str, port: int, **fields: object) -> Probe:
    return Probe("h", ProbeKind.HTTP, host, port, **fields)  # type: ignore[arg-type]


def served(reply: bytes, *, stays_open: bool = False, payload: str = "") -> Observation:
    """What a probe sees of a server that sends these bytes to anyone."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(reply)
                if stays_open:
                    with contextlib.suppress(ConnectionResetError):
                        connection.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        (seen,) = run(http("127.0.0.1", server.getsockname()[1], timeout=0.3, attempts=1, payload=payload))
        thread.join()
    return seen


def test_any_status_is_ok(net: Network, addresses: Addresses) -> None:
    seen = net.one(http(addresses.server, 8080, path="/status/503"))
    assert (seen.outcome, seen.answered_by) == (Outcome.OK, addresses.server)
    assert (seen.detail["status"], seen.detail["reason"]) == (503, "Service Unavailable")
    assert seen.detail["headers"] == {"content-type": "text/plain", "server": "testapp"}


def test_host_header_and_path(net: Network, addresses: Addresses) -> None:
    seen = net.one(http(addresses.server, 8080, name="shop.example", path="/cart?id=1"))
    assert '"host": "shop.example"' in seen.detail["body"]
    assert '"path": "/cart?id=1"' in seen.detail["body"]
    assert f'"clientAddress": "{addresses.client}"' in seen.detail["body"]


def test_body_is_cut(net: Network, addresses: Addresses) -> None:
    assert len(net.one(http(addresses.server, 8080, path="/bytes/100000")).detail["body"]) == 2048


@pytest.mark.parametrize(("port", "outcome"), [(CLOSED, Outcome.REFUSED), (REJECTED, Outcome.REJECTED)])
def test_no_connection(net: Network, addresses: Addresses, port: int, outcome: Outcome) -> None:
    assert net.one(http(addresses.server, port)).outcome is outcome


def test_another_protocol_is_a_bad_response(net: Network, addresses: Addresses) -> None:
    seen = net.one(http(addresses.server, 5432))
    assert seen.outcome is Outcome.BAD_RESPONSE
    assert addresses.client in seen.detail["reply"]


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_no_response_before_the_end(reply: bytes) -> None:
    assert served(reply).outcome is Outcome.BAD_RESPONSE


def test_an_answer_without_an_end_is_read_no_further() -> None:
    chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * (1 << 18)
    assert served(chunk, stays_open=True).detail["because"] == "the answer does not come to its end"


def test_silence_after_connecting() -> None:
    seen = served(b"HTTP/1.1 200 OK\r\n", stays_open=True)
    assert (seen.outcome, seen.detail["connected"]) == (Outcome.TIMEOUT, True)


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
        b"Content-Length: 5\r\n\r\nhello and a pipelined response",
    ],
)
def test_end_of_body_is_found_on_an_open_connection(rest: bytes) -> None:
    seen = served(b"HTTP/1.1 200 OK\r\n" + rest, stays_open=True)
    assert (seen.outcome, seen.detail["body"]) == (Outcome.OK, "hello")


def test_interim_response_is_passed_over() -> None:
    response = parse(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 404 No\r\nServer: x\r\n\r\n", ended=True)
    assert response is not None
    assert (response.status, response.headers) == (404, {"server": "x"})


@pytest.mark.parametrize("field", ["path", "name"])
@pytest.mark.parametrize("text", ["a\r\nX: y", "é"])
def test_nothing_is_smuggled_into_the_request(field: str, text: str) -> None:
    with pytest.raises(EndedError):
        request(http("::1", 80, **{field: text}))


@given(st.binary(max_size=60), st.booleans(), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, begins_well: bool, ended: bool) -> None:
    if begins_well:
        data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data
    with contextlib.suppress(EndedError):
        response = parse(data, ended=ended)
        assert response is None or len(response.body) <= 2048


def test_a_request_is_as_large_as_asked_for_within_bounds(net: Network, addresses: Addresses) -> None:
    assert len(request(http(addresses.server, 8080, size=3000))) == 3000
    assert len(request(http(addresses.server, 8080, size=1 << 20))) == 4096
    assert request(http(addresses.server, 8080, size=10)) == request(http(addresses.server, 8080))
    assert net.one(http(addresses.server, 8080, size=3000)).outcome is Outcome.OK


@pytest.mark.parametrize(("names", "endpoint"), [("cart-1 cart-12 shop-3", "cart-12"), ("shop-3", None), ("", None)])
def test_the_endpoint_that_an_answer_names(names: str, endpoint: str | None) -> None:
    seen = served(b"HTTP/1.1 200 OK\r\nX-Served-By: cart-12\r\nContent-Length: 2\r\n\r\nok", payload=names)
    assert (seen.outcome, seen.detail.get("endpoint")) == (Outcome.OK, endpoint)
