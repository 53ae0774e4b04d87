"""Ranges of addresses that overlap, and those that only seem to."""

from __future__ import annotations

from netdoctor.diagnosis.causes.pod_cidr import PodCIDROverlap
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    examine,
    found,
    manifest,
    refs,
    report,
    ruled_out,
    sees,
    web,
)


def node(name: str, cidr: str, address: str = "172.18.0.9") -> Manifest:
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": address}],
    }
    return manifest("Node", name, namespace="", spec={"podCIDR": cidr}, status=status)


def kubeadm(subnet: str) -> Manifest:
    text = f"networking:\n  serviceSubnet: {subnet}\n"
    return manifest("ConfigMap", "kubeadm-config", namespace="kube-system", data={"ClusterConfiguration": text})


LOST = sees(BACKEND=Outcome.TIMEOUT, VIP=Outcome.TIMEOUT)


def test_two_nodes_with_the_same_range() -> None:
    case = examine(cluster(api(), web(), node("worker-3", "10.244.1.0/25")), "svc/api", LOST)
    item = found(PodCIDROverlap, case)
    assert refs(item) == ["Node worker-1 spec.podCIDR", "Node worker-3 spec.podCIDR"]
    assert item.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["PodCIDROverlap"]


def test_services_in_the_range_of_pods() -> None:
    case = examine(cluster(api(clusterIP="10.244.1.50"), web(), kubeadm("10.244.0.0/16")), "svc/api")
    item = found(PodCIDROverlap, case)
    assert "Services and pods of worker-1 overlap: 10.244.1.0/24" in item.finding.title
    assert item.finding.certainty is Certainty.LIKELY


def test_a_single_cluster_ip_where_nobody_says_what_range_they_have() -> None:
    case = examine(cluster(api(clusterIP="10.244.1.50"), web()), "svc/api")
    assert "Service shop/api spec.clusterIP" in refs(found(PodCIDROverlap, case))


def test_a_node_in_the_range_of_pods() -> None:
    case = examine(cluster(api(), web(), node("worker-3", "10.244.3.0/24", "10.244.1.77")), "svc/api", LOST)
    assert refs(found(PodCIDROverlap, case)) == ["Node worker-1 spec.podCIDR", "Node worker-3 status.addresses[0]"]


def test_while_everything_works_it_is_a_warning() -> None:
    case = examine(cluster(api(), web(), node("worker-3", "10.244.1.0/25")), "svc/api", sees())
    assert found(PodCIDROverlap, case).warning
    assert codes(case) == []
    assert [finding.code for finding in report(case).warnings] == ["PodCIDROverlap"]


def test_what_concerns_other_nodes_only_is_not_named() -> None:
    spare = [node("worker-3", "10.250.0.0/24", "172.18.0.3"), node("worker-4", "10.96.0.0/24", "172.18.0.4")]
    case = examine(cluster(api(), web(), *spare, kubeadm("10.96.0.0/12")), "svc/api", LOST)
    assert "no two ranges overlap" in ruled_out(PodCIDROverlap, case)


def test_pools_of_the_plugin_hold_the_nodes_ranges() -> None:
    pool = manifest("IPPool", "default", "crd.projectcalico.org/v1", namespace="", spec={"cidr": "10.244.0.0/16"})
    assert "no two ranges overlap" in ruled_out(PodCIDROverlap, examine(cluster(api(), web(), pool), "svc/api", LOST))
