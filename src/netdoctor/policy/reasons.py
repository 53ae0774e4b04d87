"""Why the pairs of a matrix are denied: for whole rows at once, where they are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.entities import Row, View
from netdoctor.policy.explain import describe_peer
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.port_match import admits_port
from netdoctor.policy.rules import Action, Direction, Protocol, Rule, Ruleset
from netdoctor.policy.selection import first, numbers

_MOST_RULES = 3  # of one destination that are worth naming


class Reasons:
    """Reasons by source, for one row after the other, at one port of each."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._egress: dict[int, str] = {}

    def __call__(self, destination: int, row: Row) -> Iterable[tuple[str, int]]:
        """The sources of a denied row, by reason."""
        matrix = self._view.matrix
        number = first(self._view.entities[destination].classes)
        end = matrix.classes[number].end
        protocol, port = matrix.ports.usual(row.ports, end.ports)
        denied = matrix.denied(number, matrix.ports.holding(protocol, port))
        ingress = self._ingress(end, protocol, port)
        found: defaultdict[str, int] = defaultdict(int)
        for source in numbers(row.sources):
            bit = 1 << first(self._view.entities[source].classes)
            sides = [self._of_source(first(bit))] if denied[Direction.EGRESS] & bit else []
            sides += [ingress] if denied[Direction.INGRESS] & bit else []
            found["; ".join(sides)] |= 1 << source
        return found.items()

    def _ingress(self, end: Endpoint, protocol: Protocol, port: int) -> str:
        """The same for every source: what isolates the destination, and whom it admits at this port."""
        rulesets = self._view.matrix.policies.selecting(end, Direction.INGRESS)
        flow = Flow(end, end, protocol, port)
        rules = [rule for ruleset in rulesets for rule in ruleset.rules if admits_port(rule, flow)]
        return f"ingress {_denying(rulesets, rules)}{_admitting(rules, flow.port_text)}"

    def _of_source(self, source: int) -> str:
        if source not in self._egress:
            end = self._view.matrix.classes[source].end
            rulesets = self._view.matrix.policies.selecting(end, Direction.EGRESS)
            rules = [rule for ruleset in rulesets for rule in ruleset.rules]
            self._egress[source] = f"egress {_denying(rulesets, rules)}"
        return self._egress[source]


def _denying(rulesets: Iterable[Ruleset], rules: Iterable[Rule]) -> str:
    """`isolated by A, B`, and the rules that may deny."""
    isolating = list(dict.fromkeys(ruleset.policy for ruleset in rulesets if ruleset.isolates))
    denying = [rule.ref for rule in rules if rule.action is Action.DENY]
    said = [f"isolated by {_names(isolating)}"] if isolating else []
    said += [f"denied by {_names(denying)}"] if denying else []
    return " or ".join(said)


def _admitting(rules: Iterable[Rule], port: str) -> str:
    admitting = [rule for rule in rules if rule.action is Action.ALLOW]
    told = [f"{rule.ref} admits {_peers(rule)}" for rule in admitting[:_MOST_RULES]]
    if len(admitting) > _MOST_RULES:
        told.append(f"{len(admitting) - _MOST_RULES} more rules admit others")
    return f", where {port} is open for others: {'; '.join(told)}" if told else f", where no rule admits {port}"


def _peers(rule: Rule) -> str:
    return " or ".join(describe_peer(peer) for peer in rule.peers)


def _names(refs: Iterable[ObjectRef]) -> str:
    return ", ".join(map(str, refs))
