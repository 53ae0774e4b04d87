"""Which ports this network namespace listens on, as the kernel lists them.

Source: Linux Documentation/networking/proc_net_tcp.rst; the state codes are those of net/tcp_states.h.
"""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path
from typing import Any

from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe

PROC = Path("/proc/net")
_TCP_LISTEN = "0A"
_UDP_UNCONNECTED = "07"  # TCP_CLOSE: bound, and open to everyone


def run(probe: Probe) -> Task[Observation]:
    """Detail: listening [{protocol: tcp or udp, address, port}]. An address `::` usually serves IPv4 too."""
    yield from ()
    listening = [
        entry
        for table in ("tcp", "tcp6", "udp", "udp6")
        if (PROC / table).exists()  # a kernel without IPv6 has no tcp6
        for entry in parse(table[:3], (PROC / table).read_text(encoding="ascii"))
    ]
    return Observation(probe.id, Outcome.OK, 0.0, detail={"listening": listening})


def parse(protocol: str, table: str) -> list[dict[str, Any]]:
    """The listening sockets of one table, each address and port once, in the order of ports."""
    wanted = _TCP_LISTEN if protocol == "tcp" else _UDP_UNCONNECTED
    found = set()
    for line in table.splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        address, _, port = local.partition(":")
        if state == wanted and int(port, 16):
            found.add((int(port, 16), _address(address)))
    return [{"protocol": protocol, "address": address, "port": port} for port, address in sorted(found)]


def _address(text: str) -> str:
    """An address as the kernel prints it: in words of 32 bits, each a number of the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
