"""Expected flows from the policies themselves: what each rule admits, and what is nearest to it and denied.

A policy is tested where it draws its line. So beside each flow that a rule admits stand those that differ from it in
one thing: the port, the labels of the peer, the peer's namespace. What is expected is always what the engine says; so
on the cluster that they are made from they tell whether anything enforces the policies.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

from netdoctor.cluster.expected_flows import ExpectedFlow
from netdoctor.cluster.objects import Pod
from netdoctor.policy.classes import Distinctions, EndpointClass, pod_classes
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.match import chooses, peer_misses
from netdoctor.policy.pod_match import may_choose
from netdoctor.policy.ports import FIRST, LAST, resolved
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.remote import remote_end
from netdoctor.policy.rules import PROTOCOLS, Action, Direction, NamedPort, Protocol, Rule, Ruleset

_KINDS = {"Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs"}
_MOST_TRIED = 40  # pods of a policy, and peers (the nearest first) of which one is denied: before looking is given up
_USUAL: tuple[Protocol, int] = "TCP", 80  # the port of a pod that declares none


@dataclass(frozen=True, slots=True)
class GeneratedFlows:
    """The flows, those of one rule together; and for how many of all the rules there may be more."""

    flows: tuple[ExpectedFlow, ...]
    rules: int
    cut: int


def expected_by_policies(policies: CompiledPolicies, profile: CNIProfile, limit: int) -> GeneratedFlows:
    """At most `limit` flows between pods, without doubles.

    Each rule has its turn, with a flow that it admits and those next to it, before one has another; and before a
    namespace's second rule comes the first one of every other.
    """
    making = _Making(policies, profile)
    sources = [making.flows_of(*each) for each in making.rules]
    found: list[list[ExpectedFlow]] = [[] for _ in sources]
    said: set[tuple[str, str]] = set()
    turns = deque(_interleaved([ruleset.subject.namespace for ruleset, _ in making.rules]))
    while turns and len(said) < limit:
        number = turns.popleft()
        new = ([f for f in group if (f.source, f.destination) not in said] for group in sources[number])
        if group := next(filter(None, new), None):
            chosen = group[: limit - len(said)]
            said.update((flow.source, flow.destination) for flow in chosen)
            found[number] += chosen
            turns.append(number)
    return GeneratedFlows(tuple(chain.from_iterable(found)), len(sources), len(turns))


def _interleaved(namespaces: Sequence[str]) -> list[int]:
    """The positions: the first of each namespace, then the second of each, and so on."""
    before: Counter[str] = Counter()
    turns = []
    for number, namespace in enumerate(namespaces):
        turns.append((before[namespace], number))
        before[namespace] += 1
    return [number for _, number in sorted(turns)]


@dataclass(frozen=True)
class _Making:
    """Looks for flows; reads policies and pods only."""

    policies: CompiledPolicies
    profile: CNIProfile

    @cached_property
    def rules(self) -> list[tuple[Ruleset, Rule | None]]:
        """All rules; None stands for a policy that isolates pods and has none."""
        rulesets = chain.from_iterable(
            self.policies.rulesets[namespace] for namespace in sorted(self.policies.rulesets)
        )
        return [(ruleset, rule) for ruleset in rulesets for rule in ruleset.rules or (None,)]

    def flows_of(self, ruleset: Ruleset, rule: Rule | None) -> Iterator[list[ExpectedFlow]]:
        """What one rule has to say about one of the pods that its policy selects: flows that belong together."""
        selected = (one for one in self._classes if may_choose(ruleset.subject, one.end))
        for local in islice(selected, _MOST_TRIED):
            about = self._isolated(ruleset, local) if rule is None else self._about(ruleset.direction, rule, local)
            if first := next(about, None):
                yield first
                yield from about
                return

    def _about(self, direction: Direction, rule: Rule, local: EndpointClass) -> Iterator[list[ExpectedFlow]]:
        for remote in (one for one in self._classes if _may_admit(rule, one.end)):
            flow = self._flow(direction, local, remote, rule)
            if flow is None or not self._admits(rule, flow, direction):
                continue
            if rule.action is Action.DENY and self._allowed(flow) is False:
                yield [self._expected(flow, False, f"{rule.ref} denies it")]
            elif rule.action is not Action.DENY and self._allowed(flow):
                denied = self._nearest_denied(direction, local, remote, flow, rule)
                yield [self._expected(flow, True, f"{rule.ref} admits it"), *denied]

    def _isolated(self, ruleset: Ruleset, local: EndpointClass) -> Iterator[list[ExpectedFlow]]:
        """Of a policy that admits nothing: one flow that it denies."""
        flows = (self._flow(ruleset.direction, local, remote, None) for remote in self._nearest(local, local))
        denied = (flow for flow in islice(flows, _MOST_TRIED) if flow and self._allowed(flow) is False)
        if flow := next(denied, None):
            yield [self._expected(flow, False, f"{ruleset.policy} isolates the pod and admits nothing")]

    def _nearest_denied(
        self, direction: Direction, local: EndpointClass, remote: EndpointClass, flow: Flow, rule: Rule
    ) -> Iterator[ExpectedFlow]:
        for port in _other_ports(flow):
            other = Flow(flow.source, flow.destination, *port)
            if self._allowed(other) is False:
                yield self._expected(other, False, f"another port than {rule.ref} admits")
                break
        others = list(islice(self._nearest(remote, local), _MOST_TRIED))
        for same_namespace, what in ((True, "other labels"), (False, "another namespace")):
            for one in others:
                if (one.end.namespace == remote.end.namespace) is same_namespace:
                    ends = (local.end, one.end) if direction is Direction.EGRESS else (one.end, local.end)
                    other = Flow(*ends, flow.protocol, flow.port)
                    if self._allowed(other) is False:
                        yield self._expected(other, False, f"a peer with {what} than {rule.ref} admits")
                        break

    def _nearest(self, to: EndpointClass, but: EndpointClass) -> Iterator[EndpointClass]:
        """All other classes than these, those first that differ least: in few labels, in the namespace."""
        others = [one for one in self._classes if one is not to and one is not but]
        return iter(sorted(others, key=lambda one: _distance(one.end, to.end)))

    def _flow(
        self, direction: Direction, local: EndpointClass, remote: EndpointClass, rule: Rule | None
    ) -> Flow | None:
        """To a port of the rule. None where that means no port of the destination, or a pod's way to its like."""
        source, destination = (local, remote) if direction is Direction.EGRESS else (remote, local)
        port = _port(rule, destination.end)
        if port is None or self._names[id(source)] == self._names[id(destination)]:
            return None
        return Flow(source.end, destination.end, *port)

    def _admits(self, rule: Rule, flow: Flow, direction: Direction) -> bool:
        remote = remote_end(flow, direction, self.profile)
        return not rule.peers or any(next(peer_misses(peer, remote), None) is None for peer in rule.peers)

    def _allowed(self, flow: Flow) -> bool | None:
        return decide(self.policies, flow, self.profile).allowed

    def _expected(self, flow: Flow, allowed: bool, because: str) -> ExpectedFlow:
        protocol = "" if flow.protocol == "TCP" else f"/{flow.protocol}"
        source, destination = (self._text[end.namespace, end.name] for end in (flow.source, flow.destination))
        return ExpectedFlow(source, f"{destination}:{flow.port}{protocol}", allowed, because=because)

    @cached_property
    def _classes(self) -> Sequence[EndpointClass]:
        """The pods with a network of their own, in classes."""
        snapshot = self.policies.snapshot
        pods = [p for p in snapshot.pods if not (p.finished or p.spec.host_network)]
        return pod_classes(pods, snapshot, Distinctions.of([self.policies]))

    @cached_property
    def _names(self) -> Mapping[int, str]:
        """By the class's id(), how files name its first pod: by its workload, where that is of one class."""
        owned: dict[str, set[int]] = {}
        for one in self._classes:
            for member in one.members:
                if isinstance(member, Pod):
                    owned.setdefault(self._workload(member), set()).add(id(one))
        names: dict[int, str] = {}
        for one in self._classes:
            first = one.members[0]
            workload = self._workload(first) if isinstance(first, Pod) else ""
            alone = workload and owned[workload] == {id(one)}
            names[id(one)] = workload if alone else f"pod/{one.end.name}.{one.end.namespace}"
        return names

    @cached_property
    def _text(self) -> Mapping[tuple[str, str], str]:
        """The same by namespace and name of the class's first pod."""
        return {(one.end.namespace, one.end.name): self._names[id(one)] for one in self._classes}

    def _workload(self, pod: Pod) -> str:
        """`deploy/NAME.NAMESPACE`; empty for pods without a workload of a kind that can be named."""
        ref = self.policies.snapshot.owner_of(pod)
        found = self.policies.snapshot.find(ref)
        return f"{_KINDS[ref.kind]}/{ref.name}.{ref.namespace}" if found and ref.kind in _KINDS else ""


