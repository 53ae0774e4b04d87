from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netdoctor.cluster.cni import cni
from netdoctor.cluster.facts import cluster_domain, dns_service, kube_proxy
from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import is_recorded, recorded, start
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.lab.scenario import documents, find
from netdoctor.model.errors import InputError
from tests.lab.builders import lab, pod, some, workload

# What no lab can be was written by hand, or has faults that no lab knows: its controllers never settled it.
SNAPSHOTS = [s.snapshot for s in find([Path("e2e/scenarios")]) if s.snapshot.exists() and "lab" in s.spec.modes]
_BOOKKEEPING = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}  # their status has counts that nobody reads


def test_a_fresh_lab_is_a_cluster_to_netdoctor() -> None:
    snapshot = snapshot_of(start([], Shape()), "lab")
    assert [node.name for node in snapshot.nodes] == ["control-plane", "worker-1", "worker-2"]
    assert [node.spec.pod_cidr for node in snapshot.nodes] == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    assert all(node.ready for node in snapshot.nodes)
    assert cluster_domain(snapshot) == "cluster.local"
    service = dns_service(snapshot)
    assert service is not None
    assert service.vips == ("10.96.0.10",)
    assert len(snapshot.slices_of(service)[0].endpoints) == 2
    assert {*kube_proxy(snapshot).pods} == {"control-plane", "worker-1", "worker-2"}
    assert [str(network) for network in snapshot.pod_networks] == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]


@pytest.mark.parametrize("policy", [True, False])
def test_policies_are_enforced_if_asked_for(policy: bool) -> None:
    assert (cni(snapshot_of(start([], Shape(policy=policy)), "lab")).enforces_policy is True) == policy


@pytest.mark.parametrize("policy", [True, False])
@pytest.mark.parametrize(("name", "plugin"), [("cilium", "cilium"), ("kube-flannel-ds", "flannel"), ("web", "calico")])
def test_a_network_plugin_of_the_documents_runs_instead_of_the_labs_own(name: str, plugin: str, policy: bool) -> None:
    snapshot = snapshot_of(start([workload("DaemonSet", name)], Shape(policy=policy)), "lab")
    assert cni(snapshot).name == ("unknown" if plugin == "calico" and not policy else plugin)


@pytest.mark.parametrize("nodes", [0, 65])
def test_the_number_of_nodes_has_bounds(nodes: int) -> None:
    with pytest.raises(InputError, match=f"--nodes: {nodes} is not a number from 1 to 64"):
        Shape(nodes=nodes)


def test_a_namespace_that_nobody_made_is_there() -> None:
    made = lab(pod("web"))["Namespace", "", "shop"]
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}


def test_what_controllers_made_elsewhere_is_made_again() -> None:
    elsewhere = list(lab(workload("Deployment", "web", replicas=2)).values())
    documents = [m for m in elsewhere if m["metadata"].get("namespace") == "shop"]
    again = start(documents, Shape())
    assert len(some(again, "Pod")) == len(some(again, "ReplicaSet")) + 1 == 2


def test_a_node_is_marked_and_not_made() -> None:
    taint = {"key": "gpu", "effect": "NoSchedule"}
    node: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "worker-1", "labels": {"gpu": "1"}},
    }
    objects = lab({**node, "spec": {"taints": [taint]}}, pod("web"))
    merged = objects["Node", "", "worker-1"]
    assert (merged["spec"]["taints"], merged["metadata"]["labels"]["gpu"]) == ([taint], "1")
    assert objects["Pod", "shop", "web"]["spec"]["nodeName"] == "worker-2"
    with pytest.raises(InputError, match="Node gpu-7: the lab has no such node; its nodes are control-plane, worker-1"):
        lab({**node, "metadata": {"name": "gpu-7"}})


def test_a_snapshot_is_told_from_manifests() -> None:
    assert not is_recorded([pod("web"), workload("Deployment", "web")])
    assert is_recorded(lab(pod("web")).values())


@pytest.mark.parametrize("file", SNAPSHOTS, ids=lambda file: str(file.parent.name))
def test_a_real_cluster_that_had_settled_is_left_as_it_is(file: Path) -> None:
    objects = recorded(documents(file.read_text()))
    after = reconcile(objects)
    assert read(after) == read(objects)
    assert all(after[key] is manifest for key, manifest in objects.items() if key[0] == "Pod")


def read(objects: Objects) -> Objects:
    return {key: manifest for key, manifest in objects.items() if key[0] not in _BOOKKEEPING}
