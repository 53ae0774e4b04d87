"""A TCP or UDP probe that has a name instead of a host."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from netdoctor_probe import resolv_conf
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.fake_dns import Answer, serving
from tests.probes.test_agent import run

SERVER = "127.0.0.1"


@pytest.fixture(autouse=True)
def conf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(f"nameserver {SERVER}\nsearch ns.svc\n")
    monkeypatch.setattr(resolv_conf, "PATH", path)


def reach(name: str, port: int) -> Observation:
    def table(asked: str, qtype: str, transport: str) -> Answer:
        return ["127.0.0.1"] if (asked, qtype) == ("web.ns.svc", "A") else [] if asked == "web.ns.svc" else "NXDOMAIN"

    with serving(table):
        (seen,) = run(Probe("a", ProbeKind.TCP, port=port, name=name))
    return seen


def test_connects_to_the_address_of_the_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = reach("web", server.getsockname()[1])
    assert (seen.outcome, seen.answered_by, seen.detail["address"]) == (Outcome.OK, "127.0.0.1", "127.0.0.1")


def test_a_name_without_address_is_not_connected_to() -> None:
    seen = reach("nothing", 80)
    assert (seen.id, seen.outcome, seen.detail["status"]) == ("a", Outcome.UNRESOLVABLE, "nxdomain")
