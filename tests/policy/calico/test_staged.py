"""Staged policies: they decide nothing, and what they would do is said."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.policy.calico.staged import in_effect, staged_notes, staged_policies
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from tests.policy.calico.manifests import calico, local, rule, wide
from tests.policy.clusters import CALICO, Manifest, cluster, flow, namespace, pod, policy

WORLD = [namespace("shop"), pod("shop/web", "10.0.0.1", {"app": "web"}), pod("shop/api", "10.0.0.2", {"app": "api"})]
DENY: dict[str, Any] = {"types": ["Ingress"], "ingress": [rule("Deny")]}


def notes(*manifests: Manifest, cni: str = "calico") -> list[str]:
    policies = compile_policies(cluster(*WORLD, *manifests), cni=cni)
    asked = flow(policies.snapshot, "shop/web", "shop/api")
    return list(staged_notes(policies, asked, decide(policies, asked, CALICO), CALICO))


@pytest.mark.parametrize(
    "staged",
    [
        calico("StagedNetworkPolicy", "shop/a", **DENY),
        calico("StagedGlobalNetworkPolicy", "a", **DENY),
        calico("StagedKubernetesNetworkPolicy", "shop/a", podSelector={}),
    ],
    ids=["namespaced", "global", "of Kubernetes"],
)
def test_what_would_deny_is_said(staged: Manifest) -> None:
    (note,) = notes(staged)
    assert note.startswith(staged["kind"])
    assert note.endswith("is staged, and does nothing yet: if it took effect, this flow would be denied")


def test_a_staged_policy_replaces_the_one_of_its_name() -> None:
    (note,) = notes(wide("a", **DENY), calico("StagedGlobalNetworkPolicy", "a", ingress=[rule()]))
    assert note.endswith("would be allowed")


def test_a_staged_deletion_removes_it() -> None:
    (note,) = notes(local("shop/a", **DENY), calico("StagedNetworkPolicy", "shop/a", stagedAction="Delete"))
    assert note.endswith("would be allowed")
    isolating = policy("shop/a", podSelector={})
    (note,) = notes(isolating, calico("StagedKubernetesNetworkPolicy", "shop/a", stagedAction="Delete"))
    assert note.endswith("would be allowed")


@pytest.mark.parametrize(
    "staged",
    [
        calico("StagedGlobalNetworkPolicy", "a", stagedAction="Ignore", **DENY),
        calico("StagedGlobalNetworkPolicy", "a", stagedAction="Learn", **DENY),
        calico("StagedGlobalNetworkPolicy", "a", selector="app == 'web'", **DENY),
        calico("StagedGlobalNetworkPolicy", "a", ingress=[rule()]),
    ],
    ids=["ignore", "learn", "others", "allows"],
)
def test_what_would_change_nothing_is_not_said(staged: Manifest) -> None:
    assert notes(staged) == []


def test_under_another_network_plugin_nothing_is_said() -> None:
    assert notes(calico("StagedGlobalNetworkPolicy", "a", **DENY), cni="cilium") == []


def test_a_policy_in_effect_has_the_spec_of_the_staged_one() -> None:
    snapshot = cluster(*WORLD, calico("StagedNetworkPolicy", "shop/a", order=7, tier="x", **DENY))
    (made,) = in_effect(snapshot, staged_policies(snapshot)[0]).calico_network_policies
    assert (made.name, made.spec.order, made.spec.tier, made.spec.ingress[0].action) == ("a", 7, "x", "Deny")
