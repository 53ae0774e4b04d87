"""Causes of a pod that does not reach itself through its own Service."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.samples import failures, together
from netdoctor.model.chance import Rate
from netdoctor.model.probe import Outcome, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim


class HairpinDisabled(Cause):
    """A pod that is an endpoint of a Service does not reach itself through it.

    What it means: from inside one of the Service's own pods, connections to the ClusterIP time out whenever they are
    sent back to this very pod: one in N for N endpoints, every one if it is the only endpoint.

    Why it breaks: such a connection has to leave the pod and come back by the same interface. A bridge does not send a
    frame back to the port that it came from unless hairpin mode is on there, and some filters drop it.

    How it is seen: from inside the pod (`--from pod/NAME --attach`) a share of the connections to the ClusterIP times
    out that is compatible with 1/N; each other endpoint answers, and for a pod beside it every connection works.

    Trap: a stand-in for the pod is no endpoint, and so never meets itself; ServiceProxyBroken fails for the pod's
    neighbours as well. A few connections without a timeout prove nothing: with N endpoints n connections all miss the
    pod with a chance of (1 - 1/N)^n.

    Fix: switch hairpin mode on in the network plugin's configuration on the node (`hairpinMode: true` of the CNI
    plugins bridge and ptp), and let the pods be made anew.

    References: kubernetes/kubernetes#20475; Kubernetes documentation, Debug Services, "A Pod fails to reach itself
    via the Service IP"; CNI plugin bridge, `hairpinMode`.
    """

    code: ClassVar[str] = "HairpinDisabled"
    title: ClassVar[str] = "a pod does not reach itself through its Service"
    would_change: ClassVar[str] = "an answer through the Service to a pod that is sent back to itself"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found from inside an endpoint's pod only."""
        for route in case.path.routes:
            own = _itself(case, route)
            if own is None:
                continue
            asked = [s for s in case.of(Aim.VIP, Aim.VIP_SAMPLE, route=route) if s.tried]
            failed = [s for s in asked if not s.ok and s.outcome is Outcome.TIMEOUT]
            rate = together(rate for s in asked if (rate := failures(s.observed)))
            if rate is None:
                return None
            if not failed:
                return self.ruled_out(rate.said(f"connections through the ClusterIP of {own.label} timed out"))
            if because := _otherwise(case, route, own, rate):
                return self.ruled_out(because)
            return self._found(case, route, own, rate, failed)
        return None

    def _found(self, case: Case, route: Route, own: Backend, rate: Rate, failed: list[Seen]) -> Found:
        service = case.backing
        assert service is not None
        assert own.pod is not None
        total = len(route.ready)
        beside = _beside(case, route)
        node = ObjectRef("Node", own.node)
        share = "it is the only one, so that all are" if total == 1 else f"as 1 in {total} is"
        finding = Finding(
            code=self.code,
            title=f"{own.pod.ref} does not reach itself through {service.ref}",
            certainty=certainty(failed, configured=False),
            objects=(node,),
            explanation=(
                f"From inside {own.pod.ref}, {rate.said('connections to the ClusterIP timed out')}. The pod is one of "
                f"{total} endpoints, and does not get what kube-proxy sends back to it, {share}; every other endpoint "
                f"answers it, and a pod beside it on {own.node} reaches the ClusterIP every time."
            ),
            evidence=(
                Evidence(str(own.pod.ref), f"one of {total} endpoints of {service.ref}"),
                *probe_evidence(failed),
                *probe_evidence(beside, limit=1),
            ),
            fixes=(Fix(f"see what hairpinMode the network plugin on {own.node} is set to", _settings(node)),),
        )
        return Found(finding, ids(s for s in failed if s in case.failed), proven=False)


def _settings(node: ObjectRef) -> str:
    return kubectl("debug", node, "-it", "--image=busybox", "--", "grep", "-r", "hairpinMode", "/host/etc/cni/net.d")


def _itself(case: Case, route: Route) -> Backend | None:
    """The endpoint inside whose pod the probes ran."""
    inside = {s.observed.position.attach_to for s in case.of(Aim.VIP, route=route)} - {None}
    return next((b for b in route.ready if b.pod is not None and b.pod.ref in inside), None)


def _beside(case: Case, route: Route) -> list[Seen]:
    """The ClusterIP, asked by a pod on the same node that is no endpoint."""
    return [s for s in case.of(Aim.VIP, route=route, role=Role.NEUTRAL) if s.tried]


def _otherwise(case: Case, route: Route, own: Backend, rate: Rate) -> str:
    """What speaks for something else; empty if nothing does."""
    others = [s for s in case.of(Aim.BACKEND, route=route) if s.tried and s.aimed.backend != own]
    if silent := [s for s in others if not s.ok]:
        return f"{silent[0].observed.probe.host} does not answer the pod either"
    beside = _beside(case, route)
    if not beside or not all(s.ok for s in beside):
        return "a pod beside it does not reach the ClusterIP either, or was not asked"
    low, high = rate.bounds()
    service = case.backing
    if service is not None and service.spec.session_affinity != "ClientIP" and not low <= 1 / len(route.ready) <= high:
        return f"{rate.said('connections timed out')}, and one in {len(route.ready)} leads to the pod itself"
    return ""
