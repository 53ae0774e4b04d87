"""Calico's policies to rulesets: tiers by their order, policies by theirs, rules as they are written.

After the last tier comes the profile of the pod's namespace, which allows everything; so does the general form.
Source: Calico's reference (Tier, NetworkPolicy, GlobalNetworkPolicy), and where that is silent felix/calc.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from netdoctor.cluster.calico_objects import CalicoPolicy, CalicoPolicySpec, CalicoRule, GlobalNetworkPolicy
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.calico.domains import EVERYTHING
from netdoctor.policy.calico.entities import Place, entity_peers, one_of, pod_peers, read_selector
from netdoctor.policy.calico.gaps import of_other_plugin, unread_gaps
from netdoctor.policy.calico.hosts import forwarding_remarks, host_gaps
from netdoctor.policy.calico.invalid import calico_problems
from netdoctor.policy.calico.nets import of_version
from netdoctor.policy.calico.ports import protocols_of, rule_ports
from netdoctor.policy.calico.scope import Labelled, labelled
from netdoctor.policy.calico.selector import NAMESPACE
from netdoctor.policy.calico.services import backends
from netdoctor.policy.contribution import Contribution
from netdoctor.policy.expressions import Compare
from netdoctor.policy.not_understood import field_problems
from netdoctor.policy.rules import Action, Direction, PodPeer, Priority, Rule, Ruleset, Tier

_EVERYWHERE = ""


def calico_policies(snapshot: Snapshot, cni: str) -> Contribution:
    """What Calico's policies add to those of Kubernetes under a network plugin (empty where that is not known)."""
    policies: tuple[CalicoPolicy, ...] = (*snapshot.calico_network_policies, *snapshot.global_network_policies)
    if (other := of_other_plugin(snapshot, policies, cni)) is not None:
        return other
    known, sets = tiers(snapshot), labelled(snapshot)
    rulesets: defaultdict[str, list[Ruleset]] = defaultdict(list)
    problems: list[tuple[ObjectRef, str]] = []
    warnings: list[tuple[ObjectRef, str]] = []
    gaps = dict(unread_gaps(snapshot, policies))
    for policy in sorted(policies, key=lambda one: one.ref):
        wrong = (*field_problems(snapshot, policy.ref), *calico_problems(policy, known))
        if wrong:
            problems += wrong
            tier = known.get(policy.spec.tier, KnownTier(Tier.ADMIN)).tier
            gaps[tier, policy.namespace] = f"{wrong[0][0]} is invalid ({wrong[0][1]}), so Calico would not accept it"
        elif for_hosts_only(policy):
            warnings.append((policy.ref, "doNotTrack and preDNAT are about host endpoints: it selects no pod"))
        else:
            rulesets[policy.namespace] += _Compiler(snapshot, sets, known[policy.spec.tier], policy).rulesets()
            warnings += _remarks(policy)
    by_namespace = {namespace: tuple(found) for namespace, found in rulesets.items()}
    broken = {ref.object for ref, _ in problems}
    valid = [policy for policy in snapshot.global_network_policies if policy.ref not in broken]
    warnings += forwarding_remarks(snapshot, valid)
    return Contribution(by_namespace, tuple(problems), tuple(warnings), gaps, host_gaps(snapshot, valid))


@dataclass(frozen=True, slots=True)
class KnownTier:
    """A tier of Calico's: where it stands, and whether its end denies."""

    tier: Tier
    denies: bool = True


def tiers(snapshot: Snapshot) -> Mapping[str, KnownTier]:
    """All by name; `default` is always there, and is that of NetworkPolicies."""
    found = {
        one.name: KnownTier(Tier(inf if one.spec.order is None else one.spec.order, one.name), one.denies)
        for one in snapshot.calico_tiers
    }
    return {**found, Tier.NETWORK_POLICY.name: KnownTier(Tier.NETWORK_POLICY)}


def for_hosts_only(policy: CalicoPolicy) -> bool:
    """Whether a policy is about interfaces of nodes, and about no pods."""
    return isinstance(policy, GlobalNetworkPolicy) and (policy.spec.do_not_track or policy.spec.pre_dnat)


