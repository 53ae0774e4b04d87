"""All policies of a snapshot to rulesets; how NetworkPolicy v1 is compiled is here too.

Source: the NetworkPolicy API reference (networking.k8s.io/v1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import EgressRule, IngressRule, NetworkPolicy, PolicyPeer, PolicyPort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.calico.compile import calico_policies
from netdoctor.policy.cilium.compile import cilium_policies
from netdoctor.policy.cluster_wide import ClusterWidePolicy, wide_rulesets
from netdoctor.policy.contribution import Contribution, HostGap
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.invalid import parse_network, problems
from netdoctor.policy.invalid_cluster_wide import unreadable_peers, wide_problems
from netdoctor.policy.not_understood import field_problems, unread_kinds, unsupported_kinds
from netdoctor.policy.pod_match import may_choose
from netdoctor.policy.profile import policy_family
from netdoctor.policy.rules import (
    FIRST_PRIORITY,
    KUBERNETES_TIERS,
    Action,
    BlockPeer,
    Direction,
    NamedPort,
    Peer,
    PodPeer,
    PortRange,
    Priority,
    Rule,
    RulePort,
    Ruleset,
    Tier,
)
from netdoctor.policy.ties import equal_priorities

_IN_TIER = {
    Tier.ADMIN: ("AdminNetworkPolicy", "ClusterNetworkPolicy"),
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
        cni: the network plugin, as `--cni` names it; empty if it is not known. It decides which families count, and
            where in their tier NetworkPolicies stand.
        contributions: what was made of the network plugin's own kinds; their rulesets are in `rulesets` too.
    """

    snapshot: Snapshot
    rulesets: Mapping[str, tuple[Ruleset, ...]]
    problems: tuple[tuple[ObjectRef, str], ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    cni: str = ""
    contributions: tuple[Contribution, ...] = ()

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """Those of Kubernetes, and all others that have rulesets or gaps, in their order."""
        found = {ruleset.tier for rulesets in self.rulesets.values() for ruleset in rulesets}
        found |= {tier for one in self.contributions for tier, _ in one.gaps}
        return tuple(sorted({*found, *KUBERNETES_TIERS}))

    def selecting(self, endpoint: Endpoint, direction: Direction) -> tuple[Ruleset, ...]:
        """Those that apply to a pod in one direction, or may, in the order of evaluation."""
        if not endpoint.selectable:
            return ()
        own, wide = self.rulesets.get(endpoint.namespace, ()), self.rulesets.get(_EVERYWHERE, ())
        found = [r for r in (*own, *wide) if r.direction is direction and may_choose(r.subject, endpoint)]
        return tuple(sorted(found, key=lambda ruleset: ruleset.position))

    def not_known(self, namespace: str) -> str:
        """Why the policies that apply in a namespace are not all known; empty if they are."""
        return next(
            (gap for tier in self.tiers if (gap := self.gap(namespace, tier) or self.unsure(namespace, tier))), ""
        )

    def gap(self, namespace: str, tier: Tier) -> str:
        """Why there may be policies in a namespace that come before all others of a tier; empty if there are none.

        A policy of a kind that is not read may allow and deny, so it leaves everything open from the first tier on.
        """
        if tier == self.tiers[0]:
            for where in (namespace, _EVERYWHERE):
                if where in self._unsupported:
                    return self._unsupported[where]
            if unread := unread_kinds(self.snapshot, namespace):
                return unread
        for kind in _IN_TIER.get(tier, ()):
            if not self.snapshot.was_read(kind):
                return f"the {kind.removesuffix('y')}ies could not be read"
        for one in self.contributions:
            for where in (namespace, _EVERYWHERE):
                if found := one.gaps.get((tier, where)):
                    return found
        return self.unknown.get(_EVERYWHERE, "") if tier in _IN_TIER else ""

    def unsure(self, namespace: str, tier: Tier) -> str:
        """Why there may be more NetworkPolicies in a namespace, which can allow and isolate; empty for other tiers."""
        if tier != Tier.NETWORK_POLICY:
            return ""
        if not self.snapshot.was_read("NetworkPolicy", namespace):
            return f"the NetworkPolicies of namespace {namespace} could not be read"
        return self.unknown.get(namespace, "")

    def host_gap(self, node: str) -> HostGap | None:
        """What is not known of policies for a node's own traffic; None where there are none."""
        return next((one.hosts[node] for one in self.contributions if node in one.hosts), None)

    @property
    def first_network_policy(self) -> Priority:
        """Where in their tier the first NetworkPolicy may stand."""
        return network_policy_priority("", self.cni)

    @cached_property
    def _unsupported(self) -> Mapping[str, str]:
        return unsupported_kinds(self.snapshot)

    @cached_property
    def warnings(self) -> tuple[tuple[ObjectRef, str], ...]:
        """What is valid, but leaves open what happens (reference, text)."""
        ties = equal_priorities(self.rulesets.get(_EVERYWHERE, ()), self.snapshot)
        return (*ties, *(warning for one in self.contributions for warning in one.warnings))

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


def compile_policies(
    snapshot: Snapshot, before: CompiledPolicies | None = None, *, cni: str | None = None
) -> CompiledPolicies:
    """Compile all policies; invalid ones are reported and make the verdicts that they may concern uncertain.

    Args:
        snapshot: with the policies.
        before: what has not changed since is taken from there: a repair changes one policy of thousands.
        cni: the network plugin, as `--cni` names it, without which that of `before` counts, or none that is known.
    """
    plugin = cni if cni is not None else before.cni if before else ""
    rulesets: dict[str, list[Ruleset]] = defaultdict(list)
    found: list[tuple[ObjectRef, str]] = []
    unknown: dict[str, str] = {}
    for policy in _stored(snapshot):
        if before and before.cni == plugin and (same := before.compiled_from(policy)):
            rulesets[policy.namespace] += same
            continue
        of_kind = problems(policy) if isinstance(policy, NetworkPolicy) else wide_problems(policy)
        if wrong := (*field_problems(snapshot, policy.ref), *of_kind):
            found += wrong
            ref, text = wrong[0]
            unknown[policy.namespace] = f"{ref} is invalid ({text}), so an API server would not accept it"
        elif isinstance(policy, NetworkPolicy):
            priority = network_policy_priority(policy.name, plugin)
            rulesets[policy.namespace] += (
                _ruleset(policy, d, priority) for d in Direction if d in policy.spec.policy_types
            )
        else:
            rulesets[_EVERYWHERE] += wide_rulesets(policy)
            found += unreadable_peers(policy)
    contributions = tuple(family(snapshot, plugin) for family in _FAMILIES)
    for one in contributions:
        found += one.problems
        for namespace, more in one.rulesets.items():
            rulesets[namespace] += more
    by_namespace = {namespace: tuple(same) for namespace, same in rulesets.items()}
    return CompiledPolicies(snapshot, by_namespace, tuple(found), unknown, plugin, contributions)


# Each compiles a network plugin's own kinds, given the plugin that runs (empty if it is not known).
_FAMILIES: tuple[Callable[[Snapshot, str], Contribution], ...] = (calico_policies, cilium_policies)


def network_policy_priority(name: str, cni: str) -> Priority:
    """Where a NetworkPolicy stands in its tier under a network plugin.

    Calico takes it for a policy of its own with order 1000 and this name; under Cilium deny rules come before it.
    """
    match policy_family(cni):
        case "calico":
            return Priority(1_000, f"knp.default.{name}")
        case "cilium":
            return Priority(1)
    return FIRST_PRIORITY


def _stored(snapshot: Snapshot) -> list[NetworkPolicy | ClusterWidePolicy]:
    """All policies as an API server has them, in a fixed order."""
    found: list[NetworkPolicy | ClusterWidePolicy] = [
        policy for policy in map(with_defaults, snapshot.network_policies) if isinstance(policy, NetworkPolicy)
    ]
    found += snapshot.cluster_wide_policies
    return sorted(found, key=lambda policy: policy.ref)


def _ruleset(policy: NetworkPolicy, direction: Direction, priority: Priority) -> Ruleset:
    spec = policy.spec
    rules: tuple[IngressRule | EgressRule, ...] = spec.ingress if direction is Direction.INGRESS else spec.egress
    return Ruleset(
        policy=policy.ref,
        direction=direction,
        tier=Tier.NETWORK_POLICY,
        priority=priority,
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
