"""What a cluster has of policies that cannot be read is noticed, and needs a right only where there may be some."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.client import ApiError, Client
from netdoctor.cluster.other_policies import OtherPolicies, read_other_policies
from netdoctor.cluster.snapshot import Unread
from netdoctor.model.refs import ObjectRef
from tests.cluster.fake_api import FakeAPI, status

OVN = "/apis/k8s.ovn.org/v1"
ANTREA = "/apis/crd.antrea.io/v1beta1"


def group(name: str, *versions: str) -> dict[str, Any]:
    served = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": served, "preferredVersion": served[0]}


def item(name: str, namespace: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": namespace} if namespace else {})}, "spec": {}}


def serve(api: FakeAPI, *groups: dict[str, Any]) -> None:
    api.singles["/apis"] = {"kind": "APIGroupList", "groups": [group("apps", "v1"), *groups]}


def forbid(api: FakeAPI, *paths: str) -> None:
    for path in paths:
        api.refusals[path] = status(403, "Forbidden", f"cannot list {path}")


def found(client: Client) -> OtherPolicies:
    return read_other_policies(client, ("shop", "kube-system"))


def test_policies_of_other_groups_are_noticed(api: FakeAPI, client: Client) -> None:
    serve(api, group("k8s.ovn.org", "v1", "v2"), group("crd.antrea.io", "v1beta1"))
    api.objects[f"{OVN}/egressfirewalls"] = [item("a", "shop")]
    api.objects[f"{ANTREA}/clusternetworkpolicies"] = [item("b")]
    assert found(client) == OtherPolicies(
        (
            ObjectRef("EgressFirewall", "a", "shop"),
            ObjectRef("ClusterNetworkPolicy.v1beta1.crd.antrea.io", "b"),
        )
    )


def test_a_cluster_without_such_groups_is_asked_for_nothing_else(api: FakeAPI, client: Client) -> None:
    serve(api)
    assert found(client) == OtherPolicies()
    assert [path for _, path, *_ in api.requests] == ["/apis"]


@pytest.mark.parametrize(
    "answer", [status(403, "Forbidden", "no"), status(404, "NotFound", "no"), (200, b"no JSON"), (200, {})]
)
def test_who_may_not_ask_finds_none(api: FakeAPI, client: Client, answer: Any) -> None:
    api.refusals["/apis"] = answer
    assert found(client) == OtherPolicies()


def test_what_is_forbidden_cluster_wide_is_read_in_namespaces(api: FakeAPI, client: Client) -> None:
    serve(api, group("k8s.ovn.org", "v1"), group("crd.antrea.io", "v1beta1"))
    forbid(api, f"{OVN}/egressfirewalls", f"{ANTREA}/clusternetworkpolicies")
    forbid(api, f"{OVN}/namespaces/kube-system/egressfirewalls")
    api.objects[f"{OVN}/namespaces/shop/egressfirewalls"] = [item("a", "shop")]
    seen = found(client)
    assert seen.policies == (ObjectRef("EgressFirewall", "a", "shop"),)
    cluster_wide = "ClusterNetworkPolicy.v1beta1.crd.antrea.io"
    assert seen.unread == (
        Unread("EgressFirewall", "", f"cannot list {OVN}/egressfirewalls", ("shop",)),
        Unread(cluster_wide, "", f"cannot list {ANTREA}/clusternetworkpolicies"),
    )


@pytest.mark.parametrize(
    "answer", [(200, b"<html>"), (200, {"items": 5}), status(500, "InternalError", "etcd is down")]
)
def test_an_answer_that_is_none_is_a_gap(api: FakeAPI, client: Client, answer: Any) -> None:
    serve(api, group("k8s.ovn.org", "v1"))
    api.refusals[f"{OVN}/egressfirewalls"] = answer
    assert [unread.kind for unread in found(client).unread] == ["EgressFirewall"]


def test_a_version_of_a_known_kind_that_is_not_read(api: FakeAPI, client: Client) -> None:
    serve(api, group("policy.networking.k8s.io", "v1beta1", "v1alpha1"))
    api.objects["/apis/policy.networking.k8s.io/v1beta1/clusternetworkpolicies"] = [item("x")]
    assert found(client) == OtherPolicies((ObjectRef("ClusterNetworkPolicy.v1beta1.policy.networking.k8s.io", "x"),))
    asked = [path for _, path, *_ in api.requests]
    assert asked == ["/apis", "/apis/policy.networking.k8s.io/v1beta1/clusternetworkpolicies"]


def test_refused_credentials_are_raised(api: FakeAPI, client: Client) -> None:
    api.token = "another"
    with pytest.raises(ApiError, match="Unauthorized"):
        found(client)