def directions(policy: CalicoPolicy) -> tuple[Direction, ...]:
    """`types`, or what Calico's API server makes of rules: Egress alone where there are only egress rules.

    Where it was never asked, Felix finds a policy without `types`, and applies that to both.
    """
    spec = policy.spec
    if spec.types:
        return tuple(direction for direction in Direction if direction in spec.types)
    if policy.stored:
        return tuple(Direction)
    if not spec.egress:
        return (Direction.INGRESS,)
    return tuple(Direction) if spec.ingress else (Direction.EGRESS,)


@dataclass(frozen=True, slots=True)
class _Compiler:
    """One policy, with what its rules refer to."""

    snapshot: Snapshot
    sets: Sequence[Labelled]
    tier: KnownTier
    policy: CalicoPolicy

    def rulesets(self) -> Iterator[Ruleset]:
        policy, spec = self.policy, self.policy.spec
        priority = priority_of(policy.name, policy.namespace, policy.kind_name(), spec.order)
        for direction in directions(policy):
            written = spec.ingress if direction is Direction.INGRESS else spec.egress
            rules = tuple(rule for index, one in enumerate(written) for rule in self.rules(one, direction, index))
            for subject in subjects(spec, policy.namespace):
                yield Ruleset(policy.ref, direction, self.tier.tier, priority, self.tier.denies, subject, rules)

    def rules(self, written: CalicoRule, direction: Direction, index: int) -> Iterator[Rule]:
        """One rule, or one for each set of ports of a Service's endpoints; none of what decides nothing."""
        path = f"spec.{direction.field}[{index}]"
        ports = rule_ports(written, path)
        if ports is None or written.action == "Log":
            return
        local_side, remote_side = ("destination", "source")[:: 1 if direction is Direction.INGRESS else -1]
        family = () if written.ip_version is None else (of_version(written.ip_version, f"{path}.ipVersion"),)
        remote = Place(f"{path}.{remote_side}", self.policy.namespace, self.sets)
        local = Place(f"{path}.{local_side}", self.policy.namespace, self.sets)
        entity = getattr(written, remote_side)
        narrowed = entity_peers(getattr(written, local_side), local)
        rule = Rule(
            ref=self.policy.ref.at(path),
            action=Action(written.action),
            peers=entity_peers(entity, remote, *family),
            ports=ports.wanted,
            locals=one_of(narrowed, local.path) if narrowed else None,
            source_ports=ports.source,
            not_ports=ports.unwanted,
        )
        if entity.services is None:
            yield rule
            return
        namespace = entity.services.namespace or self.policy.namespace
        for some in backends(self.snapshot, namespace, entity.services.name, remote.at("services")):
            if direction is Direction.INGRESS:
                yield replace(rule, peers=some.peers)
            elif own := tuple(port for port in some.ports if port.protocol in protocols_of(written)):
                yield replace(rule, peers=some.peers, ports=own)


def subjects(spec: CalicoPolicySpec, namespace: str) -> tuple[PodPeer, ...]:
    """The pods that a policy is about: usually one peer, else one for each way to meet its selectors.

    Raises:
        SelectorError: a selector is not valid.
    """
    wide = getattr(spec, "namespace_selector", "")
    namespaces = Compare(NAMESPACE, "==", (namespace,)) if namespace else read_selector(wide) if wide else None
    accounts = read_selector(spec.service_account_selector) if spec.service_account_selector else EVERYTHING
    path = "spec" if wide or spec.service_account_selector else "spec.selector"
    return pod_peers(read_selector(spec.selector), namespaces, accounts, path)


def priority_of(name: str, namespace: str, kind: str, order: float | None) -> Priority:
    """By order, without one last; equal orders by name, and for equal names as Felix breaks the tie."""
    return Priority(inf if order is None else order, "/".join(filter(None, (name, namespace, kind))))


def _remarks(policy: CalicoPolicy) -> Iterator[tuple[ObjectRef, str]]:
    """What a rule says that is not evaluated."""
    for direction, rules in ((Direction.INGRESS, policy.spec.ingress), (Direction.EGRESS, policy.spec.egress)):
        for index, rule in enumerate(rules):
            if rule.http is not None:
                path = f"spec.{direction.field}[{index}].http"
                yield policy.ref.at(path), "requests of HTTP are not looked into: taken for a rule about connections"
