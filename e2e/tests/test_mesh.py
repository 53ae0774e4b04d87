"""`netdoctor mesh` on three nodes, sound and with a fault between them: in the lab, and on the real cluster.

The same rules break both: on each node what comes in from others is dropped before anything else sees it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from e2e.runner.access import Access, Kubectl
from e2e.tests.asking import asked, lab_named
from e2e.tests.conftest import Document
from netdoctor.lab.client import Lab
from netdoctor.lab.session import on_node

EVERY = ("control-plane", "worker-1", "worker-2")
_FROM_OTHERS = "iptables -t raw {} PREROUTING -i eth0"
#: By the cause that is to be named: on which nodes, and the rules, the last of them first in the chain.
FAULTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "CrossNodePathBroken": (EVERY, (f"{_FROM_OTHERS} -s 10.244.0.0/16 -d 10.244.0.0/16 -j DROP",)),
    "PathMTUBlackhole": (EVERY, (f"{_FROM_OTHERS} -p udp -m length --length 1401:65535 -j DROP",)),
    # Kubernetes must go on hearing of the node, or no pod could start there.
    "NodeIsolated": (
        ("worker-2",),
        (f"{_FROM_OTHERS} -j DROP", f"{_FROM_OTHERS} -p tcp --sport 6443 -j ACCEPT"),
    ),
}
OnNode = Callable[[str, str], object]


@contextmanager
def broken(code: str, on_a_node: OnNode) -> Iterator[None]:
    """With that fault on the nodes; it is taken back at the end."""
    nodes, rules = FAULTS[code]
    with ExitStack() as undone:
        for node in nodes:
            for rule in rules:
                on_a_node(node, rule.format("-I"))
                undone.callback(on_a_node, node, rule.format("-D"))
        yield


def mesh(*options: str, wrap: Callable[[list[str]], list[str]] = list) -> Document:
    """The report of a mesh, and its exit code."""
    return asked("mesh", *options, wrap=wrap)


def codes(report: Document) -> list[str]:
    """The causes that are named."""
    return [cause["code"] for cause in report["causes"]]


def nodes_named(report: Document) -> set[str]:
    """The nodes that are named with them."""
    return {ref["name"] for cause in report["causes"] for ref in cause["objects"]}


# In the lab ------------------------------------------------------------------------------------------------------


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Manifests that say no more than that pods' packets travel in VXLAN."""
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "calico-config", "namespace": "kube-system"},
    }
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({**config, "data": {"calico_backend": "vxlan"}}))
    return file


def _in(lab: Lab) -> OnNode:
    def run(node: str, command: str) -> None:
        code, said = on_node(lab, node, command)
        assert code == 0, said

    return run


def test_lab_sound_nodes_are_healthy(empty: Path) -> None:
    """Every pair passes, nothing is lost."""
    with lab_named("mesh-sound", empty):
        report = mesh("--lab", "mesh-sound")
    assert (report["verdict"], report["exit"]) == ("Healthy", 0)
    assert len(report["pairs"]) == 18
    assert all(pair["sent"] == pair["received"] == 20 and pair["mtu"] == 1500 for pair in report["pairs"])


def test_lab_one_node_has_nothing_between_nodes(empty: Path) -> None:
    """That is healthy, and said."""
    with lab_named("mesh-one", empty, "--nodes", "1"):
        report = mesh("--lab", "mesh-one")
    assert (report["verdict"], report["exit"]) == ("Healthy", 0)
    assert "nothing lies between nodes" in report["summary"]


@pytest.mark.parametrize("code", FAULTS)
def test_lab_what_is_broken_between_nodes_is_named(code: str, empty: Path) -> None:
    """The cause, the nodes, and nothing else."""
    name = f"mesh-{code.lower()}"
    with lab_named(name, empty) as lab, broken(code, _in(lab)):
        report = mesh("--lab", name)
    assert (codes(report), report["exit"]) == ([code], 1)
    assert nodes_named(report) == set(FAULTS[code][0])


def test_lab_a_blocked_overlay_is_named_with_its_port(empty: Path) -> None:
    """The remedy is the port that the network plugin needs."""
    pairs = ("control-plane,worker-1", "control-plane,worker-2", "worker-1,worker-2")
    faults = [word for pair in pairs for word in ("--fault", f"vxlan-dropped:{pair}")]
    with lab_named("mesh-vxlan", empty, "--overlay", "vxlan", *faults):
        report = mesh("--lab", "mesh-vxlan")
    assert codes(report) == ["CrossNodePathBroken"]
    assert "UDP 4789 (VXLAN)" in report["causes"][0]["fixes"][0]["title"]


def test_lab_one_blocked_link_is_named_and_no_other(empty: Path) -> None:
    """The third node is not blamed."""
    with lab_named("mesh-link", empty, "--overlay", "vxlan", "--fault", "vxlan-dropped:worker-1,worker-2"):
        report = mesh("--lab", "mesh-link")
    assert codes(report) == ["CrossNodePathBroken"]
    assert nodes_named(report) == {"worker-1", "worker-2"}


def test_lab_a_smaller_mtu_that_routers_tell_is_no_black_hole(empty: Path) -> None:
    """The overlay's own interface is smaller, and says so to whoever sends more."""
    with lab_named("mesh-clean", empty, "--overlay", "vxlan") as lab:
        for node in EVERY:
            _in(lab)(node, "ip link set vxlan.lab mtu 1300")
        report = mesh("--lab", "mesh-clean")
    assert (codes(report), report["exit"]) == ([], 0)
    between = [pair for pair in report["pairs"] if pair["network"] == "pod" and pair["from"] != pair["to"]]
    assert {(pair["mtu"], pair["believedMtu"]) for pair in between} == {(1300, 1450)}


# On the cluster --------------------------------------------------------------------------------------------------


def test_live_sound_nodes_are_healthy(access: Access) -> None:
    """Every pair passes."""
    report = mesh(*access.options, wrap=access.command)
    assert (report["verdict"], report["exit"]) == ("Healthy", 0), report


@pytest.mark.parametrize("code", FAULTS)
def test_live_what_is_broken_between_nodes_is_named(code: str, access: Access) -> None:
    """The cause, the nodes, and nothing else."""
    if not access.owned:
        pytest.skip("the nodes of a given cluster cannot be broken")
    kubectl = Kubectl(access)
    with broken(code, kubectl.on_node):
        report = mesh(*access.options, wrap=access.command)
    assert (codes(report), report["exit"]) == ([code], 1), report
    assert nodes_named(report) == {kubectl.nodes[node] for node in FAULTS[code][0]}
