"""What could not be read of Calico's policies leaves open what it may decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from tests.policy.calico.manifests import local, rule, source, wide
from tests.policy.clusters import CALICO, Manifest, cluster, flow, namespace, pod

WORLD = [
    namespace("shop"),
    namespace("db"),
    pod("shop/web", "10.0.0.1"),
    pod("shop/api", "10.0.0.2"),
    pod("db/pg", "10.0.1.1"),
]
NAME = "NetworkPolicy.v3.projectcalico.org"


def allowed(unread: Unread, *manifests: Manifest, end: str = "db/pg") -> bool | None:
    snapshot = replace(cluster(*WORLD, *manifests), unread=(unread,))
    return decide(compile_policies(snapshot, cni="calico"), flow(snapshot, "shop/web", end), CALICO).allowed


def test_global_policies_that_could_not_be_read_may_decide_everything() -> None:
    assert allowed(Unread("GlobalNetworkPolicy", "", "forbidden")) is None
    assert allowed(Unread("GlobalNetworkPolicy", "", "forbidden"), local("db/a", ingress=[rule()])) is None


@pytest.mark.parametrize("kind", ["Tier", "NetworkSet", "GlobalNetworkSet"])
def test_what_policies_refer_to_matters_only_where_there_are_policies(kind: str) -> None:
    assert allowed(Unread(kind, "", "forbidden")) is True
    assert allowed(Unread(kind, "", "forbidden"), local("db/a", ingress=[rule()])) is None


def test_policies_of_namespaces_are_open_where_they_could_not_be_read() -> None:
    assert allowed(Unread(NAME, "db", "forbidden")) is None
    assert allowed(Unread(NAME, "db", "forbidden"), end="shop/api") is True
    assert allowed(Unread(NAME, "", "forbidden", read_in=("shop",))) is None
    assert allowed(Unread(NAME, "", "forbidden", read_in=("shop",)), end="shop/api") is True
    assert allowed(Unread(NAME, "", "forbidden"), end="shop/api") is None


@pytest.mark.parametrize(
    "unread", [Unread("NetworkSet", "", "forbidden", read_in=("db",)), Unread("NetworkSet", "shop", "forbidden")]
)
def test_sets_of_other_namespaces_matter_only_to_rules_that_look_there(unread: Unread) -> None:
    own = source(selector="role == 'set'")
    assert allowed(unread, local("db/a", ingress=[own, rule()])) is True
    assert allowed(unread, local("db/a", ingress=[own])) is False
    assert allowed(unread, local("db/a", ingress=[source(selector="x == 'y'", namespaceSelector="all()")])) is None
    assert allowed(unread, wide("a", types=["Ingress"], ingress=[own])) is None
    assert allowed(unread, wide("a", types=["Ingress"], ingress=[source(nets=["192.0.2.0/24"])])) is False
    assert allowed(unread, local("shop/a", types=["Ingress"], ingress=[rule()]), end="shop/api") is None


@pytest.mark.parametrize("kind", ["StagedNetworkPolicy", "StagedGlobalNetworkPolicy"])
def test_staged_ones_decide_nothing(kind: str) -> None:
    assert allowed(Unread(kind, "", "forbidden")) is True
