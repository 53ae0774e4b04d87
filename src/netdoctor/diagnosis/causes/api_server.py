"""Causes between pods and the API server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import msgspec

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.causes.proxy import ServiceProxyBroken
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denials import Area, Denial, Reason
from netdoctor.diagnosis.node_contrasts import NodeContrast, node_contrasts, policies_known
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Finding, Fix
from netdoctor.path.egress import is_api_server
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim


class APIServerUnreachable(DenialCause):
    """Pods do not reach the API server.

    What it means: connections to Service default/kubernetes, or to the address behind it, get no answer from the
    source's pods. Controllers, operators and whatever else asks the API server do not work there.

    Why it breaks: the ClusterIP (port 443) is translated to a control plane node's address (usually port 6443), and
    only then do policies see the packets. A rule that allows the ClusterIP, port 443 or a pod label therefore does
    not allow them; it takes an ipBlock with the control plane's addresses and port. Or the node's service proxy does
    not translate, or a firewall keeps pods from the control plane's nodes.

    How it is seen: the endpoint's own address beside the ClusterIP, and the node beside its pods.

    Trap: netdoctor reads the cluster from elsewhere, so that the API server itself is up. ServiceProxyBroken is the
    same for any other Service.

    Fix: allow the endpoints' addresses and port by an ipBlock; or repair kube-proxy on the node.

    References: Kubernetes documentation, Network Policies; Virtual IPs and Service Proxies; rancher/rke2#5434.
    """

    code: ClassVar[str] = "APIServerUnreachable"
    title: ClassVar[str] = "pods do not reach the API server"
    would_change: ClassVar[str] = "an answer of the API server to a pod, by the ClusterIP of Service default/kubernetes"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found by policy, by a ClusterIP that leads nowhere, or by packets that are lost."""
        if not is_api_server(case.snapshot, case.path.target):
            return None
        by_policy = super().examine(case)
        if isinstance(by_policy, Found) or not case.probed:
            return by_policy
        by_proxy = self._by_proxy(case)
        if by_proxy is not None:
            return by_proxy
        for route in case.path.routes:
            lost = node_contrasts(case, route)
            if lost and (policies_known(case, route) or not any(one.reaches for one in lost)):
                return self._lost(case, route, lost)
        if any(s.ok for s in case.of(Aim.BACKEND)):
            return self.ruled_out("its endpoints answer")
        return by_policy

    def claims(self, denial: Denial) -> bool:
        """Egress denials of the API server's endpoints, whatever the mistake is."""
        return denial.named_by_area and denial.area is Area.API_SERVER

    def headline(self, denial: Denial) -> str:
        """The policy and the endpoint."""
        policy = denial.side.denied_by[0]
        return f"{policy} does not let {denial.verdict.flow.source} reach the API server at {denial.backend.label}"

    def explain(self, case: Case, denial: Denial) -> str:
        """Which translation comes before policies, where the rule was written for what is before it."""
        text = super().explain(case, denial)
        front = denial.route.service_port if denial.route else None
        if front is None:
            return text
        vip = ", ".join(denial.route.vips) if denial.route else ""
        but = "its port is the Service's. " if denial.reason is Reason.SERVICE_PORT else ""
        return (
            f"{text} {but.capitalize()}Policies are applied after {vip}:{front.port} was translated to the control "
            f"plane's {denial.backend.label}, so a rule has to name that address, by ipBlock, and that port."
        )

    def _by_proxy(self, case: Case) -> Found | None:
        """What is seen of any Service whose proxy does not work, under the name that says what it means."""
        found = ServiceProxyBroken().examine(case)
        if not isinstance(found, Found) or not found.explains & {s.id for s in case.of(Aim.VIP)}:
            return None
        title = f"the API server is not reached: {found.finding.title}"
        named = msgspec.structs.replace(found.finding, code=self.code, title=title)
        return replace(found, finding=named)

    def _lost(self, case: Case, route: Route, lost: Sequence[NodeContrast]) -> Found:
        failed = [s for one in lost for s in one.failed]
        failed += [s for s in case.failed if s.aimed.aim is Aim.VIP and s.aimed.route == route]
        nodes = [one.node for one in lost if one.node]
        labels = ", ".join(b.label for b in route.ready)
        where = ", ".join(nodes) or "the node"
        from_node = lost[0].reaches
        beside = {
            True: f"{where} itself gets an answer: what keeps pods from the control plane is on the way of their "
            "addresses alone, such as a firewall of the control plane's nodes, or a missing route back to the pods.",
            False: f"{where} itself gets no answer either: look at the way from there to the control plane's nodes.",
            None: "Whether the node itself gets an answer could not be tested.",
        }[from_node]
        finding = Finding(
            code=self.code,
            title=f"the API server at {labels} does not answer pods on {where}",
            certainty=certainty(failed, configured=False),
            objects=tuple(ObjectRef("Node", node) for node in nodes) or (case.path.target.ref,),
            explanation=f"No policy denies it, and what pods on {where} send to {labels} is lost. {beside}",
            evidence=(*probe_evidence(failed, limit=2), *probe_evidence(lost[0].from_node, limit=1)),
            fixes=(Fix(f"Let the control plane's nodes accept connections of pods to {labels}"),),
        )
        return Found(finding, ids(failed), proven=False)
