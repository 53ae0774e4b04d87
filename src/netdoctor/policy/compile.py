"""All policies of a snapshot to rulesets; how NetworkPolicy v1 is compiled is here too.

Source: the NetworkPolicy API reference (networking.k8s.io/v1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import EgressRule, IngressRule, NetworkPolicy, PolicyPeer, PolicyPort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.cluster_wide import ClusterWidePolicy, wide_rulesets
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.invalid import parse_network, problems
from netdoctor.policy.invalid_cluster_wide import unreadable_peers, wide_problems
from netdoctor.policy.match import may_choose
from netdoctor.policy.not_understood import field_problems, unread_kinds, unsupported_kinds
from netdoctor.policy.rules import (
    Action,
    BlockPeer,
    Direction,
    NamedPort,
    Peer,
    PodPeer,
    PortRange,
    Rule,
    RulePort,
    Ruleset,
    Tier,
)
from netdoctor.policy.ties import equal_priorities

_IN_TIER = {
    Tier.ADMIN: ("AdminNetworkPolicy", "ClusterNetworkPolicy"),
    Tier.NETWORK_POLICY: (),
    Tier.BASELINE: ("BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"),
}
_EVERYWHERE = ""


@dataclass(frozen=True)
class CompiledPolicies:
    """Every policy of a snapshot, by namespace.

    Attributes:
        rulesets: by namespace of the pods that they select; under "" those that select pods of the whole cluster.
        problems: what is wrong with a policy (reference with path, text). It has no rulesets if an API server would
            refuse it; else it is compiled as far as it can be read.
        unknown: namespaces whose policies are not all known, and why: a policy is invalid. "" is all of them.
        snapshot: what they were compiled from.
    """

    snapshot: Snapshot
    rulesets: Mapping[str, tuple[Ruleset, ...]]
    problems: tuple[tuple[ObjectRef, str], ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    def selecting(self, endpoint: Endpoint, direction: Direction) -> tuple[Ruleset, ...]:
        """Those that apply to a pod in one direction, or may, in the order of evaluation."""
        if not endpoint.selectable:
            return ()
        own, wide = self.rulesets.get(endpoint.namespace, ()), self.rulesets.get(_EVERYWHERE, ())
        found = [r for r in (*own, *wide) if r.direction is direction and may_choose(r.subject, endpoint)]
        return tuple(sorted(found, key=lambda ruleset: (ruleset.tier, ruleset.priority)))

    def not_known(self, namespace: str) -> str:
        """Why the policies that apply in a namespace are not all known; empty if they are."""
        return next((gap for tier in Tier if (gap := self.gap(namespace, tier))), "")

    def gap(self, namespace: str, tier: Tier) -> str:
        """Why the policies of one tier that apply in a namespace are not all known; empty if they are.

        A policy of a kind that is not read may allow and deny, so it leaves everything open from the first tier on.
        """
        if tier is Tier.ADMIN:
            for where in (namespace, _EVERYWHERE):
                if where in self._unsupported:
                    return self._unsupported[where]
            if unread := unread_kinds(self.snapshot, namespace):
                return unread
        for kind in _IN_TIER[tier]:
            if not self.snapshot.was_read(kind):
                return f"the {kind.removesuffix('y')}ies could not be read"
        if tier is not Tier.NETWORK_POLICY:
            return self.unknown.get(_EVERYWHERE, "")
        if not self.snapshot.was_read("NetworkPolicy", namespace):
            return f"the NetworkPolicies of namespace {namespace} could not be read"
        return self.unknown.get(namespace, "")

    @cached_property
    def _unsupported(self) -> Mapping[str, str]:
        return unsupported_kinds(self.snapshot)

    @cached_property
    def warnings(self) -> tuple[tuple[ObjectRef, str], ...]:
        """What is valid, but leaves open what happens (reference, text)."""
        return tuple(equal_priorities(self.rulesets.get(_EVERYWHERE, ()), self.snapshot))

    def compiled_from(self, policy: NetworkPolicy | ClusterWidePolicy) -> Sequence[Ruleset]:
        """The rulesets that were made of this very NetworkPolicy; none where it was invalid, or another one."""
        return self._by_policy.get(policy.ref, ()) if self.snapshot.find(policy.ref) is policy else ()

    @cached_property
    def _by_policy(self) -> Mapping[ObjectRef, Sequence[Ruleset]]:
        found: defaultdict[ObjectRef, list[Ruleset]] = defaultdict(list)
        for namespace, rulesets in self.rulesets.items():
            for ruleset in rulesets if namespace else ():
                found[ruleset.policy].append(ruleset)
        return found

    def rule(self, ref: ObjectRef) -> Rule:
        """The rule that a reference points at or into (`spec.ingress[0].from[1]`).

        Raises:
            KeyError: no policy has such a rule.
        """
        for ruleset in self.rulesets.get(ref.namespace, ()):
            for rule in ruleset.rules:
                if rule.ref.object == ref.object and f"{ref.path}.".startswith(f"{rule.ref.path}."):
                    return rule
        raise KeyError(str(ref))


def compile_policies(snapshot: Snapshot, before: CompiledPolicies | None = None) -> CompiledPolicies:
    """Compile all policies; invalid ones are reported and make the verdicts that they may concern uncertain.

    What has not changed since `before` is taken from there: a repair changes one policy of thousands.
    """
    rulesets: dict[str, list[Ruleset]] = defaultdict(list)
    found: list[tuple[ObjectRef, str]] = []
    unknown: dict[str, str] = {}
    for policy in _stored(snapshot):
        if before and (same := before.compiled_from(policy)):
            rulesets[policy.namespace] += same
            continue
        of_kind = problems(policy) if isinstance(policy, NetworkPolicy) else wide_problems(policy)
        if wrong := (*field_problems(snapshot, policy.ref), *of_kind):
            found += wrong
            ref, text = wrong[0]
            unknown[policy.namespace] = f"{ref} is invalid ({text}), so an API server would not accept it"
        elif isinstance(policy, NetworkPolicy):
            rulesets[policy.namespace] += (_ruleset(policy, d) for d in Direction if d in policy.spec.policy_types)
        else:
            rulesets[_EVERYWHERE] += wide_rulesets(policy)
            found += unreadable_peers(policy)
    return CompiledPolicies(snapshot, {ns: tuple(rules) for ns, rules in rulesets.items()}, tuple(found), unknown)


def _stored(snapshot: Snapshot) -> list[NetworkPolicy | ClusterWidePolicy]:
    """All policies as an API server has them, in a fixed order."""
    found: list[NetworkPolicy | ClusterWidePolicy] = [
        policy for policy in map(with_defaults, snapshot.network_policies) if isinstance(policy, NetworkPolicy)
    ]
    found += snapshot.cluster_wide_policies
    return sorted(found, key=lambda policy: policy.ref)


def _ruleset(policy: NetworkPolicy, direction: Direction) -> Ruleset:
    spec = policy.spec
    rules: tuple[IngressRule | EgressRule, ...] = spec.ingress if direction is Direction.INGRESS else spec.egress
    return Ruleset(
        policy=policy.ref,
        direction=direction,
        tier=Tier.NETWORK_POLICY,
        priority=0,
        isolates=True,
        subject=PodPeer("spec.podSelector", policy.namespace, None, spec.pod_selector),
        rules=tuple(_rule(policy, direction, index, rule) for index, rule in enumerate(rules)),
    )


def _rule(policy: NetworkPolicy, direction: Direction, index: int, rule: IngressRule | EgressRule) -> Rule:
    path = f"spec.{direction.field}[{index}]"
    peers = rule.from_ if isinstance(rule, IngressRule) else rule.to
    return Rule(
        ref=policy.ref.at(path),
        action=Action.ALLOW,
        peers=tuple(
            _peer(peer, f"{path}.{direction.peers_field}[{n}]", policy.namespace) for n, peer in enumerate(peers)
        ),
        ports=tuple(_port(port, f"{path}.ports[{n}]") for n, port in enumerate(rule.ports)),
    )


def _peer(peer: PolicyPeer, path: str, namespace: str) -> Peer:
    if peer.ip_block:
        excepted = tuple(parse_network(cidr) for cidr in peer.ip_block.except_)
        return BlockPeer(path, parse_network(peer.ip_block.cidr), excepted)
    return PodPeer(path, namespace, peer.namespace_selector, peer.pod_selector)


def _port(port: PolicyPort, path: str) -> RulePort:
    if isinstance(port.port, str):
        return NamedPort(path, port.protocol, port.port)
    if port.port is None:
        return PortRange(path, port.protocol, 1, 65535)
    return PortRange(path, port.protocol, port.port, port.end_port or port.port)
