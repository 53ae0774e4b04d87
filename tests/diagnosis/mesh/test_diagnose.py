"""The faults between nodes, and what looks like them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from netdoctor.diagnosis.mesh.diagnose import diagnose_mesh
from netdoctor.lab.objects import key_of, snapshot_of
from netdoctor.model.mesh_report import MeshReport
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.mesh.fleet import NETWORKS, MeshRun
from netdoctor.probing.mesh.selection import Selection
from netdoctor_probe.mesh.document import NODE, POD, Member, Mesh, PeerSeen, Said
from netdoctor_probe.wire import Outcome

Change = Callable[[str, str, str, PeerSeen], PeerSeen]
CALICO = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "calico-node", "namespace": "kube-system"},
    "spec": {"selector": {}, "template": {"spec": {"containers": []}}},
}
VXLAN = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "calico-config", "namespace": "kube-system"},
    "data": {"calico_backend": "vxlan"},
}


def node(name: str, ready: str = "True") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, "reason": "NodeStatusUnknown", "message": "Kubelet stopped"}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"conditions": conditions}}


def report(
    change: Change = lambda *ends: ends[3],
    names: str = "abc",
    objects: tuple[dict[str, Any], ...] = (CALICO, VXLAN),
    missing: Mapping[tuple[str, str], str] | None = None,
    unserved: Mapping[str, str] | None = None,
) -> MeshReport:
    """A mesh in which all is well but for what `change` makes of (network, from, to, what was seen)."""
    mesh = Mesh(tuple(Member(name, "10.0.0.1", "10.244.0.1") for name in names), tuple(range(1, len(names))))
    said = {}
    for network in NETWORKS:
        for number, name in enumerate(names):
            if (name, network) in (missing or {}):
                continue
            sound = (
                PeerSeen(p, Outcome.OK, 20, 20, 300, 400, 500, 1500, believed=1500, tcp="ok")
                for p in (number, *mesh.peers(number))
            )
            seen = tuple(
                change(network, name, names[one.peer], one)
                for one in sound
                if names[one.peer] not in (unserved or {}) or network == NODE
            )
            said[name, network] = Said(network, seen)
    run = MeshRun(mesh, said, missing or {}, unserved or {})
    snapshot = snapshot_of({key_of(one): one for one in objects}, "a test")
    return diagnose_mesh(snapshot, run, Selection(len(names), mesh.offsets), "default")


def lost(one: PeerSeen) -> PeerSeen:
    return PeerSeen(one.peer, Outcome.TIMEOUT, 20, 0, tcp="timeout")


def codes(made: MeshReport) -> list[str]:
    return [cause.code for cause in made.causes]


def named(made: MeshReport) -> set[str]:
    return {ref.name for cause in made.causes for ref in cause.objects}


def test_a_sound_mesh_is_healthy() -> None:
    made = report()
    assert (made.verdict, made.exit_code, codes(made)) == (Verdict.HEALTHY, 0, [])
    assert len(made.pairs) == 18
    assert "0 of 360 datagrams lost" in made.summary


def test_one_node_is_healthy_and_that_is_said() -> None:
    made = report(names="a")
    assert (made.verdict, made.exit_code) == (Verdict.HEALTHY, 0)
    assert "nothing lies between nodes" in made.summary


def test_pods_of_different_nodes_lost_while_nodes_answer() -> None:
    made = report(lambda network, a, b, one: lost(one) if network == POD and a != b else one)
    assert (codes(made), made.exit_code) == (["CrossNodePathBroken"], 1)
    assert named(made) == {"a", "b", "c"}
    assert made.causes[0].fixes[0].title == "Let UDP 4789 (VXLAN) pass between the nodes"
    assert made.unexplained == ()


def test_without_the_plugins_settings_the_usual_ports_are_named_as_such() -> None:
    made = report(lambda network, a, b, one: lost(one) if network == POD and a != b else one, objects=())
    assert "is not known; usual are" in made.causes[0].explanation


def test_only_the_broken_link_is_named() -> None:
    made = report(lambda network, a, b, one: lost(one) if network == POD and {a, b} == {"a", "b"} else one)
    assert codes(made) == ["CrossNodePathBroken"]
    assert named(made) == {"a", "b"}


def test_pods_that_reach_nobody_on_their_own_node_either_are_no_broken_path() -> None:
    """As where a policy denies everything, or the pods' own network fails."""
    made = report(lambda network, _, __, one: lost(one) if network == POD else one)
    assert (codes(made), made.verdict, made.exit_code) == ([], Verdict.UNDETERMINED, 3)


