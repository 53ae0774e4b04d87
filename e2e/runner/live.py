"""Live mode: one scenario on a real cluster, from its manifests to its end."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from e2e.cluster import ClusterError
from e2e.runner.access import Kubectl
from e2e.runner.ingress import write_routes
from e2e.runner.outside import hosts_outside
from e2e.runner.record import record
from e2e.runner.settled import RESOURCES, unsettled
from e2e.runner.untouched import wait_until_gone
from netdoctor.lab.scenario import Scenario, Step, with_nodes
from netdoctor.scenarios.ask import Answer, ask
from netdoctor.scenarios.result import Result, failures

SETTLE_SECONDS = 60  # a scenario that has not settled by then is asked as it is
_POLL = 0.7  # seconds between two looks
_LEFTOVERS = "pods,configmaps,leases"
_OURS = "--selector=netdoctor.dev/run"


def run_live(scenario: Scenario, kubectl: Kubectl, *, recorded: bool) -> Result:
    """Apply a scenario, inject its fault, ask its commands, and take everything back.

    With `recorded`, or where it has none, its snapshot is written before the commands run. Raises ClusterError where
    a step fails.
    """
    start = time.monotonic()
    try:
        notes = _prepare(scenario, kubectl)
        with hosts_outside(scenario.spec.outside, kubectl.access.command), _injected(scenario, kubectl):
            notes += _settle(kubectl, _touched(scenario, scenario.spec.inject))
            write_routes(scenario.namespaces, kubectl)
            if recorded or scenario.recorded:
                record(scenario, kubectl)
            found = failures(scenario, "live", kubectl.nodes, lambda command: _ask(command, kubectl), notes)
            found += _left_behind(scenario, kubectl)
    finally:
        _remove(scenario, kubectl)
    _settle(kubectl, _touched(scenario, scenario.spec.revert))
    return Result(time.monotonic() - start, found)


@contextmanager
def _injected(scenario: Scenario, kubectl: Kubectl) -> Iterator[None]:
    """The scenario's fault, as long as this is entered."""
    try:
        _steps(scenario.steps(scenario.spec.inject, "live"), kubectl)
        yield
    finally:
        _steps(scenario.steps(scenario.spec.revert, "live"), kubectl)


def _prepare(scenario: Scenario, kubectl: Kubectl) -> list[str]:
    """Apply the manifests and let them settle. Returns what has not settled."""
    if len(kubectl.nodes) < scenario.spec.nodes:
        because = f"it needs {scenario.spec.nodes} nodes, and the cluster has {len(kubectl.nodes)}"
        raise ClusterError(f"scenario {scenario.name} cannot run here", because, "leave it out with -k")
    for namespace in scenario.namespaces:
        _clear(namespace, kubectl)
        kubectl.create_namespace(namespace)
    for namespace in scenario.namespaces:
        kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", namespace, "--timeout=30s")
    kubectl("apply", "-f", "-", stdin=with_nodes(scenario.manifests.read_text(), kubectl.nodes))
    notes = _settle(kubectl, scenario.namespaces)
    for arguments in scenario.spec.wait:
        kubectl("wait", *shlex.split(with_nodes(arguments, kubectl.nodes)))
    return notes


def _clear(namespace: str, kubectl: Kubectl) -> None:
    """Wait for the end of a namespace of an earlier run; on a cluster of our own, bring it about."""
    found = kubectl.get("namespaces", f"--field-selector=metadata.name={namespace}")
    if found and "deletionTimestamp" not in found[0]["metadata"]:
        if not kubectl.access.owned:
            raise ClusterError(f"namespace {namespace} exists already", "it may be somebody's", "delete or rename it")
        kubectl("delete", "namespace", namespace, "--wait=false")
    if found:
        wait_until_gone([namespace], kubectl)


def _settle(kubectl: Kubectl, namespaces: Sequence[str]) -> list[str]:
    """Wait until the objects of some namespaces have settled; what has not after a minute is returned."""
    until = time.monotonic() + SETTLE_SECONDS
    pending = list(namespaces)
    late: list[str] = []
    while pending and time.monotonic() < until:
        late = unsettled(kubectl.get(RESOURCES, "--namespace", pending[0]), datetime.now(UTC))
        if late:
            time.sleep(_POLL)
        else:
            pending.pop(0)
    return [f"asked before it had settled: {line}" for line in late]


def _touched(scenario: Scenario, steps: Sequence[Step]) -> tuple[str, ...]:
    """Namespaces in which steps may have set something going."""
    if not steps:
        return ()
    reverted = steps is scenario.spec.revert
    return ("kube-system",) if reverted else ("kube-system", *scenario.namespaces)


def _steps(steps: Sequence[Step], kubectl: Kubectl) -> None:
    """Carry out all steps even if one fails, so that a revert is as complete as it can be."""
    problems = []
    for step in steps:
        try:
            if step.kubectl:
                kubectl(*shlex.split(with_nodes(step.kubectl, kubectl.nodes)))
            else:
                kubectl.on_node(step.node, with_nodes(step.run, kubectl.nodes))
        except ClusterError as error:
            problems.append(error)
    if problems:
        raise problems[0]


def _ask(command: str, kubectl: Kubectl) -> Answer:
    return ask(command, kubectl.access.options, kubectl.access.command)


def _left_behind(scenario: Scenario, kubectl: Kubectl) -> tuple[str, ...]:
    """netdoctor's own objects that it should have removed."""
    left = [item for ns in scenario.namespaces for item in kubectl.get(_LEFTOVERS, "--namespace", ns, _OURS)]
    left = [item for item in left if "deletionTimestamp" not in item["metadata"]]
    names = [f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}" for item in left]
    return (f"{scenario.name} [live]: netdoctor left {', '.join(names)}",) if names else ()


def _remove(scenario: Scenario, kubectl: Kubectl) -> None:
    """Delete what was applied. Namespaces take their time, which nobody waits for here."""
    apart = [o for o in scenario.objects if o[0] != "Namespace" and o[1] not in scenario.namespaces]
    if apart:
        text = with_nodes(scenario.manifests.read_text(), kubectl.nodes)
        kubectl("delete", "-f", "-", "--ignore-not-found", "--wait=false", stdin=text)
    if scenario.namespaces:
        kubectl("delete", "namespace", *scenario.namespaces, "--ignore-not-found", "--wait=false")
