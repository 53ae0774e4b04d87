from __future__ import annotations

from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.objects import Objects
from tests.lab.builders import container, is_ready, lab, names, one, some, workload

BROKEN = container("http:8080", readinessProbe={"httpGet": {"path": "/status/503", "port": 8080}})
KEY = ("Deployment", "shop", "web")


def with_template(objects: Objects, *containers: dict[str, object], **spec: object) -> Objects:
    deployment = objects[KEY]
    template = {
        **deployment["spec"]["template"],
        "spec": {**deployment["spec"]["template"]["spec"], "containers": list(containers)},
    }
    changed = {**deployment, "spec": {**deployment["spec"], "template": template, **spec}}
    return reconcile({**objects, KEY: changed}, past=objects)


def test_a_deployment_has_a_replica_set_and_its_pods() -> None:
    objects = lab(workload("Deployment", "web", replicas=3))
    replica_set = one(objects, "ReplicaSet", "web-")
    number = replica_set["metadata"]["labels"]["pod-template-hash"]
    pods = some(objects, "Pod", f"web-{number}-")
    assert len(pods) == 3
    assert all(pod["metadata"]["labels"] == {"app": "web", "pod-template-hash": number} for pod in pods)
    assert objects[KEY]["status"]["readyReplicas"] == 3


def test_the_same_documents_make_the_same_lab() -> None:
    documents = [workload("Deployment", "web", replicas=2), workload("StatefulSet", "db", replicas=2)]
    assert lab(*documents) == lab(*documents)


def test_a_rollout_replaces_all_pods_at_once() -> None:
    before = lab(workload("Deployment", "web", replicas=4))
    after = with_template(before, container("http:9090"))
    assert len(some(after, "Pod", "web-")) == 4
    assert not {*names(some(after, "Pod"))} & {*names(some(before, "Pod"))}
    assert sorted(each["spec"]["replicas"] for each in some(after, "ReplicaSet")) == [0, 4]


def test_a_rollout_that_never_gets_ready_keeps_what_must_be_available() -> None:
    before = lab(workload("Deployment", "web", replicas=4))
    after = with_template(before, BROKEN)
    old = {*names(some(before, "Pod"))}
    kept = [pod for pod in some(after, "Pod") if pod["metadata"]["name"] in old]
    assert len(kept) == 3  # 25 % of 4 may be missing
    assert len(some(after, "Pod")) == 5  # and as many may be too many
    assert after[KEY]["status"]["unavailableReplicas"] == 2
    assert after[KEY]["status"]["updatedReplicas"] == 2


def test_recreate_stops_the_old_pods_whatever_comes_of_the_new_ones() -> None:
    before = lab(workload("Deployment", "web", replicas=2, strategy={"type": "Recreate"}))
    after = with_template(before, BROKEN)
    assert [is_ready(pod) for pod in some(after, "Pod")] == [False, False]


def test_an_unchanged_workload_keeps_its_very_pods() -> None:
    before = lab(workload("Deployment", "web", replicas=2), workload("Deployment", "api"))
    deployment = before[KEY]
    after = reconcile({**before, KEY: {**deployment, "spec": {**deployment["spec"], "replicas": 1}}}, past=before)
    (left,) = some(after, "Pod", "web-")
    assert any(left is pod for pod in some(before, "Pod", "web-"))
    assert one(after, "Pod", "api-") is one(before, "Pod", "api-")


def test_a_paused_deployment_is_not_rolled_out() -> None:
    before = lab(workload("Deployment", "web"))
    after = with_template(before, container("http:9090"), paused=True)
    assert names(some(after, "Pod")) == names(some(before, "Pod"))


def test_pods_that_were_broken_before_are_no_loss() -> None:
    before = lab(workload("Deployment", "web", BROKEN, replicas=4))
    after = with_template(before, container("http:8080"))
    assert [is_ready(pod) for pod in some(after, "Pod")] == [True] * 4


def test_what_is_deleted_takes_its_pods_along() -> None:
    before = lab(workload("Deployment", "web"))
    after = reconcile({key: manifest for key, manifest in before.items() if key != KEY}, past=before)
    assert some(after, "Pod") == some(after, "ReplicaSet") == []