def test_a_node_cut_off_is_isolated_and_the_paths_to_it_are_no_cause() -> None:
    made = report(lambda _, a, b, one: lost(one) if a != b and "c" in (a, b) else one)
    assert codes(made) == ["NodeIsolated"]
    assert named(made) == {"c"}
    assert made.causes[0].certainty is Certainty.LIKELY
    assert made.unexplained == ()


def test_what_kubernetes_knows_of_it_makes_it_certain() -> None:
    """No pod starts there, so that only the others are heard."""
    made = report(
        lambda _, a, b, one: lost(one) if a != b and "c" in (a, b) else one,
        objects=(node("c", "Unknown"),),
        missing={("c", network): "Node c is not Ready" for network in NETWORKS},
        unserved={"c": "Node c is not Ready"},
    )
    assert codes(made) == ["NodeIsolated"]
    assert made.causes[0].certainty is Certainty.CERTAIN


def test_what_the_api_server_still_reaches_there_does_not_hide_that_a_node_is_cut_off() -> None:
    def cut(network: str, a: str, b: str, one: PeerSeen) -> PeerSeen:
        reached = network == NODE and (a, b) == ("a", "c")  # the kubelet's port, from the control plane
        return lost(one) if a != b and "c" in (a, b) and not reached else one

    made = report(cut)
    assert codes(made) == ["NodeIsolated"]
    assert named(made) == {"c"}
    assert "a still reaches its kubelet" in made.causes[0].explanation
    assert not made.unexplained


def test_a_node_that_is_not_ready_and_answers_is_not_isolated() -> None:
    """Its kubelet is down; its network is not."""
    made = report(
        objects=(node("c", "Unknown"),),
        missing={("c", network): "Node c is not Ready" for network in NETWORKS},
        unserved={"c": "Node c is not Ready"},
    )
    assert (codes(made), made.verdict, made.exit_code) == ([], Verdict.HEALTHY, 4)
    assert {one.what for one in made.not_tested} == {"the pods of node c", "what the node itself on c reaches"}


def test_of_two_nodes_only_objects_tell_which_is_cut_off() -> None:
    def cut(_: str, a: str, b: str, one: PeerSeen) -> PeerSeen:
        return lost(one) if a != b else one

    unknown = report(cut, names="ab", objects=())
    assert (codes(unknown), named(unknown)) == (["NodeIsolated"], {"a", "b"})
    assert unknown.causes[0].certainty is Certainty.POSSIBLE
    assert named(report(cut, names="ab", objects=(node("b", "Unknown"),))) == {"b"}


def test_nodes_that_do_not_answer_themselves_are_no_fault_where_their_pods_do() -> None:
    made = report(lambda network, a, b, one: lost(one) if network == NODE and a != b else one)
    assert (codes(made), made.verdict, made.exit_code) == ([], Verdict.HEALTHY, 4)


def test_a_rejection_names_who_rejects() -> None:
    def rejected(network: str, a: str, b: str, one: PeerSeen) -> PeerSeen:
        fault = PeerSeen(one.peer, Outcome.REJECTED, 20, 0, by="10.0.0.9", meaning="admin prohibited")
        return fault if network == POD and a != b else one

    made = report(rejected)
    assert codes(made) == ["NodeFirewallRejects"]
    assert "10.0.0.9" in made.causes[0].title
    assert "admin prohibited" in made.causes[0].explanation


def test_large_packets_that_vanish_are_a_black_hole() -> None:
    def hole(_: str, a: str, b: str, one: PeerSeen) -> PeerSeen:
        return replace(one, mtu=1400, hole=True) if a != b else one

    made = report(hole)
    assert codes(made) == ["PathMTUBlackhole"]
    assert "more than 1400 bytes" in made.causes[0].title
    assert "nodes' own packets vanish too" in made.causes[0].explanation


def test_a_black_hole_of_which_the_size_was_not_found_in_time_is_named_without_a_size() -> None:
    made = report(lambda _, a, b, one: replace(one, mtu=0, hole=True) if a != b else one)
    assert codes(made) == ["PathMTUBlackhole"]
    (cause,) = made.causes
    assert "which take 1500 to fit" in cause.title
    said = " ".join((cause.title, cause.explanation, *(fix.title for fix in cause.fixes), cause.evidence[0].text))
    assert " 0 " not in said
    assert "None" not in said


def test_a_smaller_mtu_of_which_the_sender_is_told_is_none() -> None:
    made = report(lambda _, a, b, one: replace(one, mtu=1400) if a != b else one)
    assert (codes(made), made.verdict) == ([], Verdict.HEALTHY)


