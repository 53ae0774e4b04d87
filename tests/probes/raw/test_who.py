"""Who answers a SYN: the TTL tells an endpoint's RST from a router's."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from netdoctor_probe.wire import Outcome, Plan, Probe, ProbeKind, encode_plan
from tests.probes.network import CLOSED, DROPPED, PROHIBITED, REPOSITORY, RESET, Addresses, Network

HOPS = {8080: 1, CLOSED: 1, RESET: 0}  # routers between the client and whoever answers

WITHOUT_NET_RAW = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")


def who(host: str, port: int) -> Probe:
    return Probe("w", ProbeKind.WHO, host, port, timeout=0.5)


@pytest.mark.parametrize(
    ("port", "outcome", "answer"),
    [
        (8080, Outcome.OK, "SYN-ACK"),
        (CLOSED, Outcome.REFUSED, "RST"),
        (RESET, Outcome.REFUSED, "RST"),
    ],
)
def test_answer_and_its_ttl(net: Network, addresses: Addresses, port: int, outcome: Outcome, answer: str) -> None:
    seen = net.one(who(addresses.server, port))
    assert (seen.outcome, seen.answered_by) == (outcome, addresses.server)
    assert seen.detail["answer"] == answer
    assert seen.detail["ttl"] == 64 - HOPS[port]


def test_icmp_error(net: Network, addresses: Addresses) -> None:
    seen = net.one(who(addresses.server, PROHIBITED))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, addresses.router)
    assert seen.detail["meaning"] == "admin prohibited"


def test_silence(net: Network, addresses: Addresses) -> None:
    assert net.one(who(addresses.server, DROPPED)).outcome is Outcome.TIMEOUT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a privilege to drop")
def test_without_net_raw_it_is_skipped_and_the_others_run() -> None:
    plan = Plan((who("127.0.0.1", 9), Probe("t", ProbeKind.TCP, "127.0.0.1", 9)))
    ended = subprocess.run(
        [*WITHOUT_NET_RAW, sys.executable, "-m", "netdoctor_probe", "--plan", "-"],
        input=encode_plan(plan),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(REPOSITORY / "probes")},
    )
    seen = {line["id"]: line for line in map(json.loads, ended.stdout.splitlines()[:-1])}
    assert (seen["w"]["outcome"], seen["t"]["outcome"]) == ("skipped", "refused")
    assert "NET_RAW" in seen["w"]["detail"]["because"]
