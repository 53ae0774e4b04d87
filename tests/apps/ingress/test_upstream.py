"""Requests to endpoints that do not answer."""

from __future__ import annotations

import http.client
import socket

import pytest

from netdoctor_apps.ingress import upstream
from netdoctor_apps.ingress.table import Backend
from netdoctor_apps.ingress.upstream import NoAnswerError, Upstreams


def test_an_endpoint_that_does_not_answer_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "_READ", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        backend = Backend("Service shop/web", False, (("127.0.0.1", silent.getsockname()[1]),), "")
        with pytest.raises(NoAnswerError, match="does not answer") as raised:
            Upstreams().ask(backend, lambda to: to.request("GET", "/"))
    assert raised.value.status == 504


def test_three_endpoints_are_tried_and_no_more() -> None:
    asked: list[int] = []

    def refuse(to: http.client.HTTPConnection) -> None:
        asked.append(to.port)
        raise ConnectionResetError(104, "Connection reset by peer")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        places = tuple((host, port) for host in ("127.0.0.1", "localhost") * 3)
        with pytest.raises(NoAnswerError) as raised:
            Upstreams().ask(Backend("Service shop/web", False, places, ""), refuse)
    assert (raised.value.status, len(asked)) == (502, 3)