def test_another_source_address_between_pods_is_masquerading() -> None:
    made = report(lambda network, a, b, one: replace(one, seen="10.0.0.1") if network == POD and a != b else one)
    assert codes(made) == ["PodTrafficMasqueraded"]
    assert "10.0.0.1" in made.causes[0].title


def test_a_node_may_have_any_of_its_addresses_before_its_own_pods() -> None:
    made = report(lambda network, a, b, one: replace(one, seen="10.244.0.254") if network == NODE and a == b else one)
    assert codes(made) == []


def test_a_node_that_does_not_reach_its_own_pods() -> None:
    made = report(lambda network, a, b, one: lost(one) if network == NODE and a == b == "b" else one)
    assert (codes(made), named(made)) == (["KubeletToPodBlocked"], {"b"})


def test_a_pod_that_nobody_reaches_is_not_blocked_for_the_kubelet_alone() -> None:
    made = report(lambda _, a, b, one: lost(one) if a == b == "b" else one)
    assert (codes(made), made.verdict) == ([], Verdict.UNDETERMINED)


def test_nothing_said_is_nothing_tested() -> None:
    missing = {(name, network): "ImagePullBackOff" for name in "abc" for network in NETWORKS}
    made = report(missing=missing)
    assert (made.verdict, made.exit_code) == (Verdict.NOT_TESTED, 3)
    assert all(pair.because == "ImagePullBackOff" for pair in made.pairs)


@pytest.mark.parametrize(("received", "bounds"), [(20, (0.0, 0.168)), (17, (0.032, 0.379))])
def test_loss_has_its_bounds(received: int, bounds: tuple[float, float]) -> None:
    made = report(lambda _, __, ___, one: replace(one, received=received))
    assert made.pairs[0].loss_bounds is not None
    assert [round(bound, 3) for bound in made.pairs[0].loss_bounds] == list(bounds)


def some_lost(count: int) -> Change:
    return lambda _, a, b, one: replace(one, received=one.received - count) if {a, b} == {"a", "b"} else one


def test_loss_on_one_link_beside_none_within_the_nodes_is_named_with_its_bounds() -> None:
    made = report(some_lost(4))
    assert (codes(made), named(made)) == (["PacketLoss"], {"a", "b"})
    assert "16 of 80 datagrams were lost (20 %, 95 % bound" in made.causes[0].title


def test_one_lost_datagram_is_chance() -> None:
    def one_lost(network: str, a: str, b: str, one: PeerSeen) -> PeerSeen:
        return replace(one, received=19) if (network, a, b) == (POD, "a", "b") else one

    made = report(one_lost)
    assert (codes(made), made.verdict) == ([], Verdict.HEALTHY)
    assert "1 of 360 datagrams lost" in made.summary


def test_loss_within_a_node_as_well_is_not_the_way_between_nodes() -> None:
    """The node is overloaded."""
    made = report(lambda _, a, b, one: replace(one, received=14) if "a" in (a, b) else one)
    assert codes(made) == []


def test_connections_that_hang_while_datagrams_pass_are_told_and_not_guessed_at() -> None:
    """As where a stateful filter sees only one direction."""
    made = report(lambda network, a, b, one: replace(one, tcp="timeout") if (network, a, b) == (POD, "a", "b") else one)
    assert (codes(made), made.verdict) == ([], Verdict.UNDETERMINED)
    assert [one.id for one in made.unexplained] == ["pod:a>b"]
    assert "TCP: timeout" in made.unexplained[0].text


def test_a_kubelet_that_refuses_connections_is_an_answer() -> None:
    made = report(lambda network, a, b, one: replace(one, tcp="refused") if network == NODE and a != b else one)
    assert made.verdict is Verdict.HEALTHY


def test_datagrams_that_are_all_lost_while_tcp_passes_are_neither_sound_nor_a_broken_path() -> None:
    """As behind a security group that lets only TCP pass."""
    made = report(
        lambda network, a, b, one: (
            PeerSeen(one.peer, Outcome.TIMEOUT, 20, 0, tcp="ok") if network == POD and a != b else one
        )
    )
    assert (codes(made), made.verdict) == ([], Verdict.UNDETERMINED)
    assert "TCP: ok" in made.unexplained[0].text


def test_pairs_that_a_member_says_nothing_of_are_not_tested() -> None:
    made = report(
        lambda _, a, b, one: PeerSeen(one.peer, Outcome.ERROR, meaning="no buffers") if b == "c" != a else one
    )
    assert made.exit_code == 4
    assert {one.what for one in made.not_tested} == {"2 pairs from a", "2 pairs from b"}
