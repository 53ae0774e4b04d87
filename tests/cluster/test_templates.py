"""Manifests without pods: those that their workloads will make stand for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cluster.files import load
from netdoctor.cluster.objects import Deployment
from netdoctor.cluster.snapshot import Snapshot

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop%s}
spec:%s
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, ports: [{containerPort: 80}]}]}}
%s"""


def read(tmp_path: Path, text: str) -> Snapshot:
    file = tmp_path / "objects.yaml"
    file.write_text(text)
    return load([str(file)])


def test_a_workload_of_a_manifest_gets_one_pod(tmp_path: Path) -> None:
    cluster = read(tmp_path, DEPLOYMENT % ("", "", ""))
    (pod,) = cluster.pods
    workload = cluster.get("Deployment", "shop", "web")
    assert isinstance(workload, Deployment)
    assert (pod.labels, pod.ips, pod.status.phase) == ({"app": "web"}, (), "")
    assert cluster.workload_of(pod) is workload
    assert cluster.pods_of(workload) == (pod,)
    assert [port.container_port for port in pod.ports] == [80]


@pytest.mark.parametrize(
    ("metadata", "spec", "status"),
    [
        (", uid: u", "", ""),
        ("", "", "status: {observedGeneration: 1}"),
        ("", "\n  replicas: 0", ""),
    ],
    ids=["with a uid", "with a status", "scaled to zero"],
)
def test_one_that_was_in_a_cluster_or_wants_none_gets_none(
    tmp_path: Path, metadata: str, spec: str, status: str
) -> None:
    assert read(tmp_path, DEPLOYMENT % (metadata, spec, status)).pods == ()


def test_a_pod_of_that_name_is_kept(tmp_path: Path) -> None:
    own = "---\n{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: other}}}\n"
    (pod,) = read(tmp_path, DEPLOYMENT % ("", "", "") + own).pods
    assert pod.labels == {"app": "other"}
