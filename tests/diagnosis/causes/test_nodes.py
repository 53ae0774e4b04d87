"""Causes on the way from node to node, and what looks like them."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.node_firewall import NodeFirewallRejects
from netdoctor.diagnosis.causes.nodes import CrossNodePathBroken, NodeIsolated
from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.aims import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    policy,
    refs,
    ruled_out,
    sees,
    service,
    web,
)

FLANNEL = manifest("DaemonSet", "kube-flannel-ds", "apps/v1", "kube-flannel")
NET_CONF = manifest(
    "ConfigMap", "kube-flannel-cfg", namespace="kube-flannel", data={"net-conf.json": '{"Backend": {"Type": "vxlan"}}'}
)
PODS = (Aim.BACKEND, Aim.DNS_SERVER, Aim.OTHER_PROTOCOL, Aim.OTHER_PORT, Aim.PATH_MTU, Aim.UNREADY)


def third_node(ready: str = "True") -> Manifest:
    return manifest(
        "Node",
        "worker-3",
        namespace="",
        spec={"podCIDR": "10.244.3.0/24"},
        status={
            "conditions": [{"type": "Ready", "status": ready, "message": "no heartbeat"}],
            "addresses": [{"type": "InternalIP", "address": "172.18.0.3"}],
        },
    )


def between(*, cut: Collection[frozenset[str]], nodes_too: bool = False, lost: Sight = Outcome.TIMEOUT) -> See:
    """What is sent between two nodes of a pair in `cut` is lost: of pods, and with `nodes_too` of nodes."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        here = str(position.node)
        there = aimed.backend.node if aimed.backend else aimed.entrance.node if aimed.entrance else ""
        if aimed.aim is Aim.NODE:
            return Outcome.TIMEOUT if nodes_too and frozenset((here, there)) in cut else Outcome.REFUSED
        if aimed.aim in PODS and frozenset((here, there)) in cut:
            return lost
        behind = {Aim.VIP: "worker-1", Aim.NAME: "worker-2", Aim.DNS_VIP: "worker-2"}.get(aimed.aim)
        if behind and frozenset((here, behind)) in cut:
            return Outcome.TIMEOUT
        return Outcome.OK

    return see


ONE_TWO = frozenset(("worker-1", "worker-2"))


def overlay_broken(*more: Manifest) -> Case:
    snapshot = cluster(api(), web(), FLANNEL, NET_CONF, third_node(), *more)
    return examine(snapshot, "svc/api", between(cut=[ONE_TWO]), source="deploy/web")


def test_packets_of_pods_are_lost_and_nodes_reach_each_other() -> None:
    case = overlay_broken()
    item = found(CrossNodePathBroken, case)
    assert refs(item) == ["Node worker-1", "Node worker-2"]
    assert item.finding.certainty is Certainty.LIKELY
    assert "UDP 8472 (VXLAN)" in item.finding.fixes[0].title
    assert codes(case) == ["CrossNodePathBroken"]


def test_what_a_policy_denies_is_no_broken_way() -> None:
    snapshot = cluster(api(), web(), third_node(), policy("none", {"app": "api"}, ingress=[]))
    lost = sees(BACKEND=Outcome.TIMEOUT, VIP=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.TIMEOUT)
    case = examine(snapshot, "svc/api", lost, source="deploy/web")
    assert "PolicyDeniesIngress" in codes(case)
    assert "CrossNodePathBroken" not in codes(case)


def test_where_a_neutral_pod_gets_there_the_way_works() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return between(cut=[ONE_TWO])(aimed, probe, position) if position.labels else Outcome.OK

    allowed = policy("all", {"app": "api"}, ingress=[{}])
    case = examine(cluster(api(), web(), third_node(), allowed), "svc/api", see, source="deploy/web")
    assert "reach pods on" in ruled_out(CrossNodePathBroken, case)


def test_one_silent_endpoint_is_no_broken_way() -> None:
    """Nobody reaches it, beside it neither."""
    see = sees(BACKEND=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.TIMEOUT, VIP=Outcome.TIMEOUT, NODE=Outcome.REFUSED)
    case = examine(cluster(api(), third_node()), "svc/api", see)
    assert "CrossNodePathBroken" not in codes(case)


