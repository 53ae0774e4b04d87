"""NetworkPolicy causes: an ipBlock for addresses that policies do not see."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.cluster.addresses import holds
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denial_finding import subjects
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.diagnosis.kubectl import merge_patch
from netdoctor.model.report import Fix
from netdoctor.policy.rules import BlockPeer


class PolicyIPBlockOnPods(DenialCause):
    """A rule names addresses of pods, of a Service or of nodes by an ipBlock, which does not match them.

    What it means: the rule that is meant to admit the flow has an ipBlock with the Service's ClusterIP in it, with
    addresses of other pods than those that run now, or, under some network plugins, with these very pods or nodes.

    Why it breaks: policies see a pod's own address, never the ClusterIP, and a pod has another address each time it
    starts. Whether an ipBlock matches pods and nodes at all is up to the network plugin: Cilium's matches neither.

    How it is seen: connections time out, or they work until the pod is replaced, or on some clusters only.

    Trap: an ipBlock for addresses outside the cluster is what it is for; one that excepts the pods on purpose is
    PolicyDeniesIngress or PolicyDeniesEgress.

    Fix: select pods by their labels instead.

    References: Kubernetes documentation, Network Policies, "Behavior of to and from selectors" (ipBlock);
    cilium/cilium#9209.
    """

    code: ClassVar[str] = "PolicyIPBlockOnPods"
    title: ClassVar[str] = "a rule's ipBlock is meant for pods, a Service or nodes, and does not match them"
    would_change: ClassVar[str] = "a connection that gets through, or a rule that selects the pods by their labels"
    tier: ClassVar[int] = 2

    def claims(self, denial: Denial) -> bool:
        """Denials whose nearest rule has an ipBlock of addresses inside the cluster."""
        return denial.reason is Reason.BLOCK and denial.route is not None and not denial.named_by_area

    def headline(self, denial: Denial) -> str:
        """The rule and the pod."""
        assert denial.near is not None
        flow = denial.verdict.flow
        return f"{denial.near.rule} does not match {flow.ends(denial.side.direction)[1]} by its ipBlock"

    def explain(self, case: Case, denial: Denial) -> str:
        """What the block holds, what policies see, and the network plugin."""
        assert denial.near is not None
        peers = case.expectation.policies.rule(denial.near.rule).peers
        block = next(p.block for p in peers if isinstance(p, BlockPeer) and p.path == denial.near.rule.path)
        pods = any(holds(network, block) for network in case.snapshot.pod_networks)
        network = case.expectation.cni
        why = (
            "These are addresses of pods, which change whenever a pod is replaced."
            if pods
            else "Policies are applied after the translation of a ClusterIP to a pod's address."
        )
        return (
            f"{subjects(denial)} The rule {denial.near.rule.path} of {denial.near.rule.object} names {block}: "
            f"{denial.near.because}. {why} Whether an ipBlock matches pods and nodes at all depends on the network "
            f"plugin (here {network.name or 'unknown'}): labels are understood by all of them."
        )


class PolicySourceNATHidesClient(DenialCause):
    """A policy admits clients outside the cluster by their addresses, which the nodes replace by their own.

    What it means: the rule that is meant to admit the client has an ipBlock with addresses outside the cluster, and the
    Service has externalTrafficPolicy: Cluster.

    Why it breaks: with Cluster the node by which a packet comes in sends it on with its own address, so that any node
    can serve any pod and answers find their way. The pod, and the policies, see the node and never the client.

    How it is seen: NodePorts and load balancers time out for everybody outside at nodes that do not run the pod,
    however the ipBlock is written; at the pod's own node, which may always reach it, they answer everybody.

    Trap: with externalTrafficPolicy: Local clients keep their addresses, and the ipBlock works.

    Fix: set externalTrafficPolicy to Local; or admit the nodes, and filter clients in front of them
    (loadBalancerSourceRanges).

    References: Kubernetes documentation, Using Source IP; Network Policies, "Behavior of to and from
    selectors" (ipBlock).
    """

    code: ClassVar[str] = "PolicySourceNATHidesClient"
    title: ClassVar[str] = "a policy admits clients by addresses that the nodes replace by their own"
    would_change: ClassVar[str] = "an answer at a node that does not run the pod, or externalTrafficPolicy: Local"
    tier: ClassVar[int] = 2

    def claims(self, denial: Denial) -> bool:
        """Denials of a client outside whose nearest rule has an ipBlock of addresses outside."""
        return denial.reason is Reason.CLIENT_BLOCK and not denial.egress

    def headline(self, denial: Denial) -> str:
        """The rule and the policy of the Service."""
        assert denial.near is not None
        return f"{denial.near.rule} admits clients by their addresses, which nodes replace by their own"

    def explain(self, case: Case, denial: Denial) -> str:
        """Who the pod sees, and why."""
        assert denial.near is not None
        service = case.path.target.service
        return (
            f"{subjects(denial)} The rule {denial.near.rule.path} of {denial.near.rule.object} "
            f"{denial.near.because}. spec.externalTrafficPolicy of {service.ref if service else 'the Service'} is "
            "Cluster: a node sends on what comes from outside with its own address, so that no rule about the client "
            "can match."
        )

    def fixes(self, case: Case, denial: Denial) -> tuple[Fix, ...]:  # noqa: ARG002 - the Service is the case's
        """Clients keep their addresses where nodes serve their own pods only."""
        service = case.path.target.service
        if service is None:
            return ()
        patch = {"spec": {"externalTrafficPolicy": "Local"}}
        title = "keep the clients' addresses (nodes then serve their own pods only)"
        return (merge_patch(title, service.ref, patch),)
