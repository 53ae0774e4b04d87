"""Interfaces and routes, in a network namespace of the test's own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netdoctor_apps.net.__main__ import main

_PROLOGUE = """
import sys
from netdoctor.lab import kernel
from netdoctor.lab.kernel import Clone
try:
    kernel.unshare(Clone.USER | Clone.NET)
except OSError as error:
    sys.exit(77)
from pyroute2 import IPRoute
from netdoctor_apps.net.__main__ import main
with IPRoute() as links:
    links.link("set", index=1, state="up")
    links.link("add", ifname="eth0", kind="veth", peer="eth1")
    (other,), (index,) = links.link_lookup(ifname="eth1"), links.link_lookup(ifname="eth0")
    for one in (other, index):
        links.link("set", index=one, state="up")
    links.addr("add", index=index, address="192.0.2.1", prefixlen=24)
    links.addr("add", index=index, address="2001:db8::1", prefixlen=64, flags=2)
"""


def inside(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _PROLOGUE + program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if ended.returncode == 77:
        pytest.skip("user namespaces are forbidden here")
    return ended


def test_routes_come_and_go() -> None:
    said = inside(
        'code = main(["add", "10.244.2.0/24", "via", "192.0.2.9"])\n'
        'code = code or main(["add", "fd00::/64", "via", "2001:db8::9"])\n'
        'code = code or main([]) or main(["del", "10.244.2.0/24", "via", "192.0.2.9"])\n'
        'print("--")\n'
        "sys.exit(code or main([]))"
    )
    assert (said.returncode, said.stderr) == (0, "")
    before, _, after = said.stdout.partition("--\n")
    assert "interface eth0: 192.0.2.1/24 2001:db8::1/64" in before
    assert "route 10.244.2.0/24 via 192.0.2.9 dev eth0\n" in before
    assert "route fd00::/64 via 2001:db8::9 dev eth0\n" in before
    assert "route 192.0.2.0/24 dev eth0\n" in after
    assert "10.244.2.0/24" not in after


@pytest.mark.parametrize(
    "arguments", [["del", "10.9.0.0/16", "via", "192.0.2.9"], ["add", "10.9.0.0/16", "via", "10.1.1.1"]]
)
def test_what_the_kernel_refuses_is_one_clear_line(arguments: list[str]) -> None:
    said = inside(f"sys.exit(main({arguments!r}))")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith(f"net: {' '.join(arguments)}: ")
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["show"],
        ["add", "x", "via", "10.0.0.1"],
        ["add", "10.0.0.1/8", "via", "10.0.0.1"],
        ["add", "::/0", "via", "10.0.0.1"],
    ],
)
def test_a_bad_argument_is_one_clear_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
