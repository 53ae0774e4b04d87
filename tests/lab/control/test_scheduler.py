from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from netdoctor.lab.control.reconcile import reconcile
from tests.lab.builders import lab, one, pod, some, workload

HOSTNAME = "kubernetes.io/hostname"


def anti(name: str) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {"app": name}}, "topologyKey": HOSTNAME}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def together(name: str) -> dict[str, Any]:
    return {"podAffinity": anti(name)["podAntiAffinity"]}


def on_nodes(operator: str, *values: str) -> dict[str, Any]:
    terms = [{"matchExpressions": [{"key": HOSTNAME, "operator": operator, "values": list(values)}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def node_of(manifest: dict[str, Any]) -> str:
    return str(manifest["spec"].get("nodeName", ""))


def why(manifest: dict[str, Any]) -> str:
    (condition,) = manifest["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")
    return str(condition["message"])


def test_replicas_are_spread_over_the_nodes() -> None:
    objects = lab(workload("Deployment", "web", replicas=6), nodes=4)
    assert Counter(map(node_of, some(objects, "Pod"))) == {"worker-1": 2, "worker-2": 2, "worker-3": 2}


def test_a_lab_of_one_node_runs_pods_there() -> None:
    assert node_of(one(lab(pod("web"), nodes=1), "Pod")) == "control-plane"


@pytest.mark.parametrize(
    ("spec", "node"),
    [
        ({"nodeSelector": {HOSTNAME: "worker-2"}}, "worker-2"),
        ({"nodeName": "control-plane"}, "control-plane"),  # nobody asks the scheduler
        ({"affinity": on_nodes("In", "worker-2")}, "worker-2"),
        ({"affinity": on_nodes("NotIn", "worker-1")}, "worker-2"),
        ({"affinity": together("db")}, "worker-2"),
        ({"affinity": anti("first")}, "worker-2"),
    ],
)
def test_a_pod_goes_where_it_may(spec: dict[str, Any], node: str) -> None:
    first = pod("first", labels={"app": "first"}, nodeName="worker-1")
    objects = lab(first, pod("db", labels={"app": "db"}, nodeName="worker-2"), pod("web", **spec))
    assert node_of(one(objects, "Pod", "web")) == node


def test_a_pod_that_is_there_keeps_others_away() -> None:
    objects = lab(pod("hermit", nodeName="worker-1", affinity=anti("web")), pod("web", labels={"app": "web"}))
    assert node_of(one(objects, "Pod", "web")) == "worker-2"


def test_a_pod_that_wants_its_own_kind_may_be_the_first() -> None:
    objects = lab(workload("Deployment", "web", replicas=3, pod={"affinity": together("web")}))
    assert len({node_of(each) for each in some(objects, "Pod")}) == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"nodeSelector": {"disk": "quantum"}},
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node "
            "affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: "
            "3 Preemption is not helpful for scheduling.",
        ),
        (
            {"affinity": anti("taken")},
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity "
            "rules. no new claims to deallocate, preemption: 0/3 nodes are available: "
            "1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
        ),
    ],
)
def test_what_the_scheduler_says_of_a_pod_that_fits_nowhere(spec: dict[str, Any], message: str) -> None:
    taken = [pod(f"taken-{n}", labels={"app": "taken"}, nodeName=f"worker-{n}") for n in (1, 2)]
    objects = lab(*taken, pod("web", **spec))
    web = one(objects, "Pod", "web")
    assert (node_of(web), web["status"]["phase"], why(web)) == ("", "Pending", message)
    (event,) = some(objects, "Event", "web")
    assert (event["reason"], event["message"]) == ("FailedScheduling", message)


def test_a_host_port_is_free_once_on_each_node() -> None:
    ports = [{"containerPort": 8080, "hostPort": 80}]
    app = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": ["http:8080"], "ports": ports}
    objects = lab(*(pod(f"web-{number}", app) for number in range(3)))
    nodes = Counter(map(node_of, some(objects, "Pod")))
    assert nodes == {"worker-1": 1, "worker-2": 1, "": 1}


def test_a_pod_is_scheduled_as_soon_as_it_fits() -> None:
    before = lab(pod("web", nodeSelector={"disk": "ssd"}))
    key = ("Node", "", "worker-2")
    node = before[key]
    labels = {**node["metadata"]["labels"], "disk": "ssd"}
    after = reconcile({**before, key: {**node, "metadata": {**node["metadata"], "labels": labels}}}, past=before)
    assert node_of(one(after, "Pod")) == "worker-2"
    assert some(after, "Event") == []
