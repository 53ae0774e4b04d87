"""Probe pods on a real cluster: nothing takes them for what they stand for, and nothing of them stays."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from e2e.tests.conftest import Document, Place
from netdoctor.probing.kube.manifest import EXPIRES_LABEL, RUN_LABEL
from netdoctor.probing.kube.rights import CLEANING, PROBING, Right, manifests

OURS = "jobs.batch,pods,podtemplates"
WATCHED = (
    "pods,endpointslices,poddisruptionbudgets,deployments,statefulsets,daemonsets,replicasets,replicationcontrollers"
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
    _budget("deployment", maxUnavailable="50%"),
    _budget("statefulset", minAvailable="50%"),
    _budget("guarded", maxUnavailable=1),
    _budget("bare", minAvailable=1),
)


@pytest.fixture(scope="module")
def workloads(place: Place) -> Place:
    """One workload of each kind, all Ready, their budgets allowing disruptions."""
    place.apply(*OBJECTS)
    place.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=100s")
    until = time.monotonic() + 60
    while not all(item["status"].get("disruptionsAllowed") for item in place.items("poddisruptionbudgets")):
        assert time.monotonic() < until, "the budgets never allowed a disruption"
        time.sleep(0.5)
    return place


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
            counts = ("replicas", "readyReplicas", "currentNumberScheduled", "numberReady", "numberMisscheduled")
            seen[name] = [status.get(count) for count in counts]
    return seen, [pod for pod in probes if pod.get("status", {}).get("phase") == "Running"]


@pytest.mark.parametrize("name", LABELS)
def test_nothing_takes_a_stand_in_for_a_replica(workloads: Place, name: str) -> None:
    before, _ = state(workloads)
    process = workloads.probe({"labels": LABELS[name], "seconds": 6})
    seen_running: list[Document] = []
    while process.poll() is None:
        now, probes = state(workloads)
        assert now == before
        seen_running += probes
    result = workloads.result(process)
    assert result["observed"] == ["ok"], result
    assert len(seen_running) >= 2, "the probe pod was never there while the workloads were looked at"
    carried = seen_running[0]["metadata"]["labels"]
    left_out = {"published": {"role"}, "guarded": {"app"}}.get(name, set())
    assert LABELS[name].keys() - carried.keys() == left_out
    assert len(result["warnings"]) == len(left_out)
    [owner] = seen_running[0]["metadata"]["ownerReferences"]
    adoptable = name in {"daemonset", "bare", "old"}
    assert (owner["kind"], owner.get("controller", False)) == (("PodTemplate", True) if adoptable else ("Job", False))
    assert workloads.items(OURS, "-l", RUN_LABEL) == []


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


def test_nothing_is_left_after_sigkill_at_any_moment(place: Place) -> None:
    deadline = 20
    killed = random.Random(7)
    for _ in range(6):
        process = place.probe({"seconds": 30, "options": {"deadline": deadline, "start_timeout": 10}})
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(killed.uniform(1, 6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    left = place.items(OURS, "-l", RUN_LABEL)
    assert {item["kind"] for item in left} >= {"Job", "Pod"}, "killed too early to leave anything"
    over = max(int(item["metadata"]["labels"][EXPIRES_LABEL]) for item in left)
    while left := place.items(OURS, "-l", RUN_LABEL):
        assert time.time() < over + 15, f"{[item['metadata']['name'] for item in left]} outlived the deadline"
        time.sleep(0.5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_an_interrupt(place: Place, number: signal.Signals) -> None:
    process = place.probe({"seconds": 30})
    assert process.stderr is not None
    assert "probing" in next(line for line in process.stderr if "probing" in line)
    assert len(place.items(OURS, "-l", RUN_LABEL)) == 2
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert place.items(OURS, "-l", RUN_LABEL) == []


def test_a_restricted_namespace_admits_probe_pods(place: Place) -> None:
    level = "pod-security.kubernetes.io/enforce"
    place.kubectl("label", "namespace", place.namespace, f"{level}=restricted", "--overwrite")
    result = place.result(place.probe({}))
    place.kubectl("label", "namespace", place.namespace, f"{level}-")
    assert result == {"observed": ["ok"], "notTested": [], "warnings": []}


@pytest.mark.parametrize("missing", PROBING, ids=lambda right: f"{right.resources[0]}")
def test_each_right_is_needed_and_its_lack_is_said(place: Place, limited: Path, missing: Right) -> None:
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": place.namespace}
    documents = manifests([place.namespace], subject=subject)
    for document in documents:
        document["metadata"]["name"] += f"-{place.namespace}"
        if "roleRef" in document:
            document["roleRef"]["name"] += f"-{place.namespace}"
    role = next(document for document in documents if document["kind"] == "Role")
    place.apply(*documents)
    assert place.result(place.probe({}, "--kubeconfig", str(limited)))["observed"] == ["ok"]
    role["rules"] = [right.rule() for right in (*PROBING, *CLEANING) if right is not missing]
    place.apply(role)
    result = place.result(place.probe({"labels": {"app": "nobody"}}, "--kubeconfig", str(limited)))
    for kind in ("clusterrole", "clusterrolebinding"):
        place.kubectl("delete", kind, f"netdoctor-read-{place.namespace}")
    told = " ".join((*result["notTested"], *result["warnings"]))
    group = f"{missing.resources[0]}.{missing.group}"
    assert f'"{missing.resources[0]}"' in told or group in told, result
