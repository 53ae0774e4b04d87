"""Policies that select no pod, and rules with peers that match nobody or ports that nobody declares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.linting.finding import Answer, Finding, NotJudged
from netdoctor.policy.linting.nobody import why_nobody
from netdoctor.policy.linting.query import Query
from netdoctor.policy.linting.standing import Standing
from netdoctor.policy.matching import union
from netdoctor.policy.ports import resolved
from netdoctor.policy.rules import Direction, NamedPort, Peer, PodPeer, Rule, Ruleset, UnknownPeer
from netdoctor.policy.selection import numbers


def empty(standing: Standing, policies: Collection[ObjectRef]) -> Iterator[Answer]:
    """All of it in some policies."""
    snapshot = standing.matrix.policies.snapshot
    for policy in sorted(policies):
        rulesets = standing.current(policy)
        if not snapshot.was_read("Pod", policy.namespace):
            yield NotJudged(Query.EMPTINESS, policy, "the pods could not be read")
        elif not rulesets:
            yield Finding(Query.EMPTINESS, policy, "it has no rules, so it does nothing", f"delete {policy}")
        elif not standing.subjects(rulesets[0]).possible:
            path = rulesets[0].subject.path
            because = f"it selects no pod: {why_nobody(rulesets[0].subject, snapshot)}"
            yield Finding(Query.EMPTINESS, policy, because, f"correct {path}, or delete {policy}")
        else:
            for ruleset in rulesets:
                for rule in ruleset.rules:
                    yield from _Rule(standing, ruleset, rule).empty()


class _Rule:
    def __init__(self, standing: Standing, ruleset: Ruleset, rule: Rule) -> None:
        self._standing, self._ruleset, self._rule = standing, ruleset, rule
        self._locals = standing.subjects(ruleset).possible

    def empty(self) -> Iterator[Finding]:
        """The rule where nothing of it matches, else the peers and ports that do not."""
        snapshot = self._standing.matrix.policies.snapshot
        nobody = {
            peer.path: f"matches nobody: {why_nobody(peer, snapshot)}"
            for peer in self._rule.peers
            if not isinstance(peer, UnknownPeer) and not self._matched(peer)
        }
        if nobody and len(nobody) == len(self._rule.peers):
            yield self._nothing(nobody)
            return
        undeclared = {
            port.path: f"is declared by nobody that it is about: {port}{self._near(port)}"
            for port in self._rule.ports
            if isinstance(port, NamedPort) and not self._declared(port)
        }
        if undeclared and len(undeclared) == len(self._rule.ports):
            yield self._nothing(undeclared)
            return
        for path, why in (nobody | undeclared).items():
            yield Finding(Query.EMPTINESS, self._rule.ref.at(path), f"it {why}", f"correct or remove {path}")

    def _nothing(self, parts: Mapping[str, str]) -> Finding:
        """About the whole rule: the last peer or port must not go alone, for without any it would match everything."""
        ref = self._rule.ref
        whys = "; ".join(f"{path.removeprefix(f'{ref.path}.')} {why}" for path, why in parts.items())
        fix = f"correct {next(iter(parts))}, or remove {ref.path}"
        return Finding(Query.EMPTINESS, ref, f"it matches nothing: {whys}", fix)

    def _matched(self, peer: Peer) -> int:
        selection = self._standing.matrix.selection
        if isinstance(peer, PodPeer):
            return selection.pods(peer).possible
        # One pod of each combination of address families is asked for all.
        ones = (mask & -mask for family in selection.families if (mask := family & self._locals))
        direction = self._ruleset.direction
        return union(selection.matching(peer, one.bit_length() - 1, direction).possible for one in ones)

    def _destinations(self) -> int:
        """The pods whose ports a rule is about."""
        selectable = self._standing.matrix.selection.selectable
        if self._ruleset.direction is Direction.INGRESS:
            return self._locals
        return union(map(self._matched, self._rule.peers)) & selectable if self._rule.peers else selectable

    def _declared(self, port: NamedPort) -> bool:
        classes = self._standing.matrix.classes
        return any(any(resolved(port, classes[number].end.ports)) for number in numbers(self._destinations()))

    def _near(self, port: NamedPort) -> str:
        """` (http is declared for UDP)`."""
        classes = self._standing.matrix.classes
        ends = (classes[number].end for number in numbers(self._destinations()))
        protocols = sorted({one.protocol for end in ends for one in end.ports if one.name == port.name})
        return f" ({port.name} is declared for {', '.join(protocols)})" if protocols else ""