def _may_admit(rule: Rule, remote: Endpoint) -> bool:
    """Whether its selectors do not rule that out: faster than a flow and what misses it."""
    return not rule.peers or any(chooses(peer, remote) is not False for peer in rule.peers)


def _distance(one: Endpoint, other: Endpoint) -> tuple[int, str, str]:
    """How many labels differ, with those of the namespace; then by name, so that the order is always the same."""
    differing = {*one.labels.items()} ^ {*other.labels.items()}
    spaces = {*one.namespace_labels.items()} ^ {*other.namespace_labels.items()}
    return len(differing) + len(spaces), one.namespace, one.name


def _declared(end: Endpoint) -> list[tuple[Protocol, int]]:
    return [(known, port.container_port) for port in end.ports for known in PROTOCOLS if port.protocol == known]


def _port(rule: Rule | None, destination: Endpoint) -> tuple[Protocol, int] | None:
    """One port of a rule at a destination; None where the rule means none there."""
    if rule is None or not rule.ports:
        return next(iter(_declared(destination)), _USUAL)
    return next(chain.from_iterable(_ports(rule, destination)), None)


def _ports(rule: Rule, destination: Endpoint) -> Iterator[Iterator[tuple[Protocol, int]]]:
    for port in rule.ports:
        if isinstance(port, NamedPort):
            yield (
                (p, d.container_port) for d in resolved(port, destination.ports) for p in PROTOCOLS if p == d.protocol
            )
        elif (port.first, port.last) == (FIRST, LAST):
            declared = [pair for pair in _declared(destination) if pair[0] == port.protocol]
            yield iter(declared or [(p, _USUAL[1]) for p in PROTOCOLS if p == port.protocol])
        else:
            yield ((p, port.first) for p in PROTOCOLS if p == port.protocol)


def _other_ports(flow: Flow) -> Iterator[tuple[Protocol, int]]:
    """Ports that another client of the destination might ask for: those it declares, then the next number."""
    yield from (pair for pair in _declared(flow.destination) if pair != (flow.protocol, flow.port))
    if flow.port < LAST:
        yield flow.protocol, flow.port + 1
