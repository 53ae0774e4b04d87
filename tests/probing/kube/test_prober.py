"""The whole way of a run against a fake cluster: what comes back, what is refused, and that nothing stays."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from netdoctor.cluster.client import Client
from netdoctor.cluster.objects import Condition, Node, NodeStatus, ObjectMeta
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.prober import KubeProber
from netdoctor.probing.prober import ProbeRun
from tests.probing.kube.fake_cluster import ENDED, RUNNING, Document, FakeCluster, answers

DOWN = Node(
    metadata=ObjectMeta(name="down"),
    status=NodeStatus(conditions=(Condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting"),)),
)
SNAPSHOT = Snapshot("fake", datetime.now(UTC), nodes=(DOWN,))
PATIENT = ProbeOptions(start_timeout=1000, deadline=2000)  # so that no test passes by waiting


def pod(name: str, node: str | None = None, attach: ObjectRef | None = None) -> ProbePod:
    position = Position(name, Role.NEUTRAL, "shop", node=node, attach_to=attach)
    probes = tuple(Probe(f"{name}-{n}", ProbeKind.TCP, host="10.0.0.1", port=80) for n in range(2))
    return ProbePod(position, probes)


def probe(client: Client, *pods: ProbePod, options: ProbeOptions = PATIENT) -> tuple[ProbeRun, list[str]]:
    said: list[str] = []
    return KubeProber(client, SNAPSHOT, options).run(pods, said.append), said


def waiting(reason: str, message: str = "") -> Document:
    return {"phase": "Pending", "state": {"waiting": {"reason": reason, "message": message}}}


def test_a_run_returns_every_observation_and_leaves_nothing(cluster: FakeCluster, client: Client) -> None:
    run, _ = probe(client, pod("a"), pod("b"))
    assert [seen.id for seen in run.observed] == ["a-0", "a-1", "b-0", "b-1"]
    assert {(seen.node, seen.pod_ip) for seen in run.observed} == {("node-a", "10.0.0.7")}
    assert (run.not_tested, run.warnings, cluster.objects) == ((), (), {})
    [job] = cluster.made("Job")
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"]}
    assert [made["metadata"]["ownerReferences"] for made in cluster.made("Pod")] == [[owner], [owner]]


@pytest.mark.parametrize(
    ("where", "refusal", "said"),
    [
        (("POST", "jobs"), (403, "Forbidden", 'User "x" cannot create resource "jobs"'), "a right is missing"),
        (("POST", "pods"), (403, "Forbidden", 'User "x" cannot create resource "pods"'), "a right is missing"),
        (("POST", "pods"), (403, "Forbidden", 'violates PodSecurity "restricted:latest"'), "Pod Security"),
        (("POST", "pods"), (403, "Forbidden", "exceeded quota: q, requested: pods=1"), "ResourceQuota"),
        (("POST", "pods"), (403, "Forbidden", "maximum cpu usage per Container is 5m"), "LimitRange"),
        (("POST", "pods"), (400, "BadRequest", 'admission webhook "w" denied the request'), "admission webhook"),
        (("POST", "pods"), (500, "InternalError", "etcd fell over"), "etcd fell over"),
        (("GET", "pods"), (403, "Forbidden", 'User "x" cannot watch resource "pods"'), "a right is missing"),
        (("GET", "pods/log"), (403, "Forbidden", 'User "x" cannot get resource "pods/log"'), "a right is missing"),
    ],
)
def test_a_refusal_is_told_at_once_in_the_servers_words(
    cluster: FakeCluster, client: Client, where: tuple[str, str], refusal: tuple[int, str, str], said: str
) -> None:
    cluster.refusals[where] = refusal
    run, _ = probe(client, pod("a"))
    [missing] = run.not_tested
    assert missing.what == "2 probes from a neutral pod in shop"
    assert said in missing.because
    assert refusal[2] in missing.because
    assert (run.observed, cluster.objects) == ((), {})


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([waiting("ContainerCreating"), waiting("ErrImagePull", "no such image")], "ErrImagePull: no such image"),
        ([waiting("InvalidImageName", "bad")], "InvalidImageName: bad"),
        ([waiting("CreateContainerConfigError", "image will run as root")], "image will run as root"),
        ([{"phase": "Failed", "reason": "OutOfcpu", "message": "no cpu", "state": {}}], "OutOfcpu: no cpu"),
        (
            [{"phase": "Pending", "state": {}, "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]}],
            "no node takes the probe pod: Unschedulable: 0/3 nodes",
        ),
    ],
)  # fmt: skip
def test_a_pod_that_cannot_start_is_not_waited_for(
    cluster: FakeCluster, client: Client, statuses: list[Document], said: str
) -> None:
    cluster.statuses = statuses
    run, progress = probe(client, pod("a"))
    assert [said in missing.because for missing in run.not_tested] == [True]
    assert any(said in line for line in progress)
    assert cluster.objects == {}


def test_a_pod_that_does_not_start_in_time_says_what_it_waited_for(cluster: FakeCluster, client: Client) -> None:
    cluster.statuses = [waiting("ContainerCreating")]
    run, _ = probe(client, pod("a"), options=ProbeOptions(start_timeout=0.2))
    assert "did not start within 0.2 s: ContainerCreating" in run.not_tested[0].because
    assert cluster.objects == {}


def test_a_slow_start_is_explained_by_events(
    cluster: FakeCluster, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netdoctor.probing.kube.waiting.SLOW", 0.1)
    cluster.statuses = [waiting("ContainerCreating")]
    cluster.lists["events"] = [{"reason": "FailedCreatePodSandBox", "message": "no CNI"}]
    run, progress = probe(client, pod("a"), options=ProbeOptions(start_timeout=1))
    assert any("waiting: FailedCreatePodSandBox: no CNI" in line for line in progress)
    assert "FailedCreatePodSandBox: no CNI" in run.not_tested[0].because


def test_nobody_waits_for_a_node_that_is_down(cluster: FakeCluster, client: Client) -> None:
    run, _ = probe(client, pod("a", node="down"))
    assert [missing.because for missing in run.not_tested] == [
        "Node down is not Ready: NodeStatusUnknown: Kubelet stopped posting"
    ]
    assert cluster.requests == []


def test_a_log_that_cannot_be_followed_is_read_when_the_container_has_ended(
    cluster: FakeCluster, client: Client
) -> None:
    too_many = iter(["failed to create fsnotify watcher: too many open files"])
    cluster.log = lambda made, follow: too_many if follow else answers(made)
    run, _ = probe(client, pod("a"))
    assert [seen.id for seen in run.observed] == ["a-0", "a-1"]
    assert run.not_tested == ()


def test_what_a_cut_log_lacks_is_not_tested(cluster: FakeCluster, client: Client) -> None:
    cluster.log = lambda made, _: iter([next(answers(made)), "Traceback: out of luck"])
    cluster.statuses = [RUNNING, ENDED | {"state": {"terminated": {"exitCode": 1, "containerID": "c"}}}]
    run, _ = probe(client, pod("a"))
    assert [seen.id for seen in run.observed] == ["a-0"]
    [missing] = run.not_tested
    assert missing.what == "1 of 2 probes from a neutral pod in shop"
    assert "ended with exit code 1; its last words: Traceback: out of luck" in missing.because


def test_one_refused_pod_does_not_take_the_others_with_it(cluster: FakeCluster, client: Client) -> None:
    def refuse_the_next(made: Document) -> None:
        if made["kind"] == "Pod":
            cluster.refusals["POST", "pods"] = (403, "Forbidden", "exceeded quota: q")

    cluster.on_create = refuse_the_next
    run, _ = probe(client, *(pod(f"{number}") for number in range(20)))
    assert {len(run.observed) > 0, len(run.not_tested) > 0} == {True}
    assert len(run.observed) + 2 * len(run.not_tested) == 40
    assert cluster.objects == {}


def test_a_pod_that_somebody_deletes_is_not_waited_for(cluster: FakeCluster, client: Client) -> None:
    def hang(made: Document, _: bool) -> Iterator[str]:
        cluster.delete(f"/api/v1/namespaces/shop/pods/{made['metadata']['name']}")
        cluster.closed.wait()
        yield ""

    cluster.log, cluster.statuses = hang, [RUNNING]
    run, _ = probe(client, pod("a"))
    assert "somebody deleted the probe pod" in run.not_tested[0].because


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("when", ["Job", "Pod", "log"])
def test_an_interrupt_removes_everything(
    cluster: FakeCluster, client: Client, number: signal.Signals, when: str
) -> None:
    once = threading.Lock()  # a second signal could come after the run

    def kill(made: Document) -> None:
        if made["kind"] == when and once.acquire(blocking=False):
            os.kill(os.getpid(), number)

    def hang(made: Document, _: bool) -> Iterator[str]:
        kill({"kind": "log"})
        cluster.closed.wait()
        yield ""

    cluster.on_create, cluster.log, cluster.statuses = kill, hang, [RUNNING]
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        probe(client, pod("a"), pod("b"))
    assert cluster.objects == {}
    assert cluster.made("Job")
    assert signal.getsignal(number) is before


def test_what_cannot_be_deleted_is_said(cluster: FakeCluster, client: Client) -> None:
    cluster.refusals["DELETE", "pods"] = (403, "Forbidden", 'User "x" cannot delete resource "pods"')
    run, _ = probe(client, pod("a"), options=ProbeOptions(deadline=90))
    [missing] = run.not_tested
    assert missing.what == "cleaning up"
    assert "could not delete Pod shop/netdoctor-" in missing.because
    assert missing.because.endswith("it removes itself within 90 s")
    assert cluster.names("Job") == []


def test_kept_pods_stay_and_are_named(cluster: FakeCluster, client: Client) -> None:
    run, _ = probe(client, pod("a"), options=ProbeOptions(keep=True))
    [job] = cluster.names("Job")
    assert len(cluster.names("Pod")) == 1
    assert job.removeprefix("netdoctor-") in run.notes[0]
    assert (run.not_tested, run.warnings) == ((), ())


def test_attaching_patches_the_pod_and_says_what_stays(cluster: FakeCluster, client: Client) -> None:
    path = "/api/v1/namespaces/shop/pods/web"
    cluster.objects[path] = {"kind": "Pod", "metadata": {"name": "web"}, "spec": {"nodeName": "node-b"}}
    run, _ = probe(client, pod("a", attach=ObjectRef("Pod", "web", "shop")))
    assert [(seen.id, seen.node) for seen in run.observed] == [("a-0", "node-b"), ("a-1", "node-b")]
    assert cluster.content_types == ["application/strategic-merge-patch+json"]
    assert ("PATCH", f"{path}/ephemeralcontainers") in cluster.requests
    assert not [request for request in cluster.requests if request[0] in ("POST", "DELETE")]
    assert "Pod shop/web keeps the ended ephemeral container" in run.notes[0]


def test_a_dry_run_sends_nothing_that_changes(cluster: FakeCluster, client: Client) -> None:
    labelled = pod("a").position
    standing_in = Position(
        "s", Role.SOURCE, "shop", labels={"app": "web"}, stands_for=ObjectRef("Deployment", "web", "shop")
    )
    prober = KubeProber(client, SNAPSHOT, PATIENT)
    manifests = prober.manifests([ProbePod(labelled, ()), ProbePod(standing_in, ())])
    assert [document["kind"] for document in manifests] == ["Job", "Pod", "Pod"]
    assert {method for method, _ in cluster.requests} == {"GET"}
