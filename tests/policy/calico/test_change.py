"""Changes of Calico's policies: carried out, each opens what was said of it and nothing else."""

from __future__ import annotations

import pytest

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.repair import Repair, repairs
from tests.policy.calico.manifests import STORED, allowed, calico, local, rule, source, target, tier, wide
from tests.policy.clusters import CALICO, Manifest, cluster, flow, namespace, pod
from tests.policy.patching import opened, patched

PODS = ["shop/web", "shop/api", "db/pg"]
WORLD = [
    namespace("shop"),
    namespace("db"),
    pod("shop/web", "10.0.0.1", {"app": "web"}),
    pod("shop/api", "10.0.0.2", {"app": "api"}),
    pod("db/pg", "10.0.1.1", {"app": "pg"}),
]


def found(objects: list[Manifest], start: str, end: str) -> list[Repair]:
    """The changes of Calico's policies."""
    snapshot = cluster(*WORLD, *objects)
    policies = compile_policies(snapshot, cni="calico")
    denied = decide(policies, flow(snapshot, start, end), CALICO)
    assert denied.allowed is False
    return [one for one in repairs(policies, denied, CALICO) if "projectcalico.org" in one.command.split()[2]]


def carried_out(objects: list[Manifest], repair: Repair) -> set[str]:
    after = patched(objects, repair)
    return opened(
        PODS,
        (80, 81),
        lambda a, b, port: allowed([*WORLD, *objects], a, b, f"{port}/TCP"),
        lambda a, b, port: allowed([*WORLD, *after], a, b, f"{port}/TCP"),
    )


@pytest.mark.parametrize(
    "objects",
    [
        [wide("deny", order=5, types=["Ingress"], selector="app == 'pg'", ingress=[source("Deny", selector="all()")])],
        [local("db/in", types=["Ingress"], ingress=[source(selector="app == 'other'"), rule("Deny")])],
        [local("db/in", types=["Ingress"])],
        [calico("NetworkPolicy", "db/in", version=STORED, selector="all()", types=["Ingress"])],
        [wide("out", selector="app == 'web'", types=["Egress"], egress=[target(nets=["192.0.2.0/24"])])],
    ],
    ids=["a-rule-denies", "the-second-rule-denies", "isolated", "as-stored", "egress"],
)
def test_a_rule_for_the_flow_is_added(objects: list[Manifest]) -> None:
    (one,) = found(objects, "shop/web", "db/pg")
    assert carried_out(objects, one) == set(one.opens) == {"Pod shop/web → Pod db/pg 80/TCP"}


def test_in_another_tier_the_flow_is_left_to_the_next_or_allowed() -> None:
    objects = [tier("early", 1), wide("deny", tier="early", types=["Ingress"], selector="app == 'pg'")]
    passing, allowing = found(objects, "shop/web", "db/pg")
    assert [one.patch["value"][0]["action"] for one in (passing, allowing) if one.patch] == ["Pass", "Allow"]
    for one in (passing, allowing):
        assert carried_out(objects, one) == set(one.opens) == {"Pod shop/web → Pod db/pg 80/TCP"}


def test_what_else_a_wide_policy_then_admits_is_said() -> None:
    objects = [wide("deny", types=["Ingress"], selector="all()")]
    (one,) = found(objects, "shop/web", "db/pg")
    assert carried_out(objects, one) == set(one.opens)
    assert "Pod shop/web → Pod shop/api 80/TCP" in one.opens


def test_where_a_later_policy_denies_all_the_same_passing_is_not_offered() -> None:
    objects = [
        tier("early", 1),
        wide("deny", tier="early", types=["Ingress"], selector="app == 'pg'"),
        local("db/in", types=["Ingress"]),
    ]
    (allowing,) = found(objects, "shop/web", "db/pg")
    assert allowing.patch is not None
    assert allowing.patch["value"][0]["action"] == "Allow"
