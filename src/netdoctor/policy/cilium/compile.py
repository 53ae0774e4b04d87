"""CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies to rulesets.

They stand in the tier of NetworkPolicies, and add up with these; denials come before all that is allowed. A section
with an element isolates in its direction, whatever the element says: `ingress: [{}]` admits nobody, and `ingress: []`
does nothing. Source: "Layer 3 Policies", "Deny Policies" and "Policy Enforcement Modes" of Cilium's documentation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from netdoctor.cluster.cilium_objects import CiliumRule
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import LabelSelector
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.cilium.invalid import policy_problems
from netdoctor.policy.cilium.peers import Context, peers
from netdoctor.policy.cilium.ports import ports, requests
from netdoctor.policy.cilium.rules import CiliumPolicy, Entry, default_deny, entries, written
from netdoctor.policy.cilium.selectors import subject
from netdoctor.policy.cilium.settings import CONFIG, Settings, settings
from netdoctor.policy.cilium.warnings import worth_knowing
from netdoctor.policy.contribution import Contribution
from netdoctor.policy.not_understood import field_problems
from netdoctor.policy.profile import policy_family
from netdoctor.policy.rules import Action, Direction, PodPeer, Priority, Rule, RulePort, Ruleset, Tier

_DENIALS, _ALLOWANCES = Priority(0), Priority(1)
_TIER = Tier.NETWORK_POLICY
_EVERYWHERE = ""

Problems = list[tuple[ObjectRef, str]]


def cilium_policies(snapshot: Snapshot, cni: str) -> Contribution:
    """What Cilium's policies say where Cilium runs; that they say nothing, where something else does.

    Args:
        snapshot: with the policies.
        cni: the network plugin; empty if it is not known, and then neither is what they do.
    """
    policies = [with_defaults(one) for one in snapshot.cilium_network_policies]
    policies += snapshot.cilium_clusterwide_network_policies
    stored: list[CiliumPolicy] = sorted(policies, key=lambda policy: policy.ref)  # type: ignore[arg-type]
    if policy_family(cni) == "cilium":
        return _compiled(snapshot, stored)
    if not cni or cni == "unknown":
        gaps = {
            (_TIER, one.namespace): f"{one.ref} counts where Cilium runs, and the network plugin is not known"
            for one in stored
        }
        return Contribution(gaps=gaps)
    return Contribution(
        warnings=tuple((one.ref, f"it has no effect: the network plugin is {cni}, not Cilium") for one in stored)
    )


def _compiled(snapshot: Snapshot, policies: list[CiliumPolicy]) -> Contribution:
    options = settings(snapshot)
    rulesets: defaultdict[str, list[Ruleset]] = defaultdict(list)
    found: Problems = []
    gaps: dict[tuple[Tier, str], str] = {}
    rulesets[_EVERYWHERE] += _always(options)
    for policy in policies:
        context = Context(snapshot, policy.namespace, options)
        problems: Problems = [*field_problems(snapshot, policy.ref)]
        problems += ((policy.ref.at(path), text) for path, text in policy_problems(policy))
        if not problems:
            try:
                rulesets[policy.namespace] += _rulesets(policy, context)
            except ValueError as error:  # also a group of addresses of which one is none
                problems.append((policy.ref, str(error)))
        if problems:
            found += problems
            ref, text = problems[0]
            gaps.setdefault((_TIER, policy.namespace), f"it is not known what {ref} does: {text}")
    warnings = worth_knowing(policies, options)
    return Contribution({where: tuple(some) for where, some in rulesets.items()}, tuple(found), tuple(warnings), gaps)


def _always(options: Settings) -> Iterator[Ruleset]:
    """What `enable-policy: always` does to pods that no policy selects."""
    everyone = PodPeer("data.enable-policy", _EVERYWHERE, LabelSelector(), None, flat=True)
    if options.mode == "always":
        for direction in Direction:
            yield Ruleset(CONFIG, direction, _TIER, _ALLOWANCES, isolates=True, subject=everyone, rules=())


def _rulesets(policy: CiliumPolicy, context: Context) -> Iterator[Ruleset]:
    for rule, path in written(policy):
        if rule.endpoint_selector is None:  # of nodes, whose traffic is no pod's
            continue
        where, cluster = f"{path}.endpointSelector", context.settings.cluster
        selected = subject(rule.endpoint_selector, where, context.namespace, cluster)
        if selected is not None:
            for direction in Direction:
                yield from _in_direction(policy, rule, path, direction, selected, context)


def _in_direction(  # noqa: PLR0913, PLR0917 - what a ruleset consists of
    policy: CiliumPolicy, rule: CiliumRule, path: str, direction: Direction, selected: PodPeer, context: Context
) -> Iterator[Ruleset]:
    """At most two rulesets: the denials, and what is allowed."""
    found = list(entries(rule, path, direction))
    isolates = default_deny(rule, direction)
    allows = any(entry.action is Action.ALLOW for entry in found)
    for action, priority in ((Action.DENY, _DENIALS), (Action.ALLOW, _ALLOWANCES)):
        mine = [entry for entry in found if entry.action is action]
        if mine:
            rules = tuple(r for e in mine for r in _rules(policy.ref, e, context, limited=isolates))
            once = isolates and (action is Action.ALLOW or not allows)
            yield Ruleset(policy.ref, direction, _TIER, priority, once, selected, rules)


def _rules(policy: ObjectRef, entry: Entry, context: Context, *, limited: bool) -> Iterator[Rule]:
    """One rule for each set of ports with its own requests; none where nobody, or ICMP alone, is meant.

    Where nothing is denied by default, requests are not refused either (cilium/cilium#38841).
    """
    about = peers(entry, context)
    if about is None or (entry.icmp and not entry.ports):
        return
    ref = policy.at(entry.path)
    if not entry.ports:
        yield Rule(ref, entry.action, about, ())
        return
    plain: list[RulePort] = []
    for index, given in enumerate(entry.ports):
        path = f"{entry.path}.toPorts[{index}]"
        numbers, admitted = ports(given, path), requests(given, path)
        if admitted is None:
            plain += numbers
        elif numbers:
            yield Rule(ref, entry.action, about, numbers, requests=replace(admitted, void=not limited))
    if plain:
        yield Rule(ref, entry.action, about, tuple(plain))
