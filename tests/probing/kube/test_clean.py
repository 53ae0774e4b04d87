"""What `clean` removes, and what it leaves."""

from __future__ import annotations

import pytest

from netdoctor.cluster.client import Client
from netdoctor.cluster.own import RUN_LABEL
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.clean import clean
from netdoctor.probing.kube.manifest import EXPIRES_LABEL
from tests.probing.kube.fake_cluster import FakeCluster


def leave(cluster: FakeCluster, name: str, expires: str) -> None:
    labels = {RUN_LABEL: "x", EXPIRES_LABEL: expires}
    document = {"kind": "Job", "metadata": {"name": name, "namespace": "shop", "labels": labels}}
    cluster.objects[f"/apis/batch/v1/namespaces/shop/jobs/{name}"] = document
    cluster.lists.setdefault("jobs", []).append(document)


@pytest.mark.parametrize(("running", "removed"), [(False, ["ended", "odd"]), (True, ["ended", "odd", "runs"])])
def test_expired_runs_are_removed_and_others_on_request(
    cluster: FakeCluster, client: Client, running: bool, removed: list[str]
) -> None:
    for name, expires in (("ended", "1000"), ("odd", "soon"), ("runs", "1001")):
        leave(cluster, name, expires)
    cleaned = clean(client, "shop", 1000.5, running=running)
    assert cleaned.removed == tuple(ObjectRef("Job", name, "shop") for name in removed)
    assert (cleaned.failed, cleaned.spared) == ((), 3 - len(removed))
    assert sorted({"ended", "odd", "runs"} - set(removed)) == cluster.names("Job")


def test_what_is_forbidden_or_gone_does_not_stop_the_rest(cluster: FakeCluster, client: Client) -> None:
    leave(cluster, "gone", "1")
    leave(cluster, "there", "1")
    del cluster.objects["/apis/batch/v1/namespaces/shop/jobs/gone"]
    cluster.refusals["GET", "pods"] = (403, "Forbidden", 'cannot list resource "pods"')
    cleaned = clean(client, "shop", 2, running=False)
    assert [ref.name for ref in cleaned.removed] == ["there"]
    assert [text.startswith("could not list Pods of netdoctor's runs: a right is missing") for text in cleaned.failed]
