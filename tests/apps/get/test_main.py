"""The client for lessons."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from netdoctor_apps.get import __main__ as get
from netdoctor_apps.get.__main__ import main
from netdoctor_apps.get.client import Answer
from tests.apps.ports import free_port
from tests.apps.programs import running


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int, int]]:
    made = (free_port(), free_port(), free_port())
    web, secured, line = made
    names = {"POD_NAME": "pod-7", "TLS_NAMES": "shop.example,127.0.0.1"}
    with running("testapp", f"http:{web}", f"tls:{secured}", f"tcp:{line}", listeners=3, **names):
        yield made


def test_an_answer(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"http://127.0.0.1:{ports[0]}/a?b=c"]) == 0
    head, _, body = capsys.readouterr().out.partition("\n\n")
    assert head.splitlines() == ["HTTP/1.1 200 OK", "Content-Type: application/json", "Server: testapp"]
    assert (json.loads(body)["path"], json.loads(body)["host"]) == ("/a?b=c", f"127.0.0.1:{ports[0]}")


def test_another_name_at_the_same_address(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "shop.example", f"127.0.0.1:{ports[0]}"]) == 0
    assert '"host": "shop.example"' in capsys.readouterr().out


def test_each_url_has_its_answer(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"http://127.0.0.1:{ports[0]}/status/{status}" for status in (200, 404)]) == 1
    assert "HTTP/1.1 404 Not Found" in capsys.readouterr().out


def test_the_line_of_a_tcp_server(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"tcp://127.0.0.1:{ports[2]}"]) == 0
    assert capsys.readouterr().out.startswith("127.0.0.1:")


def test_a_certificate_that_nobody_vouches_for(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    url = f"https://127.0.0.1:{ports[1]}"
    assert main([url]) == 1
    assert capsys.readouterr().err == f"get: {url}: certificate not accepted: self-signed certificate\n"
    assert main(["-k", url]) == 0
    assert "200 OK" in capsys.readouterr().out


def test_any_issuer_but_not_any_name(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    url = f"https://127.0.0.1:{ports[1]}"
    assert main(["--any-issuer", "--host", "shop.example", url]) == 0
    assert '"host": "shop.example"' in capsys.readouterr().out
    assert main(["--any-issuer", "--host", "other.example", url]) == 1
    assert "certificate not accepted: Hostname mismatch" in capsys.readouterr().err


def test_how_often_each_pod_answers(ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{ports[0]}"
    assert main(["--same-pod", "3", url]) == 0
    assert capsys.readouterr().out == f"{url}: pod-7 3×\n"
    assert main(["--same-pod", "2", f"{url}/bytes/3"]) == 1
    assert capsys.readouterr().out == f"{url}/bytes/3: ? 2×\n"


def test_several_pods_are_not_the_same_pod(
    ports: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pods = iter(["b", "a", "b"])
    monkeypatch.setattr(get, "ask", lambda url, wish: Answer(200, "OK", {}, json.dumps({"pod": next(pods)}).encode()))
    assert main(["--same-pod", "3", "web"]) == 1
    assert capsys.readouterr().out == "http://web: a 1×, b 2×\n"


def test_what_does_not_answer_is_one_clear_line(
    ports: tuple[int, int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for url, says in (
            (f"http://127.0.0.1:{free_port()}", "connection refused"),
            (f"http://127.0.0.1:{silent.getsockname()[1]}", "timed out"),
            (f"https://127.0.0.1:{ports[2]}", "no TLS: wrong version number"),
            (f"http://127.0.0.1:{ports[2]}", "no HTTP"),
        ):
            assert main(["--timeout", "0.5", url]) == 1
            said = capsys.readouterr().err
            assert said.startswith(f"get: {url}: {says}")
            assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "URL"),
        (["ftp://x"], "'ftp://x'"),
        (["http://x:y"], "'http://x:y'"),
        (["tcp://x"], "tcp needs a port"),
        (["--timeout", "0", "x"], "--timeout"),
        (["--timeout", "x", "x"], "--timeout"),
        (["--what", "x"], "--what"),
        (["--same-pod", "-1", "x"], "--same-pod"),
    ],
)
def test_a_bad_argument_is_one_clear_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
