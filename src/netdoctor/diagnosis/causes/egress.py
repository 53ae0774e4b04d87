"""Causes on the way out of the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denials import Area, Denial
from netdoctor.diagnosis.node_contrasts import NodeContrast, node_contrasts, policies_known
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Finding, Fix
from netdoctor.path.egress import METADATA, METADATA_PORT, leaves_cluster
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim

# Where each network plugin is told to translate what pods send out of the cluster.
_MASQUERADING = {
    "calico": "natOutgoing of the IPPool that the pods' addresses are from",
    "cilium": "enable-ipv4-masquerade in ConfigMap kube-system/cilium-config",
    "flannel": "--ip-masq of flanneld",
    "kindnet": "kindnet's pod on the node",
}
_ANY_PLUGIN = "the network plugin's masquerading, and the nonMasqueradeCIDRs of ip-masq-agent if there is one"


class EgressDenied(DenialCause):
    """A NetworkPolicy that selects the source does not let it reach an address outside the cluster.

    What it means: the source's pods are isolated for egress, and no rule of any policy that selects them allows
    traffic to this address on this port; an `except` may take it out of a block that has it. Or a rule of a policy
    for the whole cluster denies it.

    Why it breaks: once one policy with the type Egress selects a pod, only what some rule allows gets out. Only an
    ipBlock (or a rule for everybody) admits an address outside the cluster: selectors never match one.

    How it is seen: connections to the address time out from this source, and work from the node itself.

    Trap: it may be intended, and then only the expectation is wrong. Where the name is not even resolved, it is
    DNSEgressDenied.

    Fix: allow the address by an ipBlock, or take it out of `except`. An address behind a name may change: allow the
    range that its owner publishes.

    References: Kubernetes documentation, Network Policies, "ipBlock"; Kubernetes API reference, IPBlock.
    """

    code: ClassVar[str] = "EgressDenied"
    title: ClassVar[str] = "a NetworkPolicy does not let the source out to that address"
    would_change: ClassVar[str] = "a rule that admits that address and port, or a packet that gets through"

    def claims(self, denial: Denial) -> bool:
        """Egress denials of addresses outside the cluster, whatever the mistake is."""
        return denial.named_by_area and denial.area is Area.OUTSIDE

    def headline(self, denial: Denial) -> str:
        """The policy and the address."""
        policy = denial.side.denied_by[0]
        return f"{policy} does not let {denial.verdict.flow.source} out to {denial.backend.label}"


class EgressUnreachable(Cause):
    """Policies let the source out, and its packets get no further.

    What it means: an address outside the cluster does not answer the source's pods, although no policy is in the
    way.

    Why it breaks: pods' addresses mean nothing outside the cluster, so a node has to translate (masquerade) what they
    send out to its own address. Where it does not, answers have nowhere to go. If the node itself gets no answer
    either, the fault lies beyond: a route, a firewall or security group, a proxy that has to be used, the far end.

    How it is seen: the same connection from the node's own network. It works there: translation. It fails there
    too: upstream.

    Trap: a cluster that is meant to have no way out (air-gapped) is no fault by itself; it is reported only to who
    asks for such a target. A refusal by the far end shows that the way works.

    Fix: let the network plugin masquerade what leaves the cluster; or mend the way beyond the node.

    References: Kubernetes documentation, IP Masquerade Agent User Guide; Cluster Networking.
    """

    code: ClassVar[str] = "EgressUnreachable"
    title: ClassVar[str] = "what the source sends out of the cluster gets no answer, and no policy denies it"
    would_change: ClassVar[str] = "an answer from outside to a pod on that node"
    yields_to: ClassVar[tuple[str, ...]] = ("EgressDenied",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where packets to an outside address are lost that policies do not deny."""
        if (
            not case.probed
            or not leaves_cluster(case.snapshot, case.path.target)
            or not case.path.source.on_pod_network
        ):
            return None
        for route in case.path.routes:
            lost = node_contrasts(case, route)
            if not policies_known(case, route):
                lost = tuple(one for one in lost if one.reaches is False)
            if lost:
                return self._found(case, route, lost)
        answered = [s for s in case.of(Aim.BACKEND, Aim.HOST) if s.ok or s.outcome is Outcome.REFUSED]
        return self.ruled_out(f"the far end answers: {answered[0].outcome}") if answered else None

    def _found(self, case: Case, route: Route, lost: Sequence[NodeContrast]) -> Found:
        translated = [one for one in lost if one.reaches]
        told = translated or lost
        nodes = [one.node for one in told if one.node]
        failed = [s for one in lost for s in one.failed]
        works = sorted({s.observed.node or "" for s in case.of(Aim.BACKEND, Aim.HOST, route=route) if s.ok})
        known = all(one.reaches is not None for one in lost)
        finding = Finding(
            code=self.code,
            title=_title(route, told),
            certainty=certainty(failed, configured=False) if known else Certainty.POSSIBLE,
            objects=tuple(ObjectRef("Node", node) for node in nodes)
            if nodes and (translated or works)
            else (case.path.target.ref,),
            explanation=" ".join(_explanation(case, failed, told, works)),
            evidence=(*probe_evidence(failed, limit=2), *probe_evidence(told[0].from_node, limit=1)),
            fixes=(_fix(case, told),),
        )
        return Found(finding, ids(failed), proven=False)


