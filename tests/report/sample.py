"""A realistic report: the three-tier example whose DNS rules want a label that kube-system does not have."""

from __future__ import annotations

from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import (
    Certainty,
    CheckReport,
    Contrast,
    Effect,
    Evidence,
    Finding,
    Fix,
    Hop,
    ProbeResult,
    RuledOut,
    Untested,
    Verdict,
)

FRONTEND = ObjectRef("Deployment", "frontend", "production")
BACKEND = ObjectRef("Service", "backend-api", "production")
POLICY = ObjectRef("NetworkPolicy", "frontend-egress", "production", "spec.egress[1].to[0].namespaceSelector")

CAUSE = Finding(
    code="PolicyNamespaceLabelMissing",
    title="NetworkPolicy production/frontend-egress allows DNS to namespaces labelled name=kube-system; "
    "namespace kube-system has no label name",
    certainty=Certainty.CERTAIN,
    objects=(POLICY,),
    explanation="The policy isolates the frontend's egress and means to allow DNS, but its namespaceSelector "
    "wants the label name=kube-system, and kube-system carries only kubernetes.io/metadata.name=kube-system. So "
    "no rule admits DNS queries, and no name resolves. NetworkPolicies api-egress and database-egress have the same "
    "defect.",
    evidence=(
        Evidence("dns-1", "a query from the frontend's place to 10.96.0.10:53 over UDP was not answered in 1.0 s"),
        Evidence("dns-2", "the same query from a pod without labels was answered in 2 ms"),
        Evidence("Namespace kube-system metadata.labels", "{kubernetes.io/metadata.name: kube-system}"),
    ),
    fixes=(
        Fix(
            title="Select kube-system by the label that every namespace has",
            command="kubectl patch networkpolicy frontend-egress -n production --type=json -p "
            '\'[{"op": "replace", "path": "/spec/egress/1/to/0/namespaceSelector", "value": '
            '{"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]\'',
            effect=Effect(opens=("Deployment production/frontend to pods in kube-system, UDP 53 and TCP 53",)),
        ),
        Fix(title="Or give kube-system the label", command="kubectl label namespace kube-system name=kube-system"),
    ),
    would_change="that label on the namespace, or a packet that gets through",
)
WARNING = Finding(
    code="DNSSearchAmplification",
    title="api.example.com costs 4 queries before its answer",
    certainty=Certainty.CERTAIN,
    objects=(FRONTEND.at("spec.template.spec.dnsConfig"),),
    explanation="With ndots:5 every search domain is tried first.",
    evidence=(Evidence("lookup-1", "3 NXDOMAIN, then the answer"),),
)
UNHEALTHY = CheckReport(
    verdict=Verdict.UNHEALTHY,
    target=BACKEND,
    source=FRONTEND,
    summary="The frontend cannot resolve backend-api: its DNS queries are dropped before they leave.",
    causes=(CAUSE,),
    warnings=(WARNING,),
    unexplained=(Evidence("tcp-2", "TCP 10.244.2.9 port 8080 from other-node on worker-2: timeout"),),
    hops=(
        Hop("DNS name", "backend-api.production.svc.cluster.local is 10.96.44.7", "no answer in 1.0 s", ok=False),
        Hop("Service port", "10.96.44.7:8080 answers", "10.96.44.7:8080 answers in 1 ms", ok=True),
        Hop("Endpoint 10.244.1.9:8080", "answers", "", ok=None),
    ),
    contrasts=(
        Contrast("who asks", "As a neutral pod it works, as the source it does not (timeout)", "dns-2", "dns-1"),
    ),
    ruled_out=(
        RuledOut("DNSServerDown", "2 of 2 DNS endpoints answer a pod without labels"),
        RuledOut("NoReadyEndpoints", "2 of 2 endpoints are Ready"),
    ),
    not_tested=(Untested("who answers", "NET_RAW was not granted in namespace production"),),
    probes=(
        ProbeResult("dns-1", "dns", "source on worker-1", "10.96.0.10:53/udp", "timeout", None, 1.0, {"attempts": 2}),
        ProbeResult("dns-2", "dns", "neutral on worker-1", "10.96.0.10:53/udp", "ok", None, 0.002, {}),
        ProbeResult("tcp-1", "tcp", "source on worker-1", "10.96.44.7:8080", "ok", "10.96.44.7", 0.001, {}),
    ),
)
HEALTHY = CheckReport(
    verdict=Verdict.HEALTHY,
    target=BACKEND,
    source=FRONTEND,
    summary="Every probe passed.",
    hops=UNHEALTHY.hops[1:2],
)
