from __future__ import annotations

from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.objects import Objects, key_of
from tests.lab.builders import lab, names, pod, some, workload


def relabelled(objects: Objects, labels: dict[str, str]) -> Objects:
    (old,) = some(objects, "Pod")
    new = {**old, "metadata": {**old["metadata"], "labels": labels}}
    return reconcile({**objects, key_of(old): new}, past=objects)


def test_a_bare_replica_set_has_pods() -> None:
    assert len(some(lab(workload("ReplicaSet", "web", replicas=2)), "Pod", "web-")) == 2


def test_a_pod_that_is_no_longer_selected_is_let_go_and_replaced() -> None:
    before = lab(workload("ReplicaSet", "web"))
    after = relabelled(before, {"app": "quarantine"})
    freed = next(p for p in some(after, "Pod") if p["metadata"]["labels"] == {"app": "quarantine"})
    assert "ownerReferences" not in freed["metadata"]
    assert len(some(after, "Pod")) == 2


def test_a_pod_that_nobody_controls_is_taken_in() -> None:
    objects = lab(pod("stray", labels={"app": "web"}), workload("ReplicaSet", "web"))
    assert names(some(objects, "Pod")) == ["stray"]


def test_a_deleted_pod_is_made_again_under_another_name() -> None:
    before = lab(workload("ReplicaSet", "web"))
    (old,) = some(before, "Pod")
    after = reconcile({key: m for key, m in before.items() if key != key_of(old)}, past=before)
    (new,) = some(after, "Pod")
    assert new["metadata"]["name"] != old["metadata"]["name"]
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
