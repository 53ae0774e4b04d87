"""Writes a scenario's snapshot: the cluster's objects as kubectl prints them, without what no diagnosis reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from e2e.runner.access import Kubectl
from e2e.runner.scenario import Scenario
from e2e.runner.untouched import SCENARIO_MARK
from netdoctor.cluster.decode import KINDS

_CLUSTER_SCOPED = [k for k in KINDS.values() if not k.namespaced]
_NAMESPACED = [k for k in KINDS.values() if k.namespaced and k.type.__name__ != "Endpoints"]

# Keys that are left out wherever they stand: they tell a diagnosis nothing, or change with every run.
_NOISE = set(
    """
    managedFields resourceVersion selfLink generateName generation observedGeneration blockOwnerDeletion
    env envFrom resources volumes volumeMounts securityContext lifecycle terminationMessagePath terminationMessagePolicy
    schedulerName enableServiceLinks preemptionPolicy priority priorityClassName progressDeadlineSeconds
    revisionHistoryLimit containerID imageID allocatedResources qosClass startTime lastProbeTime lastUpdateTime
    images nodeInfo daemonEndpoints allocatable capacity features runtimeHandlers volumesInUse volumesAttached
    lastHeartbeatTime reportingComponent reportingInstance eventTime
    """.split()
)
_KEPT_WHOLE = {"labels", "matchLabels", "selector", "nodeSelector", "data"}  # their keys are the user's
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def record(scenario: Scenario, kubectl: Kubectl) -> None:
    """Write snapshot.yaml. Raises ClusterError where something cannot be read."""
    objects = kubectl.get(_resources(_CLUSTER_SCOPED))
    for namespace in dict.fromkeys(("default", "kube-system", *scenario.namespaces)):
        objects += kubectl.get(_resources(_NAMESPACED), "--namespace", namespace)
    kept = [_pruned(item) for item in objects if _matters(item, scenario)]
    kept.sort(key=lambda item: (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]))
    text = yaml.dump_all(kept, Dumper=yaml.CSafeDumper, sort_keys=True, width=110)
    scenario.snapshot.write_text(text, encoding="utf-8")


def _resources(kinds: list[Any]) -> str:
    return ",".join(f"{kind.plural}.{kind.group}" if kind.group else kind.plural for kind in kinds)


def _matters(item: Mapping[str, Any], scenario: Scenario) -> bool:
    kind, metadata = item["kind"], item["metadata"]
    own = metadata.get("namespace") in scenario.namespaces
    if metadata["name"] == "kube-root-ca.crt" or "deletionTimestamp" in metadata and kind == "Namespace":
        return False
    if kind == "Namespace":
        return metadata["name"] in scenario.namespaces or SCENARIO_MARK not in metadata.get("annotations", {})
    if kind == "Event":
        return item["type"] == "Warning" and (own or metadata.get("namespace") == "kube-system" and bool(scenario.spec.inject))
    if kind == "ReplicaSet":
        return bool(item["spec"].get("replicas")) or own
    return True


def _pruned(item: Any) -> Any:
    if isinstance(item, list):
        return [_pruned(element) for element in item]
    if not isinstance(item, dict):
        return item
    return {key: value if key in _KEPT_WHOLE else _pruned(value) for key, value in item.items() if _kept(key, item)}


def _kept(key: str, parent: Mapping[str, Any]) -> bool:
    if key == "uid":  # the only one that tells something: a pod that was created, and that nothing owns
        return "name" in parent and "ownerReferences" not in parent and "podIP" not in parent
    return key not in _NOISE and key != _LAST_APPLIED
