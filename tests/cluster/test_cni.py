"""Network plugins and whether they enforce NetworkPolicy."""

from __future__ import annotations

import pytest

from netdoctor.cluster.cni import cni
from netdoctor.cluster.snapshot import Unread
from tests.cluster.manifests import snapshot


def daemon_set(name: str, image: str = "x", *args: str) -> str:
    return (
        f"---\n{{kind: DaemonSet, apiVersion: apps/v1, metadata: {{name: {name}, namespace: kube-system}},"
        f" spec: {{template: {{spec: {{containers: [{{name: c, image: '{image}', args: {list(args)}}}]}}}}}}}}\n"
    )


NEVER = """
---
{kind: ConfigMap, apiVersion: v1, metadata: {name: cilium-config, namespace: kube-system}, data: {enable-policy: never}}
"""
KINDNETD = "docker.io/kindest/kindnetd:"


@pytest.mark.parametrize(
    ("objects", "name", "enforces", "by_ipblock"),
    [
        (daemon_set("calico-node"), "calico", True, True),
        (daemon_set("calico-node") + daemon_set("kube-flannel-ds"), "canal", True, True),
        (daemon_set("cilium"), "cilium", True, False),
        (daemon_set("cilium") + NEVER, "cilium", False, None),
        (daemon_set("kube-flannel-ds"), "flannel", False, None),
        (
            daemon_set("kube-flannel-ds") + daemon_set("kube-network-policies"),
            "kube-network-policies+flannel",
            True,
            True,
        ),
        (daemon_set("kindnet", f"{KINDNETD}v20250512-df8de77b"), "kindnet", True, True),
        (daemon_set("kindnet", f"{KINDNETD}v20240513-cd2ac642"), "kindnet", False, None),
        (daemon_set("kindnet", f"{KINDNETD}latest"), "kindnet", None, None),
        (daemon_set("aws-node", "x", "--enable-network-policy=true"), "aws-vpc-cni", True, None),
        (daemon_set("aws-node", "x", "--enable-network-policy=false"), "aws-vpc-cni", False, None),
        (daemon_set("antrea-agent"), "antrea", True, None),
        (daemon_set("something-else"), "unknown", None, None),
    ],
)
def test_plugins(objects: str, name: str, enforces: bool | None, by_ipblock: bool | None) -> None:
    found = cni(snapshot(objects))
    assert (found.name, found.enforces_policy, found.match_pods_by_ipblock) == (name, enforces, by_ipblock)


@pytest.mark.parametrize(
    ("name", "admits"), [("calico-node", True), ("kube-router", False), ("weave-net", None), ("kube-flannel-ds", None)]
)
def test_whether_a_node_reaches_its_own_pods_whatever_policies_say(name: str, admits: bool | None) -> None:
    assert cni(snapshot(daemon_set(name))).admits_node is admits


@pytest.mark.parametrize(("args", "enforces"), [("[]", True), ('["agent","--disable-network-policy"]', False)])
def test_k3s_has_no_daemon_set(args: str, enforces: bool) -> None:
    node = f"""
        kind: Node
        apiVersion: v1
        metadata: {{name: n, annotations: {{k3s.io/node-args: '{args}'}}}}
        status: {{nodeInfo: {{kubeletVersion: v1.34.1+k3s1}}}}
        """
    found = cni(snapshot(node))
    assert (found.name, found.enforces_policy) == ("k3s", enforces)


def test_evidence_names_the_object_or_says_what_was_not_read() -> None:
    assert (
        cni(snapshot(daemon_set("calico-node"))).evidence == "DaemonSet kube-system/calico-node enforces NetworkPolicy"
    )
    unread = snapshot("", unread=(Unread("DaemonSet", "", "forbidden"),))
    assert cni(unread).evidence == "DaemonSets in kube-system could not be read: forbidden"
    assert "no DaemonSet of a known network plugin" in cni(snapshot("")).evidence
