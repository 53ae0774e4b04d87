"""The cause of pods that a policy keeps from being Ready: it drops what their own kubelet asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from netdoctor.cluster.objects import Event, Pod
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, ids, probe_evidence
from netdoctor.diagnosis.denial_finding import fix_of
from netdoctor.diagnosis.no_endpoints import symptoms
from netdoctor.diagnosis.not_ready import own_events, short
from netdoctor.diagnosis.pairs import arrived, vanished
from netdoctor.diagnosis.readiness import readiness_ports
from netdoctor.model.probe import Role
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, node_endpoint, pod_endpoint
from netdoctor.policy.repair import repairs
from netdoctor.policy.verdict import FlowVerdict
from netdoctor.probing.aims import Aim

# What kubelet says of an httpGet, a tcpSocket and a grpc probe that nobody answered.
_SILENT = ("context deadline exceeded", "i/o timeout", "Client.Timeout", "timeout: failed to connect")


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A pod whose readiness probe times out on a port, and policies that have no rule for its node there.

    `asked` is what was seen of that port: from the node itself, and from pods that policies admit.
    """

    pod: Pod
    port: int
    event: Event
    verdict: FlowVerdict
    asked: tuple[Seen, ...]

    @property
    def policies(self) -> tuple[ObjectRef, ...]:
        """Those that isolate the pod."""
        return self.verdict.ingress.isolated_by

    @property
    def from_node(self) -> tuple[Seen, ...]:
        """What the pod's own node sent."""
        return tuple(s for s in self.asked if s.observed.position.role is Role.NODE)

    @property
    def from_pods(self) -> tuple[Seen, ...]:
        """What pods sent."""
        return tuple(s for s in self.asked if s.observed.position.role is not Role.NODE)

    @property
    def shown(self) -> bool:
        """Whether the node gets no answer where pods do."""
        lost = bool(self.from_node) and all(map(vanished, self.from_node))
        return lost and any(s.ok for s in self.from_pods)


class ReadinessProbeBlockedByPolicy(Cause):
    """A policy keeps the kubelet's readiness probes from the pods, so that they never become Ready.

    What it means: the pods' readiness probes time out, a NetworkPolicy isolates the pods and has no rule for their
    node, and the network plugin is one of which releases are known that apply policies to a node's own traffic.

    Why it breaks: the kubelet connects to the pod from its node. The API wants that to pass whatever policies say;
    some plugins, or some of their releases, drop it. The pods leave their Services though they serve well.

    How it is seen: events Unhealthy tell of a timeout on a port which the policy does not open to the node, since the
    policy is there. A hostNetwork probe pod on the node gets no answer from a pod that answers other pods.

    Trap: most plugins always admit the node (Calico, Cilium, Antrea, OVN-Kubernetes). A probe that is refused, or
    answered with an error, has reached the pod. Where the node or nobody else gets an answer from the port either,
    the policy is not what keeps the probe from passing; nor is one that is younger than the trouble.

    Fix: update or mend the network plugin; until then admit the node at the probe's port by an ipBlock. Where pods hang
    on a bridge, the node asks from the bridge's address.

    References: Kubernetes documentation, Network Policies ("traffic to and from the node where a Pod is running is
    always allowed"); kubernetes-sigs/kind#3875; cloudnativelabs/kube-router#1017; k3s-io/k3s#10030;
    aws/aws-network-policy-agent#56.
    """

    code: ClassVar[str] = "ReadinessProbeBlockedByPolicy"
    title: ClassVar[str] = "a policy keeps the kubelet's readiness probes from the pods"
    would_change: ClassVar[str] = "an answer of the pod to its own node while the policy stands"
    tier: ClassVar[int] = 2
    yields_to: ClassVar[tuple[str, ...]] = ("KubeletToPodBlocked", "NodeNetworkUnavailable")

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where kubelet's probes time out that no policy admits, and nothing else explains that."""
        cni = case.expectation.cni
        blocked = [one for pod in _unready(case) for one in _blocked(case, pod)]
        if cni.enforces_policy is False or not blocked:
            return None
        if cni.admits_node:
            return self.ruled_out(f"{cni.name} lets a node reach its own pods whatever policies say")
        if any(arrived(s) for one in blocked for s in one.from_node):
            return self.ruled_out(f"node {blocked[0].pod.spec.node_name} reaches its own pods")
        if any(not arrived(s) for one in blocked for s in one.from_pods):
            return self.ruled_out("pods that policies admit get no answer either")
        shown = [one for one in blocked if one.shown]
        if cni.admits_node is None and not shown:
            return None  # nothing is known of the plugin, and nothing was seen
        return self._found(case, shown or blocked, sure=bool(shown) and cni.admits_node is False)

    def _found(self, case: Case, blocked: Sequence[_Blocked], *, sure: bool) -> Found:
        first = blocked[0]
        policies = tuple(dict.fromkeys(ref for one in blocked for ref in one.policies))
        failed = symptoms(case, tuple(route for route in case.path.routes if not route.ready))
        finding = Finding(
            code=self.code,
            title=f"{policies[0]} keeps the kubelet's readiness probes from {first.pod.ref}",
            certainty=Certainty.LIKELY if sure else Certainty.POSSIBLE,
            objects=policies,
            explanation=_explanation(case, first),
            evidence=(
                Evidence(str(first.pod.ref), short(first.event.message)),
                *(Evidence(str(ref), f"selects {first.verdict.flow.destination}") for ref in first.policies[:3]),
                *probe_evidence(first.from_node, limit=1),
                *probe_evidence(first.from_pods, limit=1),
                *probe_evidence(failed, limit=1),
            ),
            fixes=(
                *(
                    fix_of(one)
                    for one in repairs(case.expectation.policies, first.verdict, case.expectation.profile)[:2]
                ),
                Fix("update the network plugin: nodes may always reach the pods that they run"),
            ),
        )
        return Found(finding, ids(failed))


