"""Pods that get no network, and what looks like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.causes.node_network import IPAddressesExhausted, NodeNetworkUnavailable
from netdoctor.diagnosis.causes.pods import NoReadyEndpoints
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis import builders
from tests.diagnosis.builders import (
    Manifest,
    codes,
    deployment,
    endpoints,
    event,
    examine,
    found,
    manifest,
    pod,
    refs,
    ruled_out,
    sees,
    service,
)

NO_PLUGIN = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
NO_SANDBOX = (
    'Failed to create pod sandbox: plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file'
)


def cluster(*objects: Manifest | list[Manifest]) -> Snapshot:
    """The small cluster, in which nodes that are given take the place of those of the same name."""
    made = builders.cluster(*objects)
    return replace(made, nodes=tuple({one.name: one for one in made.nodes}.values()))


def node(name: str = "worker-1", *conditions: Manifest) -> Manifest:
    status = {"conditions": list(conditions), "addresses": [{"type": "InternalIP", "address": "172.18.0.1"}]}
    return manifest("Node", name, namespace="", spec={"podCIDR": "10.244.1.0/29"}, status=status)


def not_ready(message: str) -> Manifest:
    return {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": message}


def waiting(name: str = "api-1") -> Manifest:
    creating = {"name": "app", "ready": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
    return pod(name, owner="api", ready=False, statuses=(creating,), spec={"nodeName": "worker-1"})


def shop(*more: Manifest) -> list[Manifest]:
    return [service("api"), *deployment("api"), endpoints("api", port=None), *more]


@pytest.mark.parametrize(
    "more",
    [
        [node("worker-1", not_ready(NO_PLUGIN))],
        [node("worker-1", {"type": "NetworkUnavailable", "status": "True", "message": "no route"})],
        [event("api-1", "NetworkNotReady", f"network is not ready: {NO_PLUGIN}")],
        [event("api-1", "FailedCreatePodSandBox", NO_SANDBOX + ": cni")],
    ],
)
def test_pods_that_wait_for_a_network(more: list[Manifest]) -> None:
    snapshot = cluster(shop(waiting()), more)
    for case in (examine(snapshot, "svc/api"), examine(snapshot, "svc/api", sees(VIP=Outcome.REJECTED))):
        assert refs(found(NodeNetworkUnavailable, case))[0] == "Node worker-1"
        assert codes(case) == ["NodeNetworkUnavailable"]


def test_with_a_condition_and_a_probe_it_is_certain() -> None:
    snapshot = cluster(shop(waiting()), node("worker-1", not_ready(NO_PLUGIN)))
    case = examine(snapshot, "svc/api", sees(VIP=Outcome.REJECTED))
    assert found(NodeNetworkUnavailable, case).finding.certainty is Certainty.CERTAIN


def test_the_plugins_pod_that_is_not_ready_is_named() -> None:
    plugin = manifest("DaemonSet", "calico-node", "apps/v1", "kube-system", uid="calico")
    agent = pod("calico-node-1", "172.18.0.1", ready=False, node="worker-1")
    owner = [{"kind": "DaemonSet", "name": "calico-node", "controller": True}]
    agent["metadata"] |= {"namespace": "kube-system", "ownerReferences": owner}
    snapshot = cluster(shop(waiting()), plugin, agent, node("worker-1", not_ready(NO_PLUGIN)))
    item = found(NodeNetworkUnavailable, examine(snapshot, "svc/api"))
    assert refs(item) == ["Node worker-1", "Pod kube-system/calico-node-1"]
    assert [fix.command for fix in item.finding.fixes][1:] == [
        "kubectl logs pod/calico-node-1 -n kube-system --tail=50",
        "kubectl delete pod/calico-node-1 -n kube-system",
    ]


def test_a_node_that_is_not_ready_for_another_reason_has_its_network() -> None:
    snapshot = cluster(shop(waiting()), node("worker-1", not_ready("kubelet stopped posting node status")))
    case = examine(snapshot, "svc/api")
    assert "does not say" in ruled_out(NodeNetworkUnavailable, case)
    assert codes(case) == ["NoReadyEndpoints"]


def test_pods_that_have_an_address_fail_for_a_reason_of_their_own() -> None:
    failing = pod("api-2", "10.244.1.3", ready=False, owner="api")
    case = examine(cluster(shop(waiting(), failing), node("worker-1", not_ready(NO_PLUGIN))), "svc/api")
    assert codes(case) == ["NoReadyEndpoints"]
    assert found(NoReadyEndpoints, case)


@pytest.mark.parametrize(
    "message",
    [
        'plugin type="host-local" failed (add): failed to allocate for range 0: no IP addresses available in range set',
        'plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
        'plugin type="calico" failed (add): failed to request IPv4 addresses: Assigned 0 out of 1 requested',
        'plugin type="cilium-cni" failed (add): unable to allocate IP via local cilium agent: range is full',
    ],
)
def test_no_address_is_left(message: str) -> None:
    others = [pod(f"other-{n}", f"10.244.1.{n}", {"app": "other"}) for n in range(2, 7)]
    said = event("api-1", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {message}")
    case = examine(cluster(shop(waiting(), *others), said, node()), "svc/api", sees(VIP=Outcome.REJECTED))
    item = found(IPAddressesExhausted, case)
    assert refs(item) == ["Node worker-1 spec.podCIDR"]
    assert "Pods have 5 of the 5 addresses of its podCIDR 10.244.1.0/29" in item.finding.explanation
    assert codes(case) == ["IPAddressesExhausted"]


def test_another_failure_of_the_sandbox_is_not_about_addresses() -> None:
    case = examine(cluster(shop(waiting()), event("api-1", "FailedCreatePodSandBox", NO_SANDBOX)), "svc/api")
    assert "no event speaks of missing addresses" in ruled_out(IPAddressesExhausted, case)
