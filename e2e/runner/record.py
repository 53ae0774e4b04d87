"""Writes a scenario's snapshot: the cluster's objects as kubectl prints them, without what no diagnosis reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from e2e.runner.access import RUN_MARK, Kubectl
from netdoctor.cluster.decode import KINDS, Kind
from netdoctor.cluster.facts import CONFIG_MAPS, NETWORK_CONFIG_MAPS
from netdoctor.cluster.read import LISTED_KINDS
from netdoctor.lab.scenario import Scenario

# Keys that are left out wherever they stand: they tell a diagnosis nothing, or change with every run.
_NOISE = set(
    """
    managedFields resourceVersion selfLink generateName generation blockOwnerDeletion
    env envFrom resources volumes volumeMounts securityContext lifecycle terminationMessagePath terminationMessagePolicy
    schedulerName enableServiceLinks preemptionPolicy priorityClassName progressDeadlineSeconds
    revisionHistoryLimit containerID imageID allocatedResources qosClass lastProbeTime lastUpdateTime
    images nodeInfo daemonEndpoints allocatable capacity features runtimeHandlers volumesInUse volumesAttached
    lastHeartbeatTime reportingComponent reportingInstance eventTime providerID hostIPs livenessProbe
    uid
    """.split()  # noqa: SIM905 - as a list it would be 50 lines
)
_NOISY_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "endpoints.kubernetes.io/",
    "kubernetes.io/config.",
    "kubeadm.",
    "cni.projectcalico.org/",
    "node.alpha.kubernetes.io/",
    "volumes.kubernetes.io/",
    RUN_MARK,
)
_KEPT_WHOLE = {"labels", "matchLabels", "selector", "nodeSelector", "data"}  # their keys are the user's
_CONTROL_PLANE = {"etcd", "kube-controller-manager", "kube-scheduler"}  # by the label `component`


def record(scenario: Scenario, kubectl: Kubectl) -> None:
    """Write snapshot.yaml: what netdoctor reads, in an order that does not change. Raises ClusterError."""
    kept = [_without_noise(item) for item in _objects(scenario, kubectl) if _matters(item, scenario)]
    kept.sort(key=lambda item: (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]))
    text = yaml.dump_all(kept, Dumper=yaml.CSafeDumper, default_flow_style=None, width=110)
    scenario.snapshot.write_text(text, encoding="utf-8")


def _objects(scenario: Scenario, kubectl: Kubectl) -> Iterator[dict[str, Any]]:
    brought = {kind for kind, _, _ in scenario.objects if kind in KINDS and KINDS[kind].extension}
    kinds = [KINDS[name] for name in (*LISTED_KINDS, *sorted(brought))]
    yield from kubectl.get(_resources([kind for kind in kinds if not kind.namespaced]))
    for namespace in dict.fromkeys(("default", "kube-system", *scenario.namespaces)):
        yield from kubectl.get(_resources([kind for kind in kinds if kind.namespaced]), "--namespace", namespace)
    for namespace, name in (*CONFIG_MAPS, *NETWORK_CONFIG_MAPS):
        yield from kubectl.get("configmaps", "--namespace", namespace, f"--field-selector=metadata.name={name}")


def _resources(kinds: Sequence[Kind]) -> str:
    return ",".join(f"{kind.plural}.{kind.group}" if kind.group else kind.plural for kind in kinds)


def _matters(item: Mapping[str, Any], scenario: Scenario) -> bool:
    metadata = item["metadata"]
    own = metadata.get("namespace") in scenario.namespaces
    match item["kind"]:
        case "Namespace":
            return metadata["name"] in scenario.namespaces or RUN_MARK not in metadata.get("annotations", {})
        case "Event":
            return item["type"] == "Warning" and (own or bool(scenario.spec.inject))
        case "ReplicaSet":
            return own
        case "Pod":
            return metadata.get("labels", {}).get("component") not in _CONTROL_PLANE
    return True


def _without_noise(item: Mapping[str, Any]) -> dict[str, Any]:
    pruned: dict[str, Any] = _pruned(item)
    metadata = pruned["metadata"]
    if item["kind"] == "Pod":
        pruned.get("spec", {}).pop("priority", None)  # that of a policy matters
        if "ownerReferences" not in metadata:
            metadata["uid"] = item["metadata"]["uid"]  # it was created as it is: no workload owns it
    return pruned


def _pruned(item: Any) -> Any:
    if isinstance(item, list):
        return [_pruned(element) for element in item]
    if not isinstance(item, dict):
        return item
    kept = {key: value if key in _KEPT_WHOLE else _pruned(value) for key, value in item.items() if key not in _NOISE}
    if "annotations" in kept:
        kept["annotations"] = {k: v for k, v in item["annotations"].items() if not k.startswith(_NOISY_ANNOTATIONS)}
    return {key: value for key, value in kept.items() if value not in ({}, [], None) or item[key] in ({}, [])}
