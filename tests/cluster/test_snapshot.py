"""Indexes of a Snapshot: who owns whom, who is selected, what is known to be unknown."""

from __future__ import annotations

from functools import cache

import pytest

from netdoctor.cluster.objects import Deployment, Pod, ReplicaSet, Service, Workload
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.model.refs import ObjectRef
from tests.cluster.manifests import snapshot

CLUSTER = """
{kind: Deployment, apiVersion: apps/v1, metadata: {name: web, namespace: shop, uid: d},
 spec: {selector: {matchLabels: {app: web}}}}
---
{kind: ReplicaSet, apiVersion: apps/v1, metadata: {name: web-abc, namespace: shop, uid: r,
 ownerReferences: [{kind: Deployment, name: web, uid: d, controller: true}]}}
---
{kind: ReplicaSet, apiVersion: apps/v1, metadata: {name: bare, namespace: shop, uid: b}}
---
{kind: Pod, apiVersion: v1, metadata: {name: web-abc-1, namespace: shop, uid: p1,
 labels: {app: web, pod-template-hash: abc},
 ownerReferences: [{kind: ReplicaSet, name: web-abc, uid: r, controller: true}]}, status: {podIP: 10.0.0.1}}
---
{kind: Pod, apiVersion: v1, metadata: {name: impostor, namespace: shop, uid: p2, labels: {app: web}},
 status: {podIP: 10.0.0.2}}
---
{kind: Pod, apiVersion: v1, metadata: {name: manifest, namespace: shop, labels: {app: web}}}
---
{kind: Pod, apiVersion: v1, metadata: {name: bare-1, namespace: shop, uid: p3,
 ownerReferences: [{kind: ReplicaSet, name: bare, uid: b, controller: true}]},
 spec: {hostNetwork: true}, status: {podIP: 192.168.0.1}}
---
{kind: Pod, apiVersion: v1, metadata: {name: done, namespace: shop, uid: p4,
 ownerReferences: [{kind: Job, name: j, uid: j, controller: true}]}, status: {phase: Succeeded, podIP: 10.0.0.1}}
---
{kind: Pod, apiVersion: v1, metadata: {name: static-n1, namespace: shop, uid: p5,
 ownerReferences: [{kind: Node, name: n1, uid: n, controller: true}]}, spec: {hostNetwork: true}}
---
{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {team: red}}}
---
{kind: Node, apiVersion: v1, metadata: {name: n1}}
---
{kind: Service, apiVersion: v1, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}}}
"""


@cache
def cluster() -> Snapshot:
    return snapshot(CLUSTER)


def pod(name: str) -> Pod:
    found = cluster().get("Pod", "shop", name)
    assert isinstance(found, Pod)
    return found


def workload(kind: str, name: str) -> Workload:
    found = cluster().get(kind, "shop", name)
    assert isinstance(found, Workload)
    return found


def names(pods: tuple[Pod, ...]) -> list[str]:
    return [each.name for each in pods]


def test_find_by_key_and_reference() -> None:
    node = cluster().node("n1")
    assert node is not None
    assert cluster().find(node.ref.at("spec")) is node
    assert cluster().node("n2") is None
    assert cluster().find(ObjectRef("Pod", "web-abc-1", "other")) is None


def test_every_namespace_has_its_name_as_label() -> None:
    assert cluster().namespace_labels("shop") == {"team": "red", "kubernetes.io/metadata.name": "shop"}
    assert cluster().namespace_labels("unseen") == {"kubernetes.io/metadata.name": "unseen"}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("web-abc-1", "Deployment shop/web"),
        ("impostor", "Pod shop/impostor"),
        ("bare-1", "ReplicaSet shop/bare"),
        ("done", "Job shop/j"),  # a kind that is not read
        ("static-n1", "Pod shop/static-n1"),
    ],
)
def test_owner_of(name: str, owner: str) -> None:
    assert str(cluster().owner_of(pod(name))) == owner


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("web-abc-1", "Deployment shop/web"),
        ("bare-1", "ReplicaSet shop/bare"),
        ("manifest", "Deployment shop/web"),
        ("impostor", "None"),
        ("done", "None"),
    ],
)
def test_workload_of(name: str, owner: str) -> None:
    found = cluster().workload_of(pod(name))
    assert str(found and found.ref) == owner


