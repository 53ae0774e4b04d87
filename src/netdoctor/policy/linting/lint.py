"""All queries about one set of policies, or about two."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.kinds import is_kubernetes
from netdoctor.policy.linting.disjointness import overlapping
from netdoctor.policy.linting.emptiness import empty
from netdoctor.policy.linting.finding import Answer, Finding, NotJudged
from netdoctor.policy.linting.query import OF_TWO_SETS, Query
from netdoctor.policy.linting.redundancy import redundant
from netdoctor.policy.linting.standing import Standing
from netdoctor.policy.linting.vacuity import vacuous
from netdoctor.policy.matrix import matrix
from netdoctor.policy.profile import CNIProfile

_DIGITS = 5  # of an index, so that it sorts as a number


def lint(
    policies: CompiledPolicies, profile: CNIProfile, queries: Collection[Query], namespace: str | None = None
) -> tuple[Answer, ...]:
    """What the queries about one set of policies find, by query and policy.

    Args:
        policies: and with them the snapshot.
        profile: how the network plugin reads them.
        queries: those about two sets are not asked.
        namespace: only the NetworkPolicies of this one are asked about; all policies count.
    """
    asked = policies_of(policies, namespace)
    queries = [query for query in queries if query not in OF_TWO_SETS]
    found: list[Answer] = [*_unreadable(policies, queries, namespace)]
    if not (asked and queries):
        return tuple(found)
    standing = Standing(matrix(policies, profile))
    if Query.VACUITY in queries:
        found += vacuous(standing, asked)
    if Query.DISJOINTNESS in queries:
        found += overlapping(standing, asked)
    if Query.EMPTINESS in queries or Query.REDUNDANCY in queries:
        empties = list(empty(standing, asked))
        found += empties if Query.EMPTINESS in queries else ()
        if Query.REDUNDANCY in queries:  # the last, since it takes policies away
            told = [one.ref for one in empties if isinstance(one, Finding) and one.ref]
            found += redundant(standing, asked, told)
    return tuple(sorted(found, key=_order))


def policies_of(policies: CompiledPolicies, namespace: str | None = None) -> list[ObjectRef]:
    """All policies that were understood, those without rules too; in one namespace, its NetworkPolicies."""
    refused = {ref.object for ref, _ in policies.problems}
    compiled = {ruleset.policy for same in policies.rulesets.values() for ruleset in same}
    compiled = {policy for policy in compiled if is_kubernetes(policy)}
    bare = {policy.ref for policy in policies.snapshot.cluster_wide_policies} - refused
    return sorted(ref for ref in compiled | bare if namespace in (None, ref.namespace))


def _unreadable(policies: CompiledPolicies, queries: Collection[Query], namespace: str | None) -> Iterator[NotJudged]:
    """The policies that were not understood."""
    valid = {*policies_of(policies)}
    said: set[ObjectRef] = set()
    for ref, text in policies.problems:
        if is_kubernetes(ref) and ref.object not in valid | said and namespace in (None, ref.namespace):
            said.add(ref.object)
            yield from (NotJudged(query, ref, text) for query in queries)


def _order(answer: Answer) -> tuple[str, str, str, str, list[str]]:
    """By query and policy; the parts of one as they stand in it."""
    ref = answer.ref or ObjectRef("", "")
    steps = (step.zfill(_DIGITS) if step.isdigit() else step for step in re.split(r"[.\[\]]+", ref.path))
    return answer.query, ref.namespace, ref.kind, ref.name, list(steps)
