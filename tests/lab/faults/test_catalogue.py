"""How faults are written."""

from __future__ import annotations

import pytest

from netdoctor.lab.faults.catalogue import KINDS, parse, require_nodes
from netdoctor.model.errors import InputError


@pytest.mark.parametrize(
    ("text", "number", "nodes"),
    [
        ("dns-down", 0, ()),
        ("mtu-black-hole", 1400, ()),
        ("mtu-black-hole:1300", 1300, ()),
        ("loss:5", 5, ()),
        ("loss:5,worker-1", 5, ("worker-1",)),
        ("hairpin-off", 0, ()),
        ("hairpin-off:a", 0, ("a",)),
        ("vxlan-dropped:b,a", 0, ("b", "a")),
    ],
)
def test_a_fault_has_its_number_and_its_nodes(text: str, number: int, nodes: tuple[str, ...]) -> None:
    fault = parse(text)
    assert (fault.kind.name, fault.number, fault.nodes) == (text.partition(":")[0], number, nodes)


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("vxlan-dropped", "vxlan-dropped:NODE,NODE"),
        ("vxlan-dropped:a", "vxlan-dropped:NODE,NODE"),
        ("vxlan-dropped:a,a", "vxlan-dropped:NODE,NODE"),
        ("vxlan-dropped:a,", "vxlan-dropped:NODE,NODE"),
        ("proxy-gone", "proxy-gone:NODE"),
        ("proxy-gone:a,b", "proxy-gone:NODE"),
        ("loss", "loss:PERCENT[,NODE]"),
        ("loss:a", "loss:PERCENT[,NODE]"),
        ("loss:-1", "loss:PERCENT[,NODE]"),
        ("delay:1,a,b", "delay:MILLISECONDS[,NODE]"),
        ("dns-down:a", "dns-down"),
        ("dns-down:", "dns-down"),
        ("hairpin-off:", "hairpin-off[:NODE]"),
        ("mtu-black-hole:many", "mtu-black-hole[:BYTES]"),
    ],
)
def test_wrong_arguments_show_how_it_is_written(text: str, usage: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert caught.value.what == f"--fault {text}: write it as {usage}"


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("loss:0", "1 to 100"),
        ("loss:101", "1 to 100"),
        ("mtu-black-hole:1500", "576 to 1499"),
        ("delay:1000000", "1 to"),
    ],
)
def test_a_number_has_limits(text: str, limits: str) -> None:
    with pytest.raises(InputError, match=limits):
        parse(text)


def test_an_unknown_fault_names_all_that_there_are() -> None:
    with pytest.raises(InputError, match=", ".join(KINDS)):
        parse("rain")


def test_nodes_must_exist() -> None:
    fault = parse("vxlan-dropped:a,b")
    require_nodes(fault, ["a", "b"])
    with pytest.raises(InputError, match="there is no node b; there are a, c"):
        require_nodes(fault, ["a", "c"])
