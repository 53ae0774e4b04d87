"""resolv.conf as glibc reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor_probe import resolv_conf
from netdoctor_probe.resolv_conf import ResolvConf, parse
from netdoctor_probe.wire import Outcome, Probe, ProbeKind
from tests.probes.test_agent import run


def test_a_pods_file() -> None:
    text = "search ns.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5 edns0\n"
    assert parse(text) == ResolvConf(
        nameservers=("10.96.0.10",),
        search=("ns.svc.cluster.local", "svc.cluster.local"),
        ndots=5,
        options=("ndots:5", "edns0"),
    )


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("", "nameservers", ("127.0.0.1",)),
        ("# nameserver 1.1.1.1\n; nameserver 1.1.1.1\n nameserver 1.1.1.1", "nameservers", ("127.0.0.1",)),
        ("nameserver\t::1\nnameserver fe80::1%eth0", "nameservers", ("::1", "fe80::1%eth0")),
        ("nameserver ns.example\nnameserver 1.1.1.1", "nameservers", ("1.1.1.1",)),
        ("nameserver 1.1.1.1\n" * 4, "nameservers", ("1.1.1.1",) * 3),
        ("nameserver 1.1.1.1\n" * 4, "ignored", ("1.1.1.1",)),
        ("search a b\ndomain c d", "search", ("c",)),
        ("domain c\nsearch a b", "search", ("a", "b")),
        ("search " + " ".join(f"d{n}" for n in range(32)), "search", tuple(f"d{n}" for n in range(32))),
        ("", "search", ("example.org",)),  # of the host's own name
        ("options ndots:99", "ndots", 15),
        ("options ndots:x", "ndots", 0),
        ("options timeout:99 attempts:99", "timeout", 30),
        ("options timeout:99 attempts:99", "attempts", 5),
        ("options ndots:2\noptions ndots:3 rotate", "ndots", 3),
        ("options rotate", "rotate", True),
        ("options use-vc", "use_vc", True),
    ],
)
def test_rules(text: str, field: str, value: object) -> None:
    assert getattr(parse(text, "host.example.org"), field) == value


@given(st.text(alphabet="nameserverchoptidon :\t\n#;.0123456789\x00é", max_size=200))
def test_any_text_is_a_configuration(text: str) -> None:
    conf = parse(text)
    assert 1 <= len(conf.nameservers) <= 3
    assert 0 <= conf.ndots <= 15


def test_probe_reports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.96.0.10\nsearch a\noptions ndots:5\n")
    monkeypatch.setattr(resolv_conf, "PATH", file)
    (seen,) = run(Probe("r", ProbeKind.RESOLV_CONF))
    assert (seen.outcome, seen.detail["nameservers"], seen.detail["ndots"]) == (Outcome.OK, ["10.96.0.10"], 5)
    monkeypatch.setattr(resolv_conf, "PATH", tmp_path)
    (seen,) = run(Probe("r", ProbeKind.RESOLV_CONF))
    assert seen.outcome is Outcome.ERROR
