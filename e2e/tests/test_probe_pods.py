"""Probe pods on a real cluster: nothing takes them for what they stand for, and nothing of them stays."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from e2e.runner.access import Access, Kubectl
from e2e.tests.conftest import Document, Place, namespace
from netdoctor.cluster.own import RUN_LABEL
from netdoctor.probing.kube.manifest import EXPIRES_LABEL, POSITION
from netdoctor.scenarios.ask import NETDOCTOR

OURS = "jobs.batch,pods,podtemplates"
WATCHED = (
    "pods,endpointslices,poddisruptionbudgets,horizontalpodautoscalers,"
    "deployments,statefulsets,daemonsets,replicasets,replicationcontrollers"
)


def _pod(labels: dict[str, str]) -> Document:
    container = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": ["http:8080"]}
    quickly = {"httpGet": {"port": 8080}, "periodSeconds": 1}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [{**container, "readinessProbe": quickly}]}
    return {"metadata": {"labels": labels}, "spec": spec}


def _workload(kind: str, version: str, labels: dict[str, str], **spec: object) -> Document:
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    name = labels["app"]
    rest = {} if kind == "DaemonSet" else {"replicas": 2}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": selector, "template": _pod(labels), **rest, **spec},
    }


def _service(name: str, selector: dict[str, str], **spec: object) -> Document:
    ports = [{"port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": selector, "ports": ports, **spec},
    }


def _budget(name: str, **spec: object) -> Document:
    spec = {"selector": {"matchLabels": {"app": name}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}


LABELS = {
    "deployment": {"app": "deployment", "tier": "web"},
    "statefulset": {"app": "statefulset"},
    "published": {"app": "published", "role": "member"},
    "daemonset": {"app": "daemonset"},
    "guarded": {"app": "guarded", "part": "api"},
    "bare": {"app": "bare"},
    "old": {"app": "old"},
}
OBJECTS = (
    _workload("Deployment", "apps/v1", LABELS["deployment"]),
    _workload("StatefulSet", "apps/v1", LABELS["statefulset"], serviceName="statefulset"),
    _workload("StatefulSet", "apps/v1", LABELS["published"], serviceName="published"),
    _workload("DaemonSet", "apps/v1", LABELS["daemonset"]),
    _workload("ReplicaSet", "apps/v1", LABELS["guarded"]),
    _workload("ReplicaSet", "apps/v1", LABELS["bare"]),
    _workload("ReplicationController", "v1", LABELS["old"]),
    *(_service(name, labels) for name, labels in LABELS.items() if name != "published"),
    _service("published", {"role": "member"}, publishNotReadyAddresses=True, clusterIP="None"),
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "deployment"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "deployment"},
            "minReplicas": 1,
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                }
            ],
        },
    },
    _budget("deployment", maxUnavailable="50%"),
    _budget("statefulset", minAvailable="50%"),
    _budget("guarded", maxUnavailable=1),
    _budget("bare", minAvailable=1),
)


@pytest.fixture(scope="module")
def workloads(access: Access) -> Iterator[Place]:
    """One workload of each kind, all Ready, their budgets allowing disruptions."""
    with namespace(access) as place:
        place.apply(*OBJECTS)
        for item in OBJECTS:
            if item["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
                place.kubectl("rollout", "status", f"{item['kind']}/{item['metadata']['name']}", "--timeout=100s")
        seen = "--for=jsonpath={.status.currentReplicas}=2"  # the autoscaler looks every 15 s
        place.kubectl("wait", "horizontalpodautoscaler/deployment", seen, "--timeout=60s")
        place.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=100s")
        for item in OBJECTS:
            if item["kind"] == "PodDisruptionBudget":
                allowed = "--for=jsonpath={.status.disruptionsAllowed}=1"
                place.kubectl("wait", f"poddisruptionbudget/{item['metadata']['name']}", allowed, "--timeout=60s")
        yield place


def state(place: Place) -> tuple[dict[str, object], list[Document]]:
    """What must never change while a probe pod runs, and the probe pods that run."""
    seen: dict[str, object] = {}
    probes: list[Document] = []
    for item in place.items(WATCHED):
        kind, metadata, status = item["kind"], item["metadata"], item.get("status", {})
        name = f"{kind}/{metadata['name']}"
        if RUN_LABEL in metadata.get("labels", {}):
            probes.append(item)
        elif kind == "Pod":
            seen[name] = metadata["uid"]
        elif kind == "EndpointSlice":
            ready = [e for e in item["endpoints"] or () if e["conditions"].get("ready", True)]
            seen[name] = sorted(address for endpoint in ready for address in endpoint["addresses"])
        elif kind == "PodDisruptionBudget":
            seen[name] = status["disruptionsAllowed"]
        else:
            counts = (
                "replicas",
                "currentReplicas",
                "desiredReplicas",
                "readyReplicas",
                "currentNumberScheduled",
                "numberReady",
                "numberMisscheduled",
            )
            seen[name] = [status.get(count) for count in counts]
    return seen, [pod for pod in probes if pod.get("status", {}).get("phase") == "Running"]


def test_nothing_takes_stand_ins_for_replicas(workloads: Place) -> None:
    """No adoption, no ready endpoint, no change in any count or in any budget while one of each kind runs."""
    before, _ = state(workloads)
    process = workloads.probe({"stand_ins": list(LABELS.values()), "seconds": 10})
    running: dict[str, Document] = {}
    looks_at_all = 0
    while process.poll() is None:
        now, probes = state(workloads)
        assert now == before
        running |= {pod["metadata"]["annotations"][POSITION]: pod for pod in probes}
        looks_at_all += len(probes) == len(LABELS)
    result = workloads.result(process)
    assert set(result["observed"].values()) == {"ok"}, result
    assert looks_at_all >= 2, "the probe pods were never all there while the workloads were looked at"
    assert workloads.items(OURS, "-l", RUN_LABEL) == []
    pods = {name: running[str(number)] for number, name in enumerate(LABELS)}
    left_out = {name: LABELS[name].keys() - pod["metadata"]["labels"].keys() for name, pod in pods.items()}
    assert {name: len(keys) for name, keys in left_out.items() if keys} == {"published": 1, "guarded": 1}
    assert left_out["published"] == {"role"}
    assert len(result["warnings"]) == 2
    owners = {name: pod["metadata"]["ownerReferences"][0] for name, pod in pods.items()}
    controlled = {name for name, owner in owners.items() if owner.get("controller")}
    assert controlled == {"daemonset", "bare", "old"}
    assert {owners[name]["kind"] for name in controlled} == {"PodTemplate"}
    assert {owner["kind"] for name, owner in owners.items() if name not in controlled} == {"Job"}


def test_a_pod_with_just_the_labels_would_be_taken(workloads: Place) -> None:
    """So the test above can fail."""
    before, _ = state(workloads)
    for name in ("daemonset", "published"):
        pod = _pod(LABELS[name])
        metadata = {**pod["metadata"], "name": f"naive-{name}"}
        workloads.apply({"apiVersion": "v1", "kind": "Pod", **pod, "metadata": metadata})
    until = time.monotonic() + 60
    changed: set[str] = set()
    while not {"published", "naive-daemonset"} <= changed:
        assert time.monotonic() < until, f"only {changed} changed"
        now, _ = state(workloads)
        changed |= {key.split("/")[1].rsplit("-", 1)[0] for key in now if key in before and now[key] != before[key]}
        pods = workloads.items("pods", "--field-selector=metadata.name=naive-daemonset")
        if not pods or pods[0]["metadata"].get("ownerReferences"):
            changed.add("naive-daemonset")
    workloads.kubectl("delete", "pod", "naive-daemonset", "naive-published", "--ignore-not-found", "--wait")
    until = time.monotonic() + 60
    while _published(state(workloads)[0]) != _published(before):  # it takes a moment to forget the pod
        assert time.monotonic() < until, "the deleted pod is still an endpoint"


def _published(seen: dict[str, object]) -> list[object]:
    return [addresses for key, addresses in seen.items() if key.startswith("EndpointSlice/published")]


KILLED = 100
SIDE_BY_SIDE = 4
SOURCES = ("deploy/deployment", "sts/statefulset", "ds/daemonset", "rs/guarded", "rs/bare", "ns/default")


def _kill_checks(place: Place, number: int) -> None:
    """SIGKILL so many checks, each at a random moment of its life; those that ended before do not count."""
    moments = random.Random(number)
    killed = 0
    while killed < KILLED // SIDE_BY_SIDE:
        argv = [*NETDOCTOR, "check", "svc/deployment", "-n", place.namespace, "--from", moments.choice(SOURCES)]
        process = subprocess.Popen(
            place.access.command([*argv, *place.access.options]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(moments.uniform(0.4, 3.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1


def test_nothing_is_left_after_sigkill_at_any_moment(workloads: Place) -> None:
    """Past the deadline, that is: the owner ends by itself. And nobody ever took the probe pods for replicas."""
    before, _ = state(workloads)
    left: dict[str, Document] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        killers = [pool.submit(_kill_checks, workloads, number) for number in range(SIDE_BY_SIDE)]
        while not all(killer.done() for killer in killers):
            assert state(workloads)[0] == before
            left |= _ours(workloads)
        for killer in killers:
            killer.result()
    left |= _ours(workloads)
    assert {item["kind"] for item in left.values()} >= {"Job", "Pod"}, "killed too early to leave anything"
    over = max(int(item["metadata"]["labels"][EXPIRES_LABEL]) for item in left.values())
    while remaining := _ours(workloads):
        names = [item["metadata"]["name"] for item in remaining.values()]
        assert time.time() < over + 15, f"{names} outlived the deadline"
        assert state(workloads)[0] == before
        time.sleep(0.5)


def _ours(place: Place) -> dict[str, Document]:
    """What runs have made there and in the namespace default, by uid."""
    found = place.items(OURS, "-l", RUN_LABEL) + Kubectl(place.access).get(OURS, "-n", "default", "-l", RUN_LABEL)
    return {item["metadata"]["uid"]: item for item in found}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_an_interrupt(place: Place, number: signal.Signals) -> None:
    """At once."""
    process = place.probe({"seconds": 30})
    assert process.stderr is not None
    assert "probing" in next(line for line in process.stderr if "probing" in line)
    assert len(place.items(OURS, "-l", RUN_LABEL)) == 2
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert place.items(OURS, "-l", RUN_LABEL) == []


def test_a_restricted_namespace_admits_probe_pods(place: Place) -> None:
    """Without an exception."""
    level = "pod-security.kubernetes.io/enforce"
    place.kubectl("label", "namespace", place.namespace, f"{level}=restricted", "--overwrite")
    result = place.result(place.probe({}))
    assert result == {"observed": {"0-0": "ok"}, "notTested": [], "warnings": []}
