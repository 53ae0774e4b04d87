"""`netdoctor trace` where all is well and where a hop fails: in the lab, and on the real cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.runner.access import Access, Kubectl
from e2e.tests.asking import asked, lab_named
from e2e.tests.conftest import Document, Place
from netdoctor.lab.client import Lab
from netdoctor.lab.session import on_node

BLOCK = "iptables -t raw {} PREROUTING -i eth0 -s 10.244.0.0/16 -d 10.244.0.0/16 -j DROP"


def _pod(name: str, node: str, *args: str) -> Document:
    container = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": [*args] or ["sleep"]}
    spec = {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def _service() -> Document:
    spec = {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "server"}, "spec": spec}


def _denying() -> Document:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed"},
        "spec": {"podSelector": {"matchLabels": {"app": "server"}}},
    }


def trace(*options: str, to: str = "svc/server", wrap: Callable[[list[str]], list[str]] = list) -> Document:
    """The report of the way from the client to the server, and its exit code."""
    return asked("trace", "pod/client", to, *options, wrap=wrap)


def hops(report: Document) -> list[tuple[str, bool | None]]:
    """Of the only way: names and whether each is as it should be."""
    [leg] = report["legs"]
    return [(hop["name"], hop["ok"]) for hop in leg["hops"]]


# In the lab ------------------------------------------------------------------------------------------------------


@contextmanager
def lab_with(name: str, folder: Path, *documents: Document, options: tuple[str, ...] = ()) -> Iterator[Lab]:
    """A lab with the client on worker-1 and the server on worker-2."""
    items = [_pod("client", "worker-1"), _pod("server", "worker-2", "http:8080"), _service(), *documents]
    file = folder / "objects.yaml"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    with lab_named(name, file, *options) as lab:
        yield lab


def test_lab_every_hop_of_a_sound_way(tmp_path: Path) -> None:
    """Both nodes are named, and the packets between them."""
    with lab_with("trace-sound", tmp_path):
        report = trace("--lab", "trace-sound")
    assert (report["verdict"], report["exit"]) == ("Healthy", 0)
    names = [name for name, _ in hops(report)]
    assert [name for name in names if "node worker" in name] == [
        "hop 1: node worker-1",
        "from node worker-1 to node worker-2",
        "hop 2: node worker-2",
    ]
    assert {ok for _, ok in hops(report)} == {True}


def test_lab_what_is_lost_between_nodes_fails_there(tmp_path: Path) -> None:
    """The end is not blamed: nothing shows that packets get that far."""
    with lab_with("trace-lost", tmp_path) as lab:
        assert on_node(lab, "worker-2", BLOCK.format("-I")) == (0, "")
        report = trace("--lab", "trace-lost")
    assert (report["verdict"], report["exit"]) == ("Unhealthy", 1)
    assert report["legs"][0]["failsAt"] == "from node worker-1 to node worker-2"
    assert dict(hops(report))["hop 1: node worker-1"] is True
    assert hops(report)[-1][1] is None


def test_lab_a_blocked_overlay_fails_between_the_nodes(tmp_path: Path) -> None:
    """Inside the tunnel nobody answers."""
    options = ("--overlay", "vxlan", "--fault", "vxlan-dropped:worker-1,worker-2")
    with lab_with("trace-vxlan", tmp_path, options=options):
        report = trace("--lab", "trace-vxlan")
    assert report["legs"][0]["failsAt"] == "from node worker-1 to node worker-2"


def test_lab_what_a_policy_denies_fails_there(tmp_path: Path) -> None:
    """And not at the pod, which would answer."""
    with lab_with("trace-denied", tmp_path, _denying()):
        report = trace("--lab", "trace-denied")
    assert (report["verdict"], report["exit"]) == ("Unhealthy", 1)
    assert report["legs"][0]["failsAt"].startswith("NetworkPolicy ingress")
    assert dict(hops(report))["hop 2: node worker-2"] is True


def test_lab_a_port_where_nobody_listens_fails_at_the_pod(tmp_path: Path) -> None:
    """Packets get there, and are refused."""
    with lab_with("trace-refused", tmp_path):
        report = trace("--lab", "trace-refused", to="pod/server:9")
    assert report["exit"] == 1
    assert report["legs"][0]["outcome"] == "refused"
    assert report["legs"][0]["failsAt"].startswith("pod server")
    assert dict(hops(report))["from node worker-1 to node worker-2"] is True


# On the cluster --------------------------------------------------------------------------------------------------


@pytest.fixture
def ends(place: Place, access: Access) -> Place:
    """The client and the server on different nodes of the cluster."""
    nodes = Kubectl(access).nodes
    place.apply(_pod("client", nodes["worker-1"]), _pod("server", nodes["worker-2"], "http:8080"), _service())
    place.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s")
    return place


def test_live_every_hop_of_a_sound_way(ends: Place) -> None:
    """Both nodes are named."""
    report = trace("-n", ends.namespace, *ends.access.options, wrap=ends.access.command)
    assert (report["verdict"], report["exit"]) == ("Healthy", 0), report
    nodes = Kubectl(ends.access).nodes
    assert f"from node {nodes['worker-1']} to node {nodes['worker-2']}" in dict(hops(report))


def test_live_what_is_lost_between_nodes_fails_there(ends: Place) -> None:
    """The end is not blamed."""
    if not ends.access.owned:
        pytest.skip("the nodes of a given cluster cannot be broken")
    kubectl = Kubectl(ends.access)
    kubectl.on_node("worker-2", BLOCK.format("-I"))
    try:
        report = trace("-n", ends.namespace, *ends.access.options, wrap=ends.access.command)
    finally:
        kubectl.on_node("worker-2", BLOCK.format("-D"))
    nodes = kubectl.nodes
    assert report["legs"][0]["failsAt"] == f"from node {nodes['worker-1']} to node {nodes['worker-2']}", report
