"""What is read of a namespace before labels are carried in it."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from netdoctor.cluster.client import Client
from netdoctor.cluster.objects import (
    AdminNetworkPolicy,
    AdminNetworkPolicySpec,
    AdminPeer,
    AdminRule,
    DaemonSet,
    Deployment,
    EgressRule,
    IngressRule,
    LabelSelector,
    NamespacedPod,
    NetworkPolicy,
    NetworkPolicySpec,
    ObjectMeta,
    PolicyPeer,
    PolicySubject,
    ReplicaSet,
    Requirement,
    Service,
    ServiceSpec,
    WorkloadSpec,
)
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.surroundings import Autoscaler, Selecting, read_surroundings
from tests.probing.kube.fake_cluster import Document, FakeCluster

WEB = LabelSelector(match_labels={"app": "web"})
SPEC = WorkloadSpec(selector=WEB)


def meta(name: str, namespace: str = "shop") -> ObjectMeta:
    return ObjectMeta(name=name, namespace=namespace)


def item(name: str, spec: Document, **status: int) -> Document:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec, "status": status}


def has(key: str) -> LabelSelector:
    return LabelSelector(match_expressions=(Requirement(key=key, operator="Exists"),))


def snapshot(unread: tuple[Unread, ...] = ()) -> Snapshot:
    publishing = ServiceSpec(selector={"app": "web"}, publish_not_ready_addresses=True)
    here = LabelSelector(match_labels={"kubernetes.io/metadata.name": "shop"})
    policy = NetworkPolicySpec(
        pod_selector=has("pod"), egress=(EgressRule(to=(PolicyPeer(pod_selector=has("near")),)),)
    )
    reaching = PolicyPeer(pod_selector=has("far"), namespace_selector=here)
    elsewhere = replace(policy, ingress=(IngressRule(from_=(reaching,)),))
    return Snapshot(
        "fake",
        datetime.now(UTC),
        unread=unread,
        services=(
            Service(metadata=meta("published"), spec=publishing),
            Service(metadata=meta("usual"), spec=ServiceSpec(selector={"app": "web"})),
            Service(metadata=meta("elsewhere", "other"), spec=publishing),
        ),
        deployments=(Deployment(metadata=meta("web"), spec=SPEC),),
        replica_sets=(ReplicaSet(metadata=meta("web-5d"), spec=SPEC),),
        daemon_sets=(DaemonSet(metadata=meta("agent", "other"), spec=SPEC),),
        network_policies=(
            NetworkPolicy(metadata=meta("here"), spec=policy),
            NetworkPolicy(metadata=meta("elsewhere", "other"), spec=elsewhere),
        ),
    )


def test_what_selects_by_label_is_known(cluster: FakeCluster, client: Client) -> None:
    selector = {"matchLabels": {"app": "web"}}
    cluster.lists = {
        "poddisruptionbudgets": [
            item("percent", {"minAvailable": "50%", "selector": selector}),
            item("number", {"minAvailable": 1, "selector": selector}),
            item("max", {"maxUnavailable": 1, "selector": {}}),
        ],
        "horizontalpodautoscalers": [
            item("rest", _scaling("Deployment", "web", "cpu"), currentReplicas=2, desiredReplicas=2),
            item("busy", _scaling("Deployment", "web"), currentReplicas=2, desiredReplicas=3),
            item("idle", _scaling("Deployment", "web", "cpu", "memory"), currentReplicas=2, desiredReplicas=0),
            item("unknown", _scaling("Rollout", "web"), currentReplicas=2, desiredReplicas=3),
        ],
        "replicationcontrollers": [item("old", {"selector": {"app": "web"}}), item("empty", {})],
    }
    around = read_surroundings(client, snapshot(), "shop")
    assert around.publishing == (Selecting(ObjectRef("Service", "published", "shop"), WEB),)
    assert [str(adopter.ref) for adopter in around.adopters] == [
        "ReplicaSet shop/web-5d",
        "ReplicationController shop/old",
    ]
    assert around.budgets == (
        Selecting(ObjectRef("PodDisruptionBudget", "percent", "shop"), WEB),
        Selecting(ObjectRef("PodDisruptionBudget", "max", "shop"), LabelSelector()),
    )
    assert around.autoscalers == (
        Autoscaler(ObjectRef("HorizontalPodAutoscaler", "rest", "shop"), WEB, at_rest=True),
        Autoscaler(ObjectRef("HorizontalPodAutoscaler", "busy", "shop"), WEB, at_rest=False),
        Autoscaler(ObjectRef("HorizontalPodAutoscaler", "idle", "shop"), WEB, at_rest=True, weighs_unready=True),
    )
    assert around.unread == {}


def test_a_label_matters_to_policies_that_can_mean_pods_of_the_namespace(cluster: FakeCluster, client: Client) -> None:
    keys = read_surroundings(client, snapshot(), "shop").policy_keys
    assert keys.keys() == {"pod", "near", "far"}
    elsewhere = ObjectRef("NetworkPolicy", "elsewhere", "other")
    assert [key for key, ref in keys.items() if ref == elsewhere] == ["far"]


def test_a_label_matters_to_policies_for_the_whole_cluster(cluster: FakeCluster, client: Client) -> None:
    def pods(key: str, namespace: str = "shop") -> NamespacedPod:
        return NamespacedPod(LabelSelector(match_labels={"kubernetes.io/metadata.name": namespace}), has(key))

    rules = (AdminRule(from_=(AdminPeer(pods=pods("peer")), AdminPeer(pods=pods("far", "other")))),)
    spec = AdminNetworkPolicySpec(subject=PolicySubject(pods=pods("subject")), ingress=rules)
    policy = AdminNetworkPolicy(metadata=ObjectMeta(name="wide"), spec=spec)
    around = read_surroundings(client, Snapshot("fake", datetime.now(UTC), admin_network_policies=(policy,)), "shop")
    assert around.policy_keys == {"subject": policy.ref, "peer": policy.ref}


def test_what_cannot_be_read_is_known_too(cluster: FakeCluster, client: Client) -> None:
    cluster.refusals["GET", "poddisruptionbudgets"] = (403, "Forbidden", "no")
    around = read_surroundings(client, snapshot((Unread("ReplicaSet", "shop", "forbidden"),)), "shop")
    assert around.unread == {"PodDisruptionBudget": "no", "ReplicaSet": "forbidden"}


def _scaling(kind: str, name: str, *resources: str) -> Document:
    metrics = [{"type": "Resource", "resource": {"name": resource}} for resource in resources]
    return {"scaleTargetRef": {"kind": kind, "name": name}, "metrics": [*metrics, {"type": "External"}]}
