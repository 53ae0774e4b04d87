from __future__ import annotations

from netdoctor.lab.control.reconcile import reconcile
from tests.lab.builders import container, lab, names, service, some, workload

KEY = ("StatefulSet", "shop", "db")
UNREADY = container("tcp:5432", readinessProbe={"tcpSocket": {"port": 1}})


def test_pods_have_numbers_and_names_in_the_dns() -> None:
    objects = lab(workload("StatefulSet", "db", replicas=2, serviceName="db"), service("db", clusterIP="None"))
    pods = some(objects, "Pod")
    assert [(p["metadata"]["name"], p["spec"]["hostname"], p["spec"]["subdomain"]) for p in pods] == [
        ("db-0", "db-0", "db"),
        ("db-1", "db-1", "db"),
    ]
    (found,) = some(objects, "EndpointSlice")
    assert [endpoint["hostname"] for endpoint in found["endpoints"]] == ["db-0", "db-1"]
    assert found["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


def test_a_pod_that_is_not_ready_stops_the_next() -> None:
    assert names(some(lab(workload("StatefulSet", "db", UNREADY, replicas=3)), "Pod")) == ["db-0"]


def test_parallel_does_not_wait() -> None:
    objects = lab(workload("StatefulSet", "db", UNREADY, replicas=3, podManagementPolicy="Parallel"))
    assert names(some(objects, "Pod")) == ["db-0", "db-1", "db-2"]


def test_an_update_replaces_pods_from_the_top_down_to_the_partition() -> None:
    update = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    before = lab(workload("StatefulSet", "db", replicas=3, updateStrategy=update))
    stateful_set = before[KEY]
    template = {**stateful_set["spec"]["template"], "metadata": {"labels": {"app": "db", "v": "2"}}}
    after = reconcile(
        {**before, KEY: {**stateful_set, "spec": {**stateful_set["spec"], "template": template}}}, past=before
    )
    assert {p["metadata"]["name"]: p["metadata"]["labels"].get("v") for p in some(after, "Pod")} == {
        "db-0": None,
        "db-1": "2",
        "db-2": "2",
    }
    uids = {p["metadata"]["name"]: p["metadata"]["uid"] for p in some(before, "Pod")}
    changed = {p["metadata"]["name"] for p in some(after, "Pod") if p["metadata"]["uid"] != uids[p["metadata"]["name"]]}
    assert changed == {"db-1", "db-2"}


def test_fewer_replicas_take_the_last_away() -> None:
    before = lab(workload("StatefulSet", "db", replicas=3))
    stateful_set = before[KEY]
    after = reconcile({**before, KEY: {**stateful_set, "spec": {**stateful_set["spec"], "replicas": 1}}}, past=before)
    assert names(some(after, "Pod")) == ["db-0"]