def test_pods_of_follows_controllers_and_labels_only_for_manifests() -> None:
    assert names(cluster().pods_of(workload("Deployment", "web"))) == ["web-abc-1", "manifest"]
    assert names(cluster().pods_of(workload("ReplicaSet", "web-abc"))) == ["web-abc-1"]
    assert names(cluster().pods_of(workload("ReplicaSet", "bare"))) == ["bare-1"]


def test_a_deployment_is_found_without_the_right_to_read_replica_sets() -> None:
    without = snapshot(CLUSTER.replace("kind: ReplicaSet, apiVersion: apps/v1", "kind: Secret, apiVersion: v1"))
    (deployment,) = without.deployments
    assert not without.replica_sets
    assert "web-abc-1" in names(without.pods_of(deployment))


def test_workloads_are_those_that_users_deploy() -> None:
    assert [(type(w), w.name) for w in cluster().workloads] == [(Deployment, "web"), (ReplicaSet, "bare")]


def test_a_services_selector_selects_by_labels_and_an_empty_one_nothing() -> None:
    assert names(cluster().pods_selected("shop", {"app": "web"})) == ["web-abc-1", "impostor", "manifest"]
    assert cluster().pods_selected("shop", {}) == ()
    assert cluster().pods_selected("other", {"app": "web"}) == ()


def test_addresses_belong_to_pods_with_a_network_of_their_own_that_still_run() -> None:
    found = cluster().pod_by_ip("10.0.0.1")
    assert found is not None
    assert found.name == "web-abc-1"
    assert cluster().pod_by_ip("192.168.0.1") is None


SLICE = """
---
{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1,
 metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}},
 endpoints: null, ports: null}
"""
ENDPOINTS = """
---
{kind: Endpoints, apiVersion: v1, metadata: {name: web, namespace: shop}, subsets: [{addresses: [{ip: 10.0.0.9}]}]}
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", []), (SLICE, ["web-x"]), (ENDPOINTS, ["web"]), (SLICE + ENDPOINTS, ["web-x"])],
    ids=["none", "slice", "endpoints", "both"],
)
def test_slices_of(more: str, expected: list[str]) -> None:
    there = snapshot(CLUSTER + more)
    service = there.services[0]
    assert isinstance(service, Service)
    assert [each.name for each in there.slices_of(service)] == expected


EVENT = """
---
{{kind: Event, apiVersion: v1, metadata: {{name: {0}, namespace: shop}}, lastTimestamp: {1},
 involvedObject: {{kind: Pod, name: web-abc-1, namespace: shop}}}}
"""


def test_events_are_newest_first() -> None:
    times = {"old": "2026-01-01T00:00:00Z", "new": "2026-01-03T00:00:00Z", "undated": "", "mid": "2026-01-02T00:00:00Z"}
    there = snapshot("".join(EVENT.format(*item) for item in times.items()))
    found = there.events_of(ObjectRef("Pod", "web-abc-1", "shop"))
    assert [each.name for each in found] == ["new", "mid", "old", "undated"]
    assert there.events_of(ObjectRef("Pod", "web-abc-1", "other")) == ()


def test_what_was_not_read() -> None:
    everywhere = Unread("Pod", "", "forbidden", read_in=("shop",))
    here = Unread("Service", "shop", "broken")
    there = snapshot("", unread=(everywhere, here))
    assert there.was_read("Pod", "shop")
    assert there.unread_for("Pod", "other") is everywhere
    assert there.unread_for("Pod") is everywhere
    assert there.unread_for("Service", "shop") is here
    assert there.was_read("Service", "other")
    assert not there.was_read("Service")
    assert there.was_read("NetworkPolicy")
