"""Which of a workload's labels its stand-in may carry, so that policies see the same pod and nothing else takes it.

A probe pod that stands in for a workload must never receive its traffic, count as its replica or block its
disruption budget. What acts on a pod because of its labels, and what is done about it:

* ReplicaSets, Jobs and StatefulSets select by labels that they gave out themselves (``pod-template-hash`` and the
  like): those are left out.
* Services send traffic to ready pods; a readiness gate that is never met keeps the stand-in out. A Service with
  ``publishNotReadyAddresses`` takes it nevertheless, unless a label of its selector is left out.
* A DaemonSet, a bare ReplicaSet or a ReplicationController adopts every pod without a controller that its selector
  matches, and deletes what is too many: only there the owner reference is a controller's. StatefulSets adopt only
  pods that are called like theirs, NAME-ORDINAL, and the names of probe pods never end in a number.
* The disruption controller asks the controller of each pod of a budget with ``maxUnavailable`` or a percentage for
  its scale, and where there is none it allows no eviction at all. It passes over pods without a controller, and those
  that are not ready count for no budget. So a controller reference and such a budget exclude each other: there, a
  label is left out.
* A HorizontalPodAutoscaler counts its target's selector. A stand-in has no metrics in its few seconds of life:
  the autoscaler then assumes for it 100 % of its request before it scales down, 0 % before it scales up, and stays
  where it is if that turns the direction round. So one that is at rest stays there; one that is just scaling could
  come out one higher or later: then a label is left out.

A label that some NetworkPolicy mentions is never left out for these reasons, since the stand-in would no longer be
what it stands for: then the position is refused.

Sources (v1.34): pkg/controller/controller_ref_manager.go ClaimObject, statefulset/stateful_set_utils.go isMemberOf,
disruption/disruption.go getExpectedScale and failSafe, podautoscaler/replica_calculator.go groupPods;
https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from netdoctor.cluster.objects import LabelSelector
from netdoctor.cluster.selectors import CONTROLLER_LABELS, matches, stable_labels
from netdoctor.model.probe import Position
from netdoctor.probing.kube.surroundings import POLICIES, Surroundings

_ADOPTERS = ("DaemonSet", "ReplicaSet", "ReplicationController")


@dataclass(frozen=True, slots=True)
class StandIn:
    """How a position can be taken.

    Attributes:
        position: with the labels that the pod will carry.
        controller: whether its owner reference must be a controller's.
        weighed: whether an autoscaler would count its memory as a replica's, once there are metrics of it.
        refusal: why it cannot be taken at all; empty if it can.
        warnings: what was left out and what that changes.
    """

    position: Position
    controller: bool = False
    weighed: bool = False
    refusal: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that must not select the stand-in, and what it would do."""

    selector: LabelSelector
    harm: str


def stand_in(position: Position, around: Surroundings) -> StandIn:
    """Decide for a position; those without labels (and attached ones) are taken as they are."""
    if position.attach_to is not None or not position.labels:
        return StandIn(position)
    labels = stable_labels(position.labels)
    warnings = list(_missed_by_policies(position.labels, around))
    if "Service" in around.unread:
        return StandIn(position, refusal="whether a Service would send it traffic cannot be read")
    while claim := next(_claims(labels, around), None):
        key = _droppable(claim.selector, labels, around)
        if key is None:
            return StandIn(position, refusal=_refusal(claim, around))
        value = labels.pop(key)
        warnings.append(
            f"the probe pod for {position.stands_for} does not carry the label {key}={value}: with it, "
            f"{claim.harm}; no NetworkPolicy mentions that label"
        )
    return StandIn(
        replace(position, labels=labels),
        controller=_may_be_adopted(labels, around),
        weighed=any(s.weighs_unready and matches(s.counts, labels) for s in around.autoscalers),
        warnings=tuple(warnings),
    )


def _missed_by_policies(labels: Mapping[str, str], around: Surroundings) -> Iterator[str]:
    for key in sorted(CONTROLLER_LABELS & labels.keys() & around.policy_keys.keys()):
        yield (
            f"probe pods do not carry the label {key}, which belongs to the workload's controller: "
            f"{around.policy_keys[key]} mentions it and may treat them differently"
        )


def _claims(labels: Mapping[str, str], around: Surroundings) -> Iterator[_Claim]:
    for service in around.publishing:
        if matches(service.selector, labels):
            yield _Claim(service.selector, f"{service.ref} would send it traffic (publishNotReadyAddresses)")
    for scaler in around.autoscalers:
        if not scaler.at_rest and matches(scaler.counts, labels):
            yield _Claim(scaler.counts, f"{scaler.ref}, which is scaling now, would count it as a replica")
    if _may_be_adopted(labels, around) and (budget := _blocked_budget(labels, around)):
        for adopter in around.adopters:
            if matches(adopter.selector, labels):
                yield _Claim(adopter.selector, f"either {adopter.ref} would adopt it, or {budget}")
        for kind in _ADOPTERS:
            if kind in around.unread:
                yield _Claim(LabelSelector(), f"either a {kind} might adopt it ({kind}s cannot be read), or {budget}")


def _may_be_adopted(labels: Mapping[str, str], around: Surroundings) -> bool:
    unknown = any(kind in around.unread for kind in _ADOPTERS)
    return unknown or any(matches(adopter.selector, labels) for adopter in around.adopters)


def _blocked_budget(labels: Mapping[str, str], around: Surroundings) -> str:
    """What a controller reference would do to a budget; empty if nothing."""
    for budget in around.budgets:
        if matches(budget.selector, labels):
            return f"{budget.ref} would allow no eviction"
    if "PodDisruptionBudget" in around.unread:
        return "some PodDisruptionBudget (they cannot be read) might allow no eviction"
    return ""


def _droppable(selector: LabelSelector, labels: Mapping[str, str], around: Surroundings) -> str | None:
    """A label that the selector asks for and no policy does."""
    if _unread_policies(around):
        return None
    asked = [
        *selector.match_labels,
        *(r.key for r in selector.match_expressions if r.operator in ("In", "Exists")),
    ]
    return next((key for key in asked if key in labels and key not in around.policy_keys), None)


def _unread_policies(around: Surroundings) -> str:
    """A kind of policy that could not be read; empty if there is none."""
    return next((kind for kind in POLICIES if kind in around.unread), "")


def _refusal(claim: _Claim, around: Surroundings) -> str:
    why = (
        f"{unread.removesuffix('y')}ies cannot be read, so no label can be left out"
        if (unread := _unread_policies(around))
        else "policies mention each label that could be left out"
    )
    return f"a probe pod with its labels would do harm: {claim.harm}; {why}. --attach tests from inside a running pod"
