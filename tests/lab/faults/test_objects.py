"""What faults do to objects: of a fresh lab, and of one that replays a snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cluster.facts import kube_proxy
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import start
from netdoctor.lab.definition import define
from netdoctor.lab.enforcement import proxied
from netdoctor.lab.faults.objects import without_dns, without_proxy
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.model.errors import InputError

RECORDED = Path("e2e/scenarios/udp-service-healthy/snapshot.yaml")


@pytest.mark.parametrize("objects", [start([], Shape()), define(str(RECORDED)).objects], ids=["fresh", "replayed"])
def test_only_the_proxy_of_that_node_is_gone(objects: Objects) -> None:
    before = snapshot_of(objects, "lab")
    node = sorted(proxied(before))[1]
    after = snapshot_of(without_proxy(objects, before, node), "lab")
    assert proxied(after) == proxied(before) - {node}
    (pod,) = kube_proxy(after).pods[node]
    (container,) = pod.status.container_statuses
    assert not container.ready
    assert container.state.waiting is not None
    assert container.state.waiting["reason"] == "CrashLoopBackOff"


def test_a_node_without_a_proxy_has_none_to_lose() -> None:
    objects = {key: manifest for key, manifest in start([], Shape()).items() if not key[2].startswith("kube-proxy")}
    with pytest.raises(InputError, match="no pod of kube-proxy runs on node worker-1"):
        without_proxy(objects, snapshot_of(objects, "lab"), "worker-1")


def test_what_is_not_there_cannot_be_scaled_down() -> None:
    objects = {key: manifest for key, manifest in start([], Shape()).items() if key[0] != "Deployment"}
    with pytest.raises(InputError, match="no Deployment of DNS servers"):
        without_dns(objects, snapshot_of(objects, "lab"))


@pytest.mark.parametrize("objects", [start([], Shape()), define(str(RECORDED)).objects], ids=["fresh", "replayed"])
def test_dns_down_leaves_no_server_behind_the_service(objects: Objects) -> None:
    after = snapshot_of(without_dns(objects, snapshot_of(objects, "lab")), "lab")
    assert not [pod for pod in after.pods if pod.labels.get("k8s-app") == "kube-dns"]
    assert [d.spec.replicas for d in after.deployments if d.name == "coredns"] == [0]
