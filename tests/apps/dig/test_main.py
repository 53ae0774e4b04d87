"""The DNS client for lessons."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.resolver
import pytest

from netdoctor_apps.dig import __main__ as dig
from netdoctor_apps.dig.__main__ import main
from tests.apps.dns.documents import SHOP
from tests.apps.ports import free_port
from tests.apps.programs import running


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    zone = tmp_path_factory.mktemp("dns") / "zone.json"
    zone.write_text(json.dumps(SHOP))
    port = free_port()
    with running("dns", "--zone", str(zone), "--listen", str(port), listeners=2):
        yield port


@pytest.fixture
def resolv_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.1\nsearch shop.svc.cluster.local svc.cluster.local\noptions ndots:5\n")
    monkeypatch.setattr(dns.resolver.Resolver, "__init__", _from(file))
    return file


def _from(file: Path) -> object:
    real = dns.resolver.Resolver.__init__

    def made(resolver: dns.resolver.Resolver) -> None:
        real(resolver, str(file))

    return made


@pytest.mark.parametrize("way", [[], ["+tcp"]])
def test_records(port: int, way: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"@127.0.0.1:{port}", *way, "web.shop.svc.cluster.local"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"web.shop.svc.cluster.local. from 127.0.0.1 over {'TCP' if way else 'UDP'}: NOERROR",
        "web.shop.svc.cluster.local. 30 IN A 10.96.0.7",
    ]


@pytest.mark.parametrize(("name", "code"), [("web.cluster.local", "NXDOMAIN"), ("shop.svc.cluster.local", "NOERROR")])
def test_no_records(port: int, name: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"@[::1]:{port}", name, "aaaa"]) == 1
    assert capsys.readouterr().out == f"{name}. from ::1 over UDP: {code}\n"


def test_the_names_that_a_pod_would_ask_for(port: int, resolv_conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"@127.0.0.1:{port}", "+search", "web.shop"]) == 0
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "web.shop.shop.svc.cluster.local.",
        "web.shop.svc.cluster.local.",
        "web.shop.svc.cluster.local.",
    ]


def test_a_name_with_dots_enough_comes_first(port: int, resolv_conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"@127.0.0.1:{port}", "+search", "web.shop.svc.cluster.local."]) == 0
    assert capsys.readouterr().out.count("NOERROR") == 1


def test_a_server_that_does_not_answer(
    resolv_conf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dig, "_TIMEOUT", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        assert main([f"@127.0.0.1:{silent.getsockname()[1]}", "web"]) == 1
    assert capsys.readouterr().err == "web. from 127.0.0.1 over UDP: no answer within 0.1 s\n"
    assert main([f"@127.0.0.1:{free_port()}", "+tcp", "web"]) == 1
    assert "refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "NAME"),
        (["a", "A", "x"], "NAME"),
        ([""], "NAME"),
        (["a..b"], "empty"),
        (["a", "nothing"], "'nothing'"),
        (["+short", "a"], "'+short'"),
        (["@server", "a"], "'server'"),
        (["@127.0.0.1:0", "a"], "the port must be"),
        (["@127.0.0.1", "@127.0.0.2", "a"], "SERVER"),
    ],
)
def test_a_bad_argument_is_one_clear_line(
    arguments: list[str], says: str, resolv_conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
