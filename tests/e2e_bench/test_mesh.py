"""A mesh in a simulated cluster: what is made, what is asked, and what is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from e2e.bench.mesh import See, SimulatedCluster, all_well, planned
from netdoctor.cluster.client import ApiError
from netdoctor.diagnosis.mesh.diagnose import diagnose_mesh
from netdoctor.lab.objects import snapshot_of
from netdoctor.model.mesh_report import MeshReport
from netdoctor.model.report import Verdict
from netdoctor.probing.kube.fleet import KubeFleet
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.mesh.fleet import MeshPlan, MeshRun
from netdoctor.probing.mesh.selection import select
from netdoctor_probe.mesh.document import PeerSeen
from netdoctor_probe.wire import Outcome

QUICK = ProbeOptions(start_timeout=1.0)


def run(api: SimulatedCluster, plan: MeshPlan) -> MeshRun:
    return KubeFleet(api, QUICK).run(plan, lambda _: None)


def report(nodes: int, see: See = all_well) -> MeshReport:
    plan, names = planned(nodes, seed=7)
    ran = run(SimulatedCluster(names, see), plan)
    return diagnose_mesh(snapshot_of({}, "a test"), ran, select(nodes, random.Random(7)), "default")


def test_the_requests_do_not_depend_on_the_number_of_nodes() -> None:
    counts = []
    for nodes in (3, 300):
        plan, names = planned(nodes, seed=7)
        api = SimulatedCluster(names)
        run(api, plan)
        counts.append(Counter(api.requests))
        assert api.made == {}
    assert counts[0] == counts[1]
    assert sum(counts[0].values()) < 20


def test_every_answer_arrives_and_fits() -> None:
    plan, names = planned(300, seed=7)
    api = SimulatedCluster(names)
    ran = run(api, plan)
    assert len(ran.said) == 600
    assert (ran.missing, ran.unserved, ran.notes) == ({}, {}, ())
    assert 0 < api.longest <= 4096


@pytest.mark.parametrize("nodes", [3, 200])
def test_a_node_that_is_cut_off_is_found_however_many_there_are(nodes: int) -> None:
    def cut(_: str, source: str, to: str, seen: PeerSeen) -> PeerSeen:
        return PeerSeen(seen.peer, Outcome.TIMEOUT, 20) if source != to and "node-0001" in {source, to} else seen

    made = report(nodes, cut)
    assert [cause.code for cause in made.causes] == ["NodeIsolated"]
    assert [ref.name for ref in made.causes[0].objects] == ["node-0001"]


def test_a_sample_of_a_sound_cluster_says_what_it_guarantees() -> None:
    made = report(200)
    assert (made.verdict, made.exit_code) == (Verdict.HEALTHY, 0)
    assert len(made.coverage.guarantees) == 3


def test_a_node_that_starts_no_pod_is_not_tested_and_the_others_are() -> None:
    plan, names = planned(3, seed=7)
    ran = run(SimulatedCluster(names, dead=frozenset({names[0]})), plan)
    assert set(ran.unserved) == {names[0]}
    assert {node for node, _ in ran.said} == set(names[1:])
    assert "kubelet" in ran.unserved[names[0]]


def test_pods_that_are_not_admitted_to_the_nodes_network_leave_the_rest() -> None:
    class Restricted(SimulatedCluster):
        def create(self, document: dict[str, object], *, dry_run: bool = False) -> dict[str, object]:
            spec = document["spec"] if document["kind"] == "Pod" else {}
            if dry_run and isinstance(spec, dict) and spec.get("hostNetwork"):
                raise ApiError(403, "Forbidden", "violates PodSecurity restricted: hostNetwork")
            return super().create(document, dry_run=dry_run)

    plan, names = planned(3, seed=7)
    api = Restricted(names)
    ran = run(api, plan)
    assert {network for _, network in ran.said} == {"pod"}
    assert {network for _, network in ran.missing} == {"node"}
    assert all("violates PodSecurity" in because for because in ran.missing.values())
    assert api.requests.count(("POST", "DaemonSet")) == 2


@pytest.mark.parametrize("broken", [b'{"type": "MODIF', b"[]", b'{"type": "MODIFIED"}', b"\xff"])
def test_a_watch_that_breaks_off_in_a_line_is_begun_anew(broken: bytes) -> None:
    class Breaking(SimulatedCluster):
        whole = False

        def __iter__(self) -> Iterator[bytes]:
            if not self.whole:
                self.whole = True
                return iter([broken])
            return super().__iter__()

    plan, names = planned(3, seed=7)
    api = Breaking(names)
    ran = run(api, plan)
    assert (len(ran.said), ran.missing, ran.unserved) == (6, {}, {})
    assert api.requests.count(("WATCH", "Pod")) == 2


def test_a_watch_that_never_brings_anything_whole_is_said() -> None:
    class Broken(SimulatedCluster):
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"<html>"])

    plan, names = planned(3, seed=7)
    ran = run(Broken(names), plan)
    assert {"the watch of the probe pods broke" in because for because in ran.missing.values()} == {True}


def test_pods_that_ask_are_told_where_their_termination_message_goes() -> None:
    plan, names = planned(3, seed=7)
    api = SimulatedCluster(names)
    asking = [
        container
        for document in KubeFleet(api, QUICK).manifests(plan)
        if document["kind"] == "DaemonSet"
        for container in document["spec"]["template"]["spec"].get("initContainers", ())
    ]
    assert [container["args"][-1] for container in asking] == ["/dev/termination-log"] * 2
