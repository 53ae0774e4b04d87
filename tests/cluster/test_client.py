"""Requests, refusals and streams against a server that really listens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdoctor.cluster.client import ApiError, Client
from netdoctor.cluster.live import connect
from netdoctor.model.errors import AccessError
from tests.cluster.fake_api import FakeAPI, status


def test_sends_body_query_credentials_and_user_agent(api: FakeAPI, client: Client) -> None:
    api.objects["/api/v1/pods"] = []
    client.request("GET", "/api/v1/pods", query={"limit": 5, "fieldSelector": "type=Warning", "watch": False})
    client.request(
        "PATCH",
        "/api/v1/pods",
        query={"limit": 1},
        body={"a": [1]},
        content_type="application/merge-patch+json",
    )
    (_, _, query, headers, _), (method, _, _, patch_headers, body) = api.requests
    assert query == {"limit": "5", "fieldSelector": "type=Warning", "watch": "false"}
    assert headers["authorization"] == "Bearer s3cret"
    assert headers["user-agent"].startswith("netdoctor/")
    assert (method, patch_headers["content-type"], json.loads(body)) == (
        "PATCH",
        "application/merge-patch+json",
        {"a": [1]},
    )


def test_a_refusal_carries_the_servers_reason(api: FakeAPI, client: Client) -> None:
    api.refusals["/api/v1/pods"] = status(403, "Forbidden", 'pods is forbidden: User "u" cannot list')
    with pytest.raises(ApiError) as caught:
        client.request("GET", "/api/v1/pods")
    error = caught.value
    assert (error.status, error.reason, error.message) == (
        403,
        "Forbidden",
        'pods is forbidden: User "u" cannot list',
    )
    assert "GET /api/v1/pods" in error.what
    assert "netdoctor rbac" in error.hint


def test_a_refusal_by_something_else_than_the_api_server(api: FakeAPI, client: Client) -> None:
    api.refusals["/x"] = (502, b"<html>Bad Gateway</html>")
    with pytest.raises(ApiError, match="502 Bad Gateway") as caught:
        client.request("GET", "/x")
    assert caught.value.message == "<html>Bad Gateway</html>"


def test_rejected_credentials_are_said_without_showing_them(api: FakeAPI, client: Client) -> None:
    api.token = "another"
    with pytest.raises(ApiError) as caught:
        client.request("GET", "/api/v1/pods")
    assert caught.value.status == 401
    assert "log in again" in str(caught.value)
    assert "s3cret" not in str(caught.value) + repr(caught.value)


def test_nothing_listens(api: FakeAPI, tmp_path: Path) -> None:
    api.url = "http://127.0.0.1:1"
    with pytest.raises(AccessError, match=r"cannot reach the API server http://127\.0\.0\.1:1") as caught:
        connect(api.kubeconfig(tmp_path), None, 5).request("GET", "/api")
    assert "refused" in caught.value.why
    assert "nothing listens there" in caught.value.hint


def test_a_server_that_does_not_speak_tls(api: FakeAPI, tmp_path: Path) -> None:
    api.url = api.url.replace("http:", "https:")
    with pytest.raises(AccessError) as caught:
        connect(api.kubeconfig(tmp_path), None, 5).request("GET", "/api")
    assert "certificate-authority" in caught.value.hint


def test_a_silent_server(api: FakeAPI, tmp_path: Path) -> None:
    release = threading.Event()
    api.streams["/slow"] = lambda: _after(release)
    with pytest.raises(AccessError) as caught:
        connect(api.kubeconfig(tmp_path), None, 5).request("GET", "/slow", timeout=0.05)
    release.set()
    assert "--request-timeout" in caught.value.hint


def _after(event: threading.Event) -> Iterator[bytes]:
    event.wait(10)
    yield b"late\n"


def test_stream_yields_lines_as_they_arrive(api: FakeAPI, client: Client) -> None:
    go_on = threading.Event()

    def log() -> Iterator[bytes]:
        yield b"one\ntw"
        go_on.wait(10)
        yield b"o\nrest"

    api.streams["/log"] = log
    with client.stream("/log", {"follow": True}) as stream:
        lines = iter(stream)
        assert next(lines) == b"one"  # before the server has sent the rest
        go_on.set()
        assert list(lines) == [b"two", b"rest"]
    assert api.asked("/log") == [{"follow": "true"}]


def test_close_wakes_a_stream_that_waits(api: FakeAPI, client: Client) -> None:
    forever = threading.Event()

    def log() -> Iterator[bytes]:
        yield b"first\n"
        forever.wait(10)

    api.streams["/log"] = log
    stream, seen, got_first = client.stream("/log"), list[bytes](), threading.Event()

    def follow() -> None:
        for line in stream:
            seen.append(line)
            got_first.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert got_first.wait(5)
    stream.close()
    stream.close()
    thread.join(5)
    alive = thread.is_alive()
    forever.set()
    assert not alive
    assert seen == [b"first"]


def test_stream_refused(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.stream("/nowhere")
    assert caught.value.status == 404
