"""The status of pods that have a node: addresses, containers, conditions, as their kubelets report them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from netdoctor.lab.control.addresses import addresses_in_use, pod_addresses
from netdoctor.lab.control.events import Occurrence
from netdoctor.lab.control.fates import ENDED, Fate, fates
from netdoctor.lab.control.names import made_here
from netdoctor.lab.control.probes import LATER, failure
from netdoctor.lab.control.shapes import Container, PodSpec
from netdoctor.lab.control.views import finished, node_address, of_kind, pod_spec
from netdoctor.lab.objects import Key, Manifest, Objects, key_of
from netdoctor.lab.programs import run_by, runs_anything

_OWN_CONDITIONS = {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}


def run_pods(objects: Objects) -> tuple[Objects, tuple[Occurrence, ...]]:
    """Every pod that has a node with its status, and what its kubelet says of it.

    Pods that were recorded in a cluster keep the status that they had there.
    """
    nodes = {node["metadata"]["name"]: node for node in of_kind(objects, "Node")}
    used = addresses_in_use(objects)
    new: dict[Key, Manifest] = {}
    said: list[Occurrence] = []
    for pod in of_kind(objects, "Pod"):
        node = nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not made_here(pod) or finished(pod):
            continue
        spec = pod_spec(pod)
        on_node = _on_node(pod, spec, node, used)
        used |= {entry["ip"] for entry in on_node["status"]["podIPs"]}
        status, occurrences = _status(on_node, spec, objects)
        said += occurrences
        if status != pod.get("status"):
            new[key_of(pod)] = {**pod, "status": status}
    return ({**objects, **new} if new else objects), tuple(said)


def _on_node(pod: Manifest, spec: PodSpec, node: Manifest, used: Collection[str]) -> Manifest:
    """The pod with its addresses, and with the conditions that others than the kubelet have set."""
    status = pod.get("status", {})
    addresses = [entry["ip"] for entry in status.get("podIPs", ())]
    addresses = addresses or list(pod_addresses(node, used, on_host=spec.host_network))
    foreign = [c for c in status.get("conditions", ()) if c["type"] not in _OWN_CONDITIONS]
    begun: dict[str, Any] = {
        "hostIP": node_address(node),
        "podIPs": [{"ip": a} for a in addresses],
        "conditions": foreign,
    }
    if addresses:
        begun["podIP"] = addresses[0]
    return {**pod, "status": begun}


def _status(pod: Manifest, spec: PodSpec, objects: Objects) -> tuple[dict[str, Any], list[Occurrence]]:
    became = fates(pod, spec, objects)
    running = [name for name, fate in became.items() if fate.state == "running"]
    failures = _probe_failures(pod, spec, running)
    said = [*_of_fates(pod, became, spec.restart_policy), *_of_probes(pod, failures)]
    if not pod["status"]["podIPs"]:
        said.append(
            Occurrence(pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: no addresses are available")
        )

    def states(containers: Iterable[Container], policy: str) -> list[dict[str, Any]]:
        return [_container_status(pod, c, became[c.name], failures.get(c.name), policy) for c in containers]

    containers = states(spec.containers, spec.restart_policy)
    inits = states(spec.init_containers, "OnFailure" if spec.restart_policy == "Always" else spec.restart_policy)
    status = {**pod["status"], "phase": _phase(became, spec), "containerStatuses": containers}
    if inits:  # those that have done their work count as ready
        status["initContainerStatuses"] = [{**c, "ready": c["ready"] or became[c["name"]] == ENDED} for c in inits]
    initialized = all(_past(became[c.name], c) for c in spec.init_containers)
    unready = [c["name"] for c in containers if not c["ready"]]
    gates = [gate.condition_type for gate in spec.readiness_gates]
    status["conditions"] = [
        *_conditions(initialized=initialized, unready=unready, unmet=_unmet(gates, status["conditions"])),
        *status["conditions"],
    ]
    return status, said


# Probes ------------------------------------------------------------------------------------------------------


def _probe_failures(pod: Manifest, spec: PodSpec, running: Sequence[str]) -> Mapping[str, tuple[str, str | None]]:
    """By container, the word of the probe that does not pass yet, and what the kubelet says, if it has asked."""
    if not runs_anything(pod, spec):
        return {}
    opened = [listening for program in run_by(pod, running, running) for listening in program.listens]
    addresses = [entry["ip"] for entry in pod["status"]["podIPs"]]
    found: dict[str, tuple[str, str | None]] = {}
    for container in (*spec.init_containers, *spec.containers):
        if container.name not in running:
            continue
        for word, probe in (("Startup", container.startup_probe), ("Readiness", container.readiness_probe)):
            if probe is None or container.name in found:
                continue
            if probe.initial_delay_seconds >= LATER:
                found[container.name] = word, None
            elif said := failure(probe, container, addresses, opened):
                found[container.name] = word, f"{word} probe{said}"
    return found


def _of_probes(pod: Manifest, failures: Mapping[str, tuple[str, str | None]]) -> Iterator[Occurrence]:
    for name, (_, said) in failures.items():
        if said:
            yield Occurrence(pod, "Unhealthy", said, container=name)


def _of_fates(pod: Manifest, became: Mapping[str, Fate], policy: str) -> Iterator[Occurrence]:
    metadata = pod["metadata"]
    for name, fate in became.items():
        for reason, message in fate.events:
            yield Occurrence(pod, reason, message, container="" if reason == "FailedMount" else name)
        if fate.state == "ended" and _restarts(fate, policy):
            whose = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            said = f"Back-off restarting failed container {name} in pod {whose}"
            yield Occurrence(pod, "BackOff", said, container=name)


# Status ------------------------------------------------------------------------------------------------------


def _restarts(fate: Fate, policy: str) -> bool:
    return policy == "Always" or (policy == "OnFailure" and fate.exit_code != 0)


def _container_status(
    pod: Manifest, container: Container, fate: Fate, failed: tuple[str, str | None] | None, policy: str
) -> dict[str, Any]:
    started = fate.state == "running" and (failed is None or failed[0] != "Startup")
    restarts = fate.state == "ended" and _restarts(fate, "Always" if container.sidecar else policy)
    ended = {"exitCode": fate.exit_code, "reason": "Error" if fate.exit_code else "Completed"}
    state: dict[str, Any] = {"running": {}}
    if fate.state == "waiting":
        state = {"waiting": {"reason": fate.reason, **({"message": fate.message} if fate.message else {})}}
    elif restarts:
        metadata = pod["metadata"]
        whose = f"container={container.name} pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"back-off 10s restarting failed {whose}"
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    elif fate.state == "ended":
        state = {"terminated": ended}
    return {
        "name": container.name,
        "image": container.image,
        "ready": fate.state == "running" and failed is None,
        "started": started,
        "restartCount": 1 if restarts else 0,
        "state": state,
        "lastState": {"terminated": ended} if restarts else {},
    }


def _past(fate: Fate, container: Container) -> bool:
    """Whether the init containers behind this one may begin."""
    return fate.state == "running" if container.sidecar else fate == ENDED


def _phase(became: Mapping[str, Fate], spec: PodSpec) -> str:
    main = [became[container.name] for container in spec.containers]
    inits = [became[c.name] for c in spec.init_containers if not c.sidecar]
    if any(f.state == "ended" and f.exit_code for f in inits) and spec.restart_policy == "Never":
        return "Failed"
    if any(fate.state == "waiting" for fate in main):
        return "Pending"
    if all(fate.state == "ended" and not _restarts(fate, spec.restart_policy) for fate in main):
        return "Failed" if any(fate.exit_code for fate in main) else "Succeeded"
    return "Running"


def _unmet(gates: Sequence[str], conditions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a pod's readiness gates still wait for, as the kubelet says it."""
    known = {c["type"]: str(c["status"]) for c in conditions}
    missing = [f'corresponding condition of pod readiness gate "{g}" does not exist.' for g in gates if g not in known]
    false = [
        f'the status of pod readiness gate "{gate}" is not "True", but {known[gate]}'
        for gate in gates
        if gate in known and known[gate] != "True"
    ]
    return [*missing, *false]


def _conditions(*, initialized: bool, unready: Sequence[str], unmet: Sequence[str]) -> list[dict[str, Any]]:
    containers = f"containers with unready status: [{' '.join(unready)}]"
    not_ready = {"status": "False", "reason": "ContainersNotReady", "message": containers}
    ready: dict[str, Any] = {"status": "True"}
    if unready:
        ready = not_ready
    elif unmet:
        ready = {"status": "False", "reason": "ReadinessGatesNotReady", "message": "\n".join(unmet)}
    begun: dict[str, Any] = {"status": "True"}
    if not initialized:
        begun = {"status": "False", "reason": "ContainersNotInitialized"}
    return [
        {"type": "PodReadyToStartContainers", "status": "True"},
        {"type": "Initialized", **begun},
        {"type": "Ready", **ready},
        {"type": "ContainersReady", **(not_ready if unready else {"status": "True"})},
        {"type": "PodScheduled", "status": "True"},
    ]
