"""Network namespaces of the lab, and how their kernels are set (ip-sysctl in the kernel's documentation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyroute2 import IPRoute

from netdoctor.lab import kernel
from netdoctor.lab.kernel import Clone

#: Of a node: what it gets for others, it passes on.
ROUTER = {
    "ipv4/ip_forward": "1",
    "ipv6/conf/all/forwarding": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv6/conf/default/accept_dad": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/ping_group_range": "0 0",  # systemd lets every group have ping sockets (sysctl.d/50-default.conf)
}
#: Of a pod, and of what lies outside.
HOST = {
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/all/accept_dad": "0",
    "ipv4/ping_group_range": "0 0",
}
#: Of a host outside that a way leads through.
PASSING_ON = {
    "ipv4/ip_forward": "1",
    "ipv6/conf/all/forwarding": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/eth0/rp_filter": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/eth0/send_redirects": "0",  # nobody is told of a shorter way
}
_EVERYWHERE = {"ipv4/icmp_ratelimit": "0", "ipv6/icmp/ratelimit": "0"}  # a lab's ICMP errors are all wanted


@dataclass(slots=True)
class Space:
    """A network namespace, by a file descriptor, and a netlink socket in it."""

    descriptor: int
    links: IPRoute


def made(settings: Mapping[str, str], home: int) -> Space:
    """A new network namespace with its loopback up; this process goes back to `home`. Raises OSError."""
    kernel.unshare(Clone.NET)
    try:
        for name, value in {**_EVERYWHERE, **settings}.items():
            set_sysctl(name, value)
        links = IPRoute()
        links.link("set", index=1, state="up")
        return Space(kernel.own_namespace(Clone.NET), links)
    finally:
        kernel.enter(home, Clone.NET)


def set_sysctl(name: str, value: str) -> None:
    """Set a sysctl of the present network namespace; what this kernel does not have is not missed."""
    path = Path("/proc/sys/net") / name
    if path.exists():
        path.write_text(value, encoding="ascii")
