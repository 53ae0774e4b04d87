"""NetworkPolicy v1 to rulesets.

Source: the NetworkPolicy API reference (networking.k8s.io/v1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import EgressRule, IngressRule, NetworkPolicy, PolicyPeer, PolicyPort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.invalid import parse_network, problems
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


@dataclass(frozen=True, slots=True)
class CompiledPolicies:
    """Every policy of a snapshot, by namespace and in the order of evaluation.

    Attributes:
        rulesets: by namespace of the pods that they select.
        problems: what is wrong with a policy (reference with path, text); such a policy has no rulesets.
        unknown: namespaces whose policies are not all known, and why: a policy is invalid.
        snapshot: what they were compiled from.
    """

    snapshot: Snapshot
    rulesets: Mapping[str, tuple[Ruleset, ...]]
    problems: tuple[tuple[ObjectRef, str], ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    def selecting(self, endpoint: Endpoint, direction: Direction) -> tuple[Ruleset, ...]:
        """Those that apply to a pod in one direction."""
        if not endpoint.selectable:
            return ()
        where, labels, of_namespace = endpoint.namespace, endpoint.labels, endpoint.namespace_labels
        candidates = self.rulesets.get(where, ())
        return tuple(
            r for r in candidates if r.direction is direction and r.subject.selects(where, labels, of_namespace)
        )

    def not_known(self, namespace: str) -> str:
        """Why the policies that apply in a namespace are not all known; empty if they are."""
        if not self.snapshot.was_read("NetworkPolicy", namespace):
            return f"the NetworkPolicies of namespace {namespace} could not be read"
        return self.unknown.get(namespace, "")

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


def compile_policies(snapshot: Snapshot) -> CompiledPolicies:
    """Compile all policies; invalid ones are reported and make their namespace's verdicts uncertain."""
    rulesets: dict[str, list[Ruleset]] = defaultdict(list)
    found: list[tuple[ObjectRef, str]] = []
    unknown: dict[str, str] = {}
    stored = (p for p in map(with_defaults, snapshot.network_policies) if isinstance(p, NetworkPolicy))
    for policy in sorted(stored, key=lambda policy: policy.ref):
        if wrong := problems(policy):
            found += wrong
            ref, text = wrong[0]
            unknown[policy.namespace] = f"{ref} is invalid ({text}), so an API server would not accept it"
        else:
            rulesets[policy.namespace] += (_ruleset(policy, d) for d in Direction if d in policy.spec.policy_types)
    return CompiledPolicies(snapshot, {ns: tuple(rules) for ns, rules in rulesets.items()}, tuple(found), unknown)


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
