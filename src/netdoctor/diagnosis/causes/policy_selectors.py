"""NetworkPolicy causes: selectors that add up, where alternatives were meant."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from netdoctor.cluster.objects import NetworkPolicy
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denial_finding import fix_of, subjects
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.model.report import Fix
from netdoctor.policy.apart import apart
from netdoctor.policy.change import PatchPolicy
from netdoctor.policy.explain import describe_peer
from netdoctor.policy.repair import repair_by


class PolicySelectorAndOr(DenialCause):
    """One peer has both selectors, where two peers would admit the flow.

    What it means: the rule's peer has a namespaceSelector and a podSelector, and no pod satisfies both: the pods with
    these labels are in the policy's own namespace, not in the selected ones. As two peers, one for each selector, the
    rule would admit the flow.

    Why it breaks: the selectors of one element of `from` or `to` add up (and); the elements are alternatives (or). In
    YAML one hyphen makes the difference.

    How it is seen: connections time out although "the policy names them both".

    Trap: a peer that some pod satisfies, running or to be, is meant as it is written: then it is PolicyDeniesIngress
    or PolicyDeniesEgress. The opposite mistake, two peers where one was meant, lets too much in, and nothing fails.

    Fix: begin the second selector with a hyphen of its own.

    References: Kubernetes documentation, Network Policies, "Behavior of to and from selectors";
    kubernetes/website#50012.
    """

    code: ClassVar[str] = "PolicySelectorAndOr"
    title: ClassVar[str] = "one peer has both selectors, where two peers would admit the flow"
    would_change: ClassVar[str] = "another rule that admits the flow, or a packet that gets through"
    tier: ClassVar[int] = 2

    def claims(self, denial: Denial) -> bool:
        """Denials whose nearest rule would admit the flow if the peer's selectors were peers of their own."""
        return denial.reason is Reason.BOTH_SELECTORS and denial.route is not None and not denial.named_by_area

    def headline(self, denial: Denial) -> str:
        """The policy and the peer."""
        assert denial.near is not None
        return f"{denial.near.rule} wants both selectors of one pod, and no pod has that"

    def explain(self, case: Case, denial: Denial) -> str:
        """Both readings, in words."""
        assert denial.near is not None
        policies = case.expectation.policies
        meant = apart(policies, denial.near.rule)
        written = next(p for p in policies.rule(denial.near.rule).peers if p.path == denial.near.rule.path)
        assert meant is not None
        return (
            f"{subjects(denial)} As it is written, {denial.near.rule.path} is one peer, {describe_peer(written)}: no "
            f"pod is both. Read as two peers it means {describe_peer(meant[0])}, or {describe_peer(meant[1])}, and "
            "would admit the flow: a hyphen before the second selector may be missing."
        )

    def fixes(self, case: Case, denial: Denial) -> tuple[Fix, ...]:
        """The list of peers with the two in place of the one."""
        assert denial.near is not None
        policy = case.snapshot.find(denial.near.rule.object)
        if not isinstance(policy, NetworkPolicy):
            return ()
        path, _, index = denial.near.rule.path.rstrip("]").rpartition("[")
        split = _split(policy, denial, int(index))
        change = f"make two peers of {denial.near.rule}", PatchPolicy(denial.near.rule.at(path), "replace", split)
        made = repair_by(case.expectation.policies, denial.verdict, denial.side, case.expectation.profile, change)
        return (fix_of(made),) if made else ()


def _split(policy: NetworkPolicy, denial: Denial, index: int) -> list[Any]:
    """The rule's peers as the policy has them, with two in place of that one."""
    assert denial.near is not None
    field = denial.side.direction.field
    rule = int(denial.near.rule.path.partition("[")[2].partition("]")[0])
    peers = msgspec.to_builtins(policy)["spec"][field][rule][denial.side.direction.peers_field]
    both = peers[index]
    apart_ = [{key: both[key]} for key in ("namespaceSelector", "podSelector")]
    return [*peers[:index], *apart_, *peers[index + 1 :]]
