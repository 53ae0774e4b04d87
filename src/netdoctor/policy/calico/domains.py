"""Whose labels a selector is about: Calico gives endpoints labels of their namespace and service account as well.

Beside those of the pod, an endpoint has its namespace's under ``pcns.KEY``, its service account's under ``pcsa.KEY``,
and some that Calico makes. Rulesets keep the three apart, as a PodPeer does.
Source: libcalico-go/lib/backend/k8s/conversion (workload endpoints) and Calico's reference of NetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from netdoctor.policy.calico.selector import NAMESPACE, SelectorError
from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, comparisons
from netdoctor.policy.rules import SERVICE_ACCOUNT_NAME

NAMESPACE_PREFIX, SERVICE_ACCOUNT_PREFIX = "pcns.", "pcsa."
_PREFIXES = (NAMESPACE_PREFIX, SERVICE_ACCOUNT_PREFIX)
#: The name of a namespace as a label of it: Calico's, and that of the API server.
CALICO_NAME, METADATA_NAME = "projectcalico.org/name", "kubernetes.io/metadata.name"
_SERVICE_ACCOUNT = "projectcalico.org/serviceaccount"
_ORCHESTRATOR, _KUBERNETES = "projectcalico.org/orchestrator", "k8s"
EVERYTHING = Everything()
_MOST = 64  # ways to meet one selector: nobody writes such, but a text of some lines can have millions


@dataclass(frozen=True, slots=True)
class Meant:
    """One way to meet a selector: all of what it says of a pod, its namespace and its service account."""

    pod: Expression
    namespace: Expression
    service_account: Expression


def of_namespace(expression: Expression) -> Expression:
    """A namespaceSelector, as one of the labels that Kubernetes gives a namespace."""
    return _rewritten(expression, _of_namespace)


def meanings(expression: Expression) -> tuple[Meant, ...]:
    """A selector of endpoints as the ways to meet it, each kept apart by whose labels it is about.

    Raises:
        SelectorError: there are too many.
    """
    return tuple(map(_meant, _ways(_rewritten(expression, _of_endpoint), negated=False)))


def _rewritten(expression: Expression, leaf: Callable[[Compare], Expression]) -> Expression:
    match expression:
        case Compare():
            return leaf(expression)
        case Not(term):
            return Not(_rewritten(term, leaf))
        case And(terms):
            return And(tuple(_rewritten(term, leaf) for term in terms))
        case Or(terms):
            return Or(tuple(_rewritten(term, leaf) for term in terms))
    return expression


def _of_namespace(compare: Compare) -> Expression:
    return replace(compare, key=METADATA_NAME) if compare.key in (CALICO_NAME, NAMESPACE) else compare


def _of_endpoint(compare: Compare) -> Expression:
    """With a prefix for everything that is no label of the pod."""
    match compare.key:
        case key if key in (NAMESPACE, NAMESPACE_PREFIX + CALICO_NAME):
            return replace(compare, key=NAMESPACE_PREFIX + METADATA_NAME)
        case key if key == _SERVICE_ACCOUNT:
            return replace(compare, key=SERVICE_ACCOUNT_PREFIX + SERVICE_ACCOUNT_NAME)
        case key if key == _ORCHESTRATOR:
            return Everything() if compare.holds(_KUBERNETES) else Not(Everything())
    return compare


def _domains(expression: Expression) -> set[str]:
    """The prefixes that occur; that of pods is empty."""
    return {
        next((prefix for prefix in _PREFIXES if compare.key.startswith(prefix)), "")
        for compare in comparisons(expression)
    }


_Way = tuple[Expression, ...]  # terms of one domain each, which must all hold


def _ways(expression: Expression, *, negated: bool) -> list[_Way]:
    """The disjunction of conjunctions; what is about one domain stays in one piece."""
    if len(_domains(expression)) <= 1:
        return [(Not(expression) if negated else expression,)]
    match expression:
        case Not(term):
            return _ways(term, negated=not negated)
        case And(terms):
            parts = (_ways(term, negated=negated) for term in terms)
            return _added(parts) if negated else _multiplied(parts)
        case Or(terms):
            parts = (_ways(term, negated=negated) for term in terms)
            return _multiplied(parts) if negated else _added(parts)
    raise AssertionError(f"{expression} is about one label")


def _added(parts: Iterable[list[_Way]]) -> list[_Way]:
    return _bounded(way for part in parts for way in part)


def _multiplied(parts: Iterable[list[_Way]]) -> list[_Way]:
    ways: list[_Way] = [()]
    for part in parts:
        ways = _bounded((*one, *other) for one, other in product(ways, part))
    return ways


def _bounded(ways: Iterator[_Way]) -> list[_Way]:
    found: list[_Way] = []
    for way in ways:
        if len(found) == _MOST:
            raise SelectorError(
                f"more than {_MOST} ways to meet what it says of pods, namespaces and service accounts together", 1
            )
        found.append(way)
    return found


def _meant(way: _Way) -> Meant:
    by_domain: dict[str, list[Expression]] = {}
    for term in way:
        (domain,) = _domains(term) or {""}
        by_domain.setdefault(domain, []).append(_rewritten(term, _without_prefix) if domain else term)
    pod, namespace, account = (_all(by_domain.get(domain, [])) for domain in ("", *_PREFIXES))
    return Meant(pod, namespace, account)


def _without_prefix(compare: Compare) -> Expression:
    return replace(compare, key=compare.key[len(NAMESPACE_PREFIX) :])


def _all(terms: list[Expression]) -> Expression:
    wanted = [term for term in terms if term != EVERYTHING]
    if not wanted:
        return Everything()
    return wanted[0] if len(wanted) == 1 else And(tuple(wanted))


def both(one: Expression, other: Expression) -> Expression:
    """What meets two expressions."""
    return _all([one, other])
