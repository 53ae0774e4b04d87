"""A client, a router and a server in network namespaces of their own, over both IP families.

The router forwards, except for these TCP and UDP ports of the server: see `RULES`.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from netdoctor_probe import agent
from netdoctor_probe.wire import Observation, Plan, Probe

REPOSITORY = Path(__file__).parents[2]
_CLONE_NEWNET = 0x40000000
_LISTENERS = ("http:8080", "tcp:5432", "udp:5353")

CLOSED, DROPPED, REJECTED, PROHIBITED, RESET, LOSSY = 81, 1001, 1002, 1003, 1004, 1005
SILENT = range(20000, 20250)
RULES = (
    f"-A FORWARD -p tcp --dport {DROPPED} -j DROP",
    f"-A FORWARD -p udp --dport {DROPPED} -j DROP",
    f"-A FORWARD -p tcp --dport {SILENT.start}:{SILENT.stop - 1} -j DROP",
    f"-A FORWARD -p tcp --dport {REJECTED} -j REJECT",
    f"-A FORWARD -p udp --dport {REJECTED} -j REJECT",
    f"-A FORWARD -p tcp --dport {RESET} -j REJECT --reject-with tcp-reset",
    f"-A FORWARD -p tcp --dport {LOSSY} -m statistic --mode nth --every 2 --packet 0 -j DROP",
)
PROHIBIT = {4: "icmp-admin-prohibited", 6: "icmp6-adm-prohibited"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """One IP family. Nobody has `absent`, beside the server, nor `nearby`, beside the client."""

    version: int
    client: str
    router: str
    far_router: str
    server: str
    absent: str
    nearby: str
    unrouted: str


V4 = Addresses(4, "10.98.1.2", "10.98.1.1", "10.98.2.1", "10.98.2.2", "10.98.2.99", "10.98.1.99", "10.97.0.1")
V6 = Addresses(6, "fd98:1::2", "fd98:1::1", "fd98:2::1", "fd98:2::2", "fd98:2::99", "fd98:1::99", "fd97::1")


@dataclass(frozen=True, slots=True)
class Network:
    """The namespaces' names."""

    client: str
    router: str
    server: str

    def observe(self, *probes: Probe, parallel: int = 256, deadline: float = 30.0) -> dict[str, Observation]:
        """Runs probes in the client's namespace; the observations by probe id."""
        seen: list[Observation] = []
        inside(self.client, lambda: agent.run(Plan(probes, parallel, deadline), seen.append))
        return {observation.id: observation for observation in seen}

    def one(self, probe: Probe) -> Observation:
        """Runs one probe there."""
        return self.observe(probe)[probe.id]


def unable() -> str | None:
    """Why namespaces cannot be made here; None if they can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    name = f"ndt{os.getpid()}-try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return tried.stderr.strip() or None


@contextmanager
def network() -> Iterator[Network]:
    """Makes the namespaces and starts the server; removes them afterwards."""
    made = Network(*(f"ndt{os.getpid()}-{role}" for role in ("client", "router", "server")))
    try:
        _build(made)
        with _server(made.server):
            yield made
    finally:
        for name in (made.client, made.router, made.server):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def inside(namespace: str, act: Callable[[], None]) -> None:
    """Runs `act` in a thread that has entered the namespace: its sockets are there. Raises what `act` raises."""
    failed: list[BaseException] = []

    def entered() -> None:
        try:
            with Path("/run/netns", namespace).open() as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            act()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    thread = threading.Thread(target=entered)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _build(made: Network) -> None:
    commands = []
    for number, (end, address) in enumerate(((made.client, "2"), (made.server, "2")), 1):
        commands += [
            f"-n {made.router} link add side{number} type veth peer name eth0 netns {end}",
            f"-n {made.router} address add 10.98.{number}.1/24 dev side{number}",
            f"-n {made.router} address add fd98:{number}::1/64 dev side{number} nodad",
            f"-n {made.router} link set side{number} up",
            f"-n {end} address add 10.98.{number}.{address}/24 dev eth0",
            f"-n {end} address add fd98:{number}::{address}/64 dev eth0 nodad",
            f"-n {end} link set eth0 up",
            f"-n {end} link set lo up",
            f"-n {end} route add 10.98.0.0/16 via 10.98.{number}.1",
            f"-n {end} route add fd98::/16 via fd98:{number}::1",
        ]
    for name in (made.client, made.router, made.server):
        _run("ip", "netns", "add", name)
        # Without it the link-local addresses, from which neighbours are asked for, are unusable for a second.
        _run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
    for command in commands:
        _run("ip", *command.split())
    settings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
    settings += ["net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0"]  # tests follow one another quickly
    # Nobody answers for `absent`: found out in 0.3 s instead of 3.
    quick = [f"net.{ip}.neigh.{{}}.retrans_time_ms=100" for ip in ("ipv4", "ipv6")]
    _run("ip", "netns", "exec", made.router, "sysctl", "-qw", *settings, *(key.format("side2") for key in quick))
    _run("ip", "netns", "exec", made.client, "sysctl", "-qw", *(key.format("eth0") for key in quick))
    for tool, version in (("iptables", 4), ("ip6tables", 6)):
        prohibited = f"-A FORWARD -p tcp --dport {PROHIBITED} -j REJECT --reject-with {PROHIBIT[version]}"
        for rule in (*RULES, prohibited):
            _run("ip", "netns", "exec", made.router, tool, *rule.split())


@contextmanager
def _server(namespace: str) -> Iterator[None]:
    command = ["ip", "netns", "exec", namespace, sys.executable, "-m", "netdoctor_apps.testapp", *_LISTENERS]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:
        try:
            for _ in _LISTENERS:
                assert process.stderr is not None
                line = process.stderr.readline()
                assert "listening on" in line, line
            yield
        finally:
            process.terminate()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
