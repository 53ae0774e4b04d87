from __future__ import annotations

from netdoctor.lab.control.reconcile import reconcile
from tests.lab.builders import container, lab, names, some, workload

KEY = ("DaemonSet", "shop", "agent")


def nodes_of(pods: list[dict[str, object]]) -> set[str]:
    return {pod["spec"]["nodeName"] for pod in pods}  # type: ignore[index]


def test_every_node_that_is_tolerated_has_one_pod() -> None:
    tolerations = [{"operator": "Exists"}]
    objects = lab(workload("DaemonSet", "agent"), workload("DaemonSet", "everywhere", pod={"tolerations": tolerations}))
    assert nodes_of(some(objects, "Pod", "agent")) == {"worker-1", "worker-2"}
    assert nodes_of(some(objects, "Pod", "everywhere")) == {"control-plane", "worker-1", "worker-2"}
    assert objects[KEY]["status"]["desiredNumberScheduled"] == objects[KEY]["status"]["numberReady"] == 2


def test_a_node_selector_that_fits_no_node_leaves_no_pod() -> None:
    before = lab(workload("DaemonSet", "agent"))
    daemon_set = before[KEY]
    template = daemon_set["spec"]["template"]
    template = {**template, "spec": {**template["spec"], "nodeSelector": {"nope": "true"}}}
    after = reconcile(
        {**before, KEY: {**daemon_set, "spec": {**daemon_set["spec"], "template": template}}}, past=before
    )
    assert some(after, "Pod") == []
    assert after[KEY]["status"]["desiredNumberScheduled"] == 0


def test_an_update_that_never_gets_ready_stops_at_one_node() -> None:
    before = lab(workload("DaemonSet", "agent"), nodes=4)
    daemon_set = before[KEY]
    broken = container("http:8080", readinessProbe={"httpGet": {"path": "/status/500", "port": 8080}})
    template = {**daemon_set["spec"]["template"], "spec": {"containers": [broken]}}
    after = reconcile(
        {**before, KEY: {**daemon_set, "spec": {**daemon_set["spec"], "template": template}}}, past=before
    )
    assert len({*names(some(after, "Pod"))} & {*names(some(before, "Pod"))}) == 2
    assert len(some(after, "Pod")) == 3
