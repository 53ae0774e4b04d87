"""kind's configuration, and the names of its nodes."""

from __future__ import annotations

import pytest

from e2e.cluster import NODES, Cluster, ClusterError
from e2e.cluster.kind import configuration


def test_nodes_have_the_names_that_kind_gives_them() -> None:
    cluster = Cluster("plain", "lab")
    assert [cluster.node(node) for node in NODES] == ["lab-control-plane", "lab-worker", "lab-worker2"]


def test_a_cluster_is_named_after_its_cni() -> None:
    assert {Cluster("policy").name, Cluster("plain").name} == {"netdoctor-policy", "netdoctor-plain"}


def test_an_unknown_node_is_told_with_the_known_ones() -> None:
    with pytest.raises(ClusterError, match=r"worker-3(?s:.*)control-plane, worker-1, worker-2"):
        Cluster("policy").node("worker-3")


@pytest.mark.parametrize("default_cni", [True, False])
def test_configuration(default_cni: bool) -> None:
    wanted = configuration("node:v1", default_cni)
    assert wanted["nodes"] == [{"role": role, "image": "node:v1"} for role in ("control-plane", "worker", "worker")]
    assert wanted["networking"] == {
        "ipFamily": "ipv4",
        "disableDefaultCNI": not default_cni,
        "podSubnet": "10.244.0.0/16",
        "serviceSubnet": "10.96.0.0/16",
        "kubeProxyMode": "iptables",
    }