def bound_to_worker_2(*, probe: Manifest | None) -> Case:
    """The source runs on worker-2 alone, the only endpoint on worker-1: no pod is put beside that."""
    app = container("app", 8080, **({"readinessProbe": probe} if probe else {}))
    client = pod("web-1", "10.244.2.9", {"app": "web"}, owner="web", spec={"nodeSelector": {"disk": "ssd"}})
    wanted = deployment("web")
    wanted[0]["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    server = [service("api"), endpoints("api", "10.244.1.5"), pod("api-1", "10.244.1.5", containers=(app,))]
    see = sees(BACKEND=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.TIMEOUT, VIP=Outcome.TIMEOUT, NODE=Outcome.REFUSED)
    return examine(cluster(server, client, *wanted), "svc/api", see, source="deploy/web")


def test_where_no_pod_is_put_beside_it_its_kubelet_has_asked() -> None:
    case = bound_to_worker_2(probe={"httpGet": {"port": 8080}})
    assert refs(found(CrossNodePathBroken, case)) == ["Node worker-2", "Node worker-1"]
    assert codes(case) == ["CrossNodePathBroken"]


@pytest.mark.parametrize("probe", [None, {"exec": {"command": ["true"]}}, {"httpGet": {"port": 9090}}])
def test_a_readiness_probe_of_something_else_proves_nothing(probe: Manifest | None) -> None:
    assert "CrossNodePathBroken" not in codes(bound_to_worker_2(probe=probe))


def test_a_silent_endpoint_is_no_broken_way_where_a_pod_beside_it_gets_no_answer_either() -> None:
    app = container("app", 8080, readinessProbe={"httpGet": {"port": 8080}})
    server = [service("api"), endpoints("api", "10.244.1.5"), pod("api-1", "10.244.1.5", containers=(app,))]
    see = sees(BACKEND=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.TIMEOUT, VIP=Outcome.TIMEOUT, NODE=Outcome.REFUSED)
    assert "CrossNodePathBroken" not in codes(examine(cluster(server, third_node()), "svc/api", see))


def test_where_another_port_answers_the_way_works() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.OTHER_PROTOCOL:
            return Outcome.REFUSED
        return between(cut=[ONE_TWO])(aimed, probe, position)

    case = examine(cluster(api(), web(), third_node()), "svc/api", see, source="deploy/web")
    assert "reach pods on" in ruled_out(CrossNodePathBroken, case)


def test_a_node_that_nothing_gets_to() -> None:
    snapshot = cluster(api(), web(), third_node())
    cut = [ONE_TWO, frozenset(("worker-1", "worker-3"))]
    case = examine(snapshot, "svc/api", between(cut=cut, nodes_too=True), source="deploy/web")
    item = found(NodeIsolated, case)
    assert refs(item) == ["Node worker-1"]
    assert item.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["NodeIsolated"]


def test_that_the_control_plane_does_not_hear_of_it_makes_it_certain() -> None:
    moved = [one | {"spec": {**one["spec"], "nodeName": "worker-3"}} if one["kind"] == "Pod" else one for one in api()]
    cut = [frozenset(("worker-1", "worker-3")), frozenset(("worker-2", "worker-3"))]
    snapshot = cluster(moved, web(), third_node(ready="Unknown"))
    item = found(NodeIsolated, examine(snapshot, "svc/api", between(cut=cut, nodes_too=True), source="deploy/web"))
    assert refs(item) == ["Node worker-3"]
    assert item.finding.certainty is Certainty.CERTAIN
    assert "no heartbeat" in item.finding.explanation


def test_of_two_nodes_none_can_be_told_to_be_cut_off() -> None:
    case = examine(cluster(api(), web()), "svc/api", between(cut=[ONE_TWO], nodes_too=True), source="deploy/web")
    assert "NodeIsolated" not in codes(case)


def test_a_node_that_answers_itself_is_not_cut_off() -> None:
    assert "itself answers pods on other nodes" in ruled_out(NodeIsolated, overlay_broken())


def rejecting(meaning: str, sender: str) -> See:
    seen = Observation("", Outcome.REJECTED, 0.01, sender, {"meaning": meaning})
    return sees(BACKEND=seen, VIP=seen)


@pytest.mark.parametrize(
    ("meaning", "sender", "objects"),
    [
        ("admin prohibited", "172.18.0.1", ["Node worker-1"]),
        ("host prohibited", "172.18.0.1", ["Node worker-1"]),
        ("port unreachable", "172.18.0.1", ["Node worker-1"]),
        ("port unreachable", "10.244.1.1", ["Node worker-1"]),  # of the pods' bridge on the node
        ("admin prohibited", "10.244.1.5", ["Service shop/api"]),  # a pod's own
        ("admin prohibited", "192.0.2.1", ["Service shop/api"]),
    ],
)
def test_a_firewall_that_says_who_it_is(meaning: str, sender: str, objects: list[str]) -> None:
    case = examine(cluster(api(), web()), "svc/api", rejecting(meaning, sender), source="deploy/web")
    item = found(NodeFirewallRejects, case)
    assert refs(item) == objects
    assert sender in item.finding.title
    assert codes(case) == ["NodeFirewallRejects"]


def test_nobody_has_the_address_is_no_firewall() -> None:
    case = examine(cluster(api(), web()), "svc/api", rejecting("host unreachable", "172.18.0.1"), source="deploy/web")
    assert "NodeFirewallRejects" not in codes(case)


def test_what_kube_proxy_rejects_is_no_firewall() -> None:
    seen = Observation("", Outcome.REJECTED, 0.01, "172.18.0.1", {"meaning": "port unreachable"})
    case = examine(cluster(api(), web()), "svc/api", sees(VIP=seen), source="deploy/web")
    assert "NodeFirewallRejects" not in codes(case)