def _explanation(case: Case, first: _Blocked) -> str:
    node, cni = first.pod.spec.node_name, case.expectation.cni
    known = "has had releases that drop what a node sends to its own pods"
    if cni.admits_node is None:
        known = "may be one that drops what a node sends to its own pods"
    text = (
        f"The readiness probe of {first.pod.ref} times out on port {first.port}. "
        f"{', '.join(map(str, first.policies))} isolates the pod for ingress and has no rule for its node {node}, and "
        f"the network plugin ({cni.name}) {known}. So the pod is not Ready, whatever the application does."
    )
    if first.shown:
        text += f" Port {first.port} answers pods that the policy admits, and not {node}."
    return text


def _unready(case: Case) -> Iterator[Pod]:
    """Pods that run and are not Ready, where a Service leaves them out for that."""
    if case.backing is not None and case.backing.spec.publish_not_ready_addresses:
        return
    for pod in case.pods_of_service():
        if pod.status.phase == "Running" and not (pod.ready or pod.terminating or pod.spec.host_network):
            yield pod


def _blocked(case: Case, pod: Pod) -> Iterator[_Blocked]:
    """The ports at which its newest readiness probe timed out, and that no policy opens to its node."""
    node = case.snapshot.node(pod.spec.node_name)
    events = (e for e in own_events(case.snapshot, pod) if e.reason == "Unhealthy")
    event = next((e for e in events if e.message.startswith("Readiness")), None)
    if node is None or event is None or not any(text in event.message for text in _SILENT):
        return
    anywhere = replace(node_endpoint(node), node="")  # as if not the pod's own, which the API always admits
    for port in sorted(readiness_ports(pod)):
        if not re.search(rf":{port}\b", event.message):
            continue
        flow = Flow(anywhere, pod_endpoint(pod, case.snapshot), "TCP", port)
        verdict = decide(case.expectation.policies, flow, case.expectation.profile)
        if verdict.ingress.allowed is False and verdict.ingress.isolated_by and not _younger(case, pod, verdict):
            yield _Blocked(pod, port, event, verdict, tuple(_asked(case, pod, port)))


def _younger(case: Case, pod: Pod, verdict: FlowVerdict) -> bool:
    """Whether all these policies came after the pod had stopped being Ready."""
    since = next((c.last_transition_time for c in pod.status.conditions if c.type == "Ready"), None)
    policies = [found for ref in verdict.ingress.isolated_by if (found := case.snapshot.find(ref))]
    made = [policy.metadata.creation_timestamp for policy in policies]
    return since is not None and bool(made) and all(when is not None and when > since for when in made)


def _asked(case: Case, pod: Pod, port: int) -> Iterator[Seen]:
    """Probes of the port, from the pod's own node and from pods that policies admit."""
    for seen in case.seen:
        backend, route, position = seen.aimed.backend, seen.aimed.route, seen.observed.position
        to_port = backend is not None and backend.pod is not None and backend.pod.ref == pod.ref
        if not (to_port and backend and seen.tried and seen.aimed.aim in (Aim.UNREADY, Aim.OTHER_PORT)):
            continue
        if seen.observed.probe.port != port or seen.observed.probe.kind != "tcp":
            continue
        if position.role is Role.NODE:
            if seen.observed.node == backend.node:
                yield seen
        elif position.role is Role.SOURCE and route and not case.expectation.denied(backend, route.protocol):
            yield seen
