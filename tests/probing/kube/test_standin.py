"""Which labels a stand-in carries, under which owner, and when it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.model.probe import Position, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.standin import stand_in
from netdoctor.probing.kube.surroundings import Autoscaler, Selecting, Surroundings

APP = LabelSelector(match_labels={"app": "web"})
TIER = LabelSelector(match_labels={"app": "web", "tier": "front"})
OTHER = LabelSelector(match_labels={"app": "other"})
POLICY = ObjectRef("NetworkPolicy", "allow", "shop")
USED = {"app": POLICY}  # what policies mention
SERVICE = ObjectRef("Service", "web", "shop")
ADOPTER = Selecting(ObjectRef("DaemonSet", "web", "shop"), APP)
BUDGET = Selecting(ObjectRef("PodDisruptionBudget", "web", "shop"), APP)
SCALER = ObjectRef("HorizontalPodAutoscaler", "web", "shop")


def position(**labels: str) -> Position:
    wanted = {"app": "web", "tier": "front", **labels}
    return Position("s", Role.SOURCE, "shop", labels=wanted, stands_for=ObjectRef("Deployment", "web", "shop"))


def test_labels_of_controllers_are_left_out_without_a_word() -> None:
    taken = stand_in(position(**{"pod-template-hash": "5d", "controller-uid": "u", "job-name": "j"}), Surroundings())
    assert taken.position.labels == {"app": "web", "tier": "front"}
    assert (taken.controller, taken.refusal, taken.warnings) == (False, "", ())


def test_it_is_said_where_a_policy_mentions_such_a_label() -> None:
    around = Surroundings(policy_keys={"statefulset.kubernetes.io/pod-name": POLICY})
    [warning] = stand_in(position(**{"statefulset.kubernetes.io/pod-name": "web-0"}), around).warnings
    assert "statefulset.kubernetes.io/pod-name" in warning
    assert "NetworkPolicy shop/allow" in warning


@pytest.mark.parametrize("labels", [{}, {"app": "web"}])
def test_a_pod_that_carries_no_labels_is_taken_as_it_is(labels: Mapping[str, str]) -> None:
    attached = ObjectRef("Pod", "web-0", "shop") if labels else None
    wanted = Position("s", Role.SOURCE, "shop", labels=labels, attach_to=attached)
    taken = stand_in(wanted, Surroundings(publishing=(Selecting(SERVICE, APP),), adopters=(ADOPTER,)))
    assert (taken.position, taken.controller, taken.refusal) == (wanted, False, "")


@pytest.mark.parametrize(
    ("around", "harm"),
    [
        (Surroundings(publishing=(Selecting(SERVICE, TIER),)), "Service shop/web would send it traffic"),
        (Surroundings(autoscalers=(Autoscaler(SCALER, TIER, at_rest=False),)), "would count it as a replica"),
        (
            Surroundings(adopters=(Selecting(ADOPTER.ref, TIER),), budgets=(BUDGET,)),
            "either DaemonSet shop/web would adopt it, or PodDisruptionBudget shop/web would allow no eviction",
        ),
        (
            Surroundings(adopters=(Selecting(ADOPTER.ref, TIER),), unread={"PodDisruptionBudget": "no"}),
            "some PodDisruptionBudget (they cannot be read) might allow no eviction",
        ),
    ],
)
def test_of_a_selector_that_harms_a_label_is_left_out_that_no_policy_mentions(around: Surroundings, harm: str) -> None:
    around = replace(around, policy_keys=USED)
    taken = stand_in(position(), around)
    assert taken.position.labels == {"app": "web"}
    assert not taken.controller
    [warning] = taken.warnings
    assert "tier=front" in warning
    assert harm in warning


@pytest.mark.parametrize("unread", [{}, {"NetworkPolicy": "no"}, {"ClusterNetworkPolicy": "no"}])
def test_where_policies_need_all_of_its_labels_the_stand_in_is_refused(unread: dict[str, str]) -> None:
    keys = {} if unread else {"app": POLICY, "tier": POLICY}
    around = Surroundings(publishing=(Selecting(SERVICE, TIER),), policy_keys=keys, unread=unread)
    taken = stand_in(position(), around)
    assert "Service shop/web would send it traffic" in taken.refusal
    assert "--attach" in taken.refusal


def test_a_controller_reference_keeps_adopters_off() -> None:
    taken = stand_in(position(), Surroundings(adopters=(ADOPTER,), budgets=(Selecting(BUDGET.ref, OTHER),)))
    assert taken.controller
    assert taken.position.labels == {"app": "web", "tier": "front"}


def test_without_an_adopter_there_is_no_controller_reference_which_a_budget_would_miss() -> None:
    around = Surroundings(adopters=(Selecting(ADOPTER.ref, OTHER),), budgets=(BUDGET,))
    assert not stand_in(position(), around).controller


@pytest.mark.parametrize("kind", ["DaemonSet", "ReplicaSet", "ReplicationController"])
def test_an_adopter_that_cannot_be_read_is_expected(kind: str) -> None:
    assert stand_in(position(), Surroundings(unread={kind: "no"})).controller
    refused = stand_in(position(), Surroundings(unread={kind: "no"}, budgets=(BUDGET,))).refusal
    assert f"{kind}s cannot be read" in refused


def test_without_services_nobody_knows_who_would_send_traffic() -> None:
    assert "cannot be read" in stand_in(position(), Surroundings(unread={"Service": "no"})).refusal


@pytest.mark.parametrize(
    ("selector", "by_memory", "weighed"), [(APP, True, True), (APP, False, False), (OTHER, True, False)]
)
def test_an_autoscaler_at_rest_costs_no_label_but_perhaps_time(
    selector: LabelSelector, by_memory: bool, weighed: bool
) -> None:
    scaler = Autoscaler(SCALER, selector, at_rest=True, weighs_unready=by_memory)
    taken = stand_in(position(), Surroundings(autoscalers=(scaler,)))
    assert (taken.weighed, taken.warnings) == (weighed, ())
    assert taken.position.labels == {"app": "web", "tier": "front"}


def test_leaving_out_a_label_may_call_another_selector_onto_the_scene() -> None:
    without_tier = LabelSelector(match_expressions=(Requirement(key="tier", operator="DoesNotExist"),))
    adopter = Selecting(ADOPTER.ref, without_tier)
    around = Surroundings(publishing=(Selecting(SERVICE, TIER),), policy_keys=USED, adopters=(adopter,))
    assert stand_in(position(), around).controller
    refused = stand_in(position(), replace(around, budgets=(BUDGET,))).refusal
    assert "would adopt it" in refused