def _title(route: Route, told: Sequence[NodeContrast]) -> str:
    label = ", ".join(backend.label for backend in route.ready)
    nodes = ", ".join(one.node for one in told) or "their node"
    if told[0].reaches:
        return f"{label} does not answer pods on {nodes}, and answers the node itself"
    if told[0].reaches is False:
        return f"{label} answers neither pods on {nodes} nor the node itself"
    return f"{label} does not answer pods, and no policy denies it"


def _explanation(case: Case, failed: Sequence[Seen], told: Sequence[NodeContrast], works: Sequence[str]) -> list[str]:
    nodes = ", ".join(one.node for one in told) or "the node"
    sentences = ["No policy denies the flow."] if all(policies_known(case, r) for r in case.path.routes) else []
    if told[0].reaches:
        sentences.append(
            f"What a pod on {nodes} sends there is lost, and what the node sends there itself is answered: the way "
            "out works, so it is the translation of pods' addresses to the node's (masquerading) that is missing or "
            "wrong, or something out there that admits the node's own traffic only."
        )
    elif told[0].reaches is False:
        sentences.append(
            f"{nodes} itself gets no answer either, so the fault lies beyond the pods: the node's routes, a firewall "
            "or security group, or the far end. If this cluster is meant to have no way out (air-gapped), nothing is "
            "broken, and the target cannot be used from here."
        )
    else:
        sentences.append(
            "Whether the node itself gets there could not be tested: if it does, pods' addresses are not translated "
            "(masqueraded); if it does not, the fault lies beyond the node."
        )
    sentences += [f"From {', '.join(works)} it works."] if works else []
    rejecting = dict.fromkeys(_rejection(s) for s in failed if s.outcome is Outcome.REJECTED)
    return [*sentences, *rejecting]


def _rejection(seen: Seen) -> str:
    observation = seen.observed.observation
    by = observation.answered_by or "The node itself"
    return f"{by} rejects it ({observation.detail.get('meaning', 'ICMP error')})."


def _fix(case: Case, told: Sequence[NodeContrast]) -> Fix:
    if told[0].reaches:
        where = _MASQUERADING.get(case.expectation.cni.name, _ANY_PLUGIN)
        return Fix(f"Let nodes masquerade what pods send out of the cluster; look at {where}")
    return Fix("Look at the routes of the nodes and at the firewalls between them and the target")


class MetadataServiceExposed(Cause):
    """A pod reaches the cloud's metadata service.

    What it means: 169.254.169.254 answers on port 80 from a pod. Clouds tell a machine about itself there, often with
    credentials of the machine's role.

    Why it breaks: nothing breaks. Whoever takes over such a pod may take over the node's rights in the cloud, too.

    How it is seen: a connection from a pod is answered. It is tried only by checks of ways out of the cluster.

    Trap: where an agent on the node answers in place of the service (GKE's metadata server, kube2iam, kiam), pods are
    meant to reach it. A hostNetwork pod cannot be kept away by policy.

    Fix: deny 169.254.169.254/32 by an egress policy (`except` in its ipBlock), or have the cloud limit the number of
    hops to 1 and demand session tokens (IMDSv2).

    References: Kubernetes documentation, Securing a Cluster, "Restricting cloud metadata API access".
    """

    code: ClassVar[str] = "MetadataServiceExposed"
    title: ClassVar[str] = "pods reach the cloud's metadata service"
    would_change: ClassVar[str] = "no answer at 169.254.169.254 from such a pod"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """A warning where it answered; ruled out where it did not, or an agent stands before it."""
        seen = [s for s in (*case.of(Aim.METADATA), *_asked_for(case)) if s.tried]
        if not seen or not case.path.source.on_pod_network:
            return None
        answered = [s for s in seen if s.ok]
        if not answered:
            return self.ruled_out(f"{METADATA} does not answer: {seen[0].outcome}")
        agent = next((one.ref for one in case.snapshot.daemon_sets if one.name in _AGENTS), None)
        if agent is not None:
            return self.ruled_out(f"{agent} answers in its place")
        finding = Finding(
            code=self.code,
            title=f"{case.path.source.label} reaches the metadata service at {METADATA}",
            certainty=certainty(answered, configured=False),
            objects=(ObjectRef("Address", METADATA),),
            explanation=(
                f"{METADATA} answers a pod on port {METADATA_PORT}. A cloud tells a machine about itself there, and "
                "may hand out credentials of the machine's role: a pod that is taken over can use them."
            ),
            evidence=probe_evidence(answered),
            fixes=(
                Fix(f"Take {METADATA}/32 out of what egress policies allow, by `except` in their ipBlock"),
                Fix("Let the cloud demand session tokens, and limit their hops to 1"),
            ),
        )
        return Found(finding, warning=True)


_AGENTS = ("gke-metadata-server", "kube2iam", "kiam-agent", "nmi")  # DaemonSets; nmi is AAD Pod Identity's


def _asked_for(case: Case) -> tuple[Seen, ...]:
    """Where the metadata service is the very target."""
    target = case.path.target.ref.name, case.path.target.port
    return case.of(Aim.BACKEND) if target == (METADATA, METADATA_PORT) else ()
