"""The general rule form: random rulesets, decided, in the matrix, and by the naive evaluator of the form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import allows, decide
from netdoctor.policy.matrix import matrix
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Direction, Ruleset
from tests.policy.clusters import CALICO, cluster, flow
from tests.policy.forms import crowds, numbered, plain, rulesets
from tests.policy.naive_form import Side
from tests.policy.test_matrix import CILIUM, differences
from tests.policy.test_property import NAMESPACES, Manifest, World, thorough, worlds

NO_POLICIES: st.SearchStrategy[list[Manifest]] = st.just([])
TEAMS = st.sampled_from(({}, {"team": "a"}, {"team": "b"}))
PORTS = ("80/TCP", "79/TCP", "81/UDP", "80/SCTP")


@st.composite
def manifests(draw: st.DrawFn) -> World:
    """A cluster without policies, whose pods run as one of two service accounts; of some the labels are known."""
    world = draw(worlds(NO_POLICIES))
    accounts = draw(st.sets(st.tuples(st.sampled_from(NAMESPACES), st.sampled_from(("default", "robot")))))
    for namespace, name in sorted(accounts):
        metadata = {"name": name, "namespace": namespace, "labels": draw(TEAMS)}
        world.manifests.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    for manifest in world.manifests:
        if manifest["kind"] == "Pod":
            manifest["spec"]["serviceAccountName"] = draw(st.sampled_from(("default", "robot")))
    return world


def compiled(snapshot: Snapshot, drawn: Sequence[Ruleset]) -> CompiledPolicies:
    by_namespace: defaultdict[str, list[Ruleset]] = defaultdict(list)
    for ruleset in numbered(drawn):
        by_namespace[ruleset.subject.namespace].append(ruleset)
    return CompiledPolicies(snapshot, {name: tuple(same) for name, same in by_namespace.items()})


def agree(world: World, drawn: Sequence[Ruleset], profile: CNIProfile) -> None:
    snapshot = cluster(*world.manifests)
    policies = compiled(snapshot, drawn)
    blocks_see = profile.ipblock_matches_pods, profile.ipblock_matches_nodes
    for source, to in permutations(world.ends, 2):
        for port in PORTS:
            asked = flow(snapshot, source, to, port)
            try:
                expected = [
                    Side(numbered(drawn), asked, direction, blocks_see).allowed()
                    for direction in (Direction.EGRESS, Direction.INGRESS)
                ]
            except OverflowError:
                assume(False)
            verdict = decide(policies, asked, profile)
            assert [verdict.egress.allowed, verdict.ingress.allowed] == expected, asked
            assert allows(policies, asked, profile) is (verdict.allowed is True)
            for side in (verdict.egress, verdict.ingress):
                assert all(near.misses and near.missed for near in side.near_misses)
                assert side.decided_by is None or policies.rule(side.decided_by)
                assert side.allowed is not False or side.denied_by


@thorough
@given(manifests(), st.lists(rulesets, min_size=1, max_size=5), st.sampled_from((CALICO, CILIUM)))
def test_decisions_are_those_of_the_naive_evaluator(world: World, drawn: list[Ruleset], profile: CNIProfile) -> None:
    agree(world, drawn, profile)


@thorough
@given(manifests(), st.lists(plain, min_size=1, max_size=4), st.lists(rulesets, max_size=3))
def test_policies_that_only_allow_stand_among_others(world: World, some: list[Ruleset], more: list[Ruleset]) -> None:
    agree(world, [*some, *more], CALICO)


@thorough
@given(manifests(), st.lists(rulesets, min_size=1, max_size=6), st.sampled_from((CALICO, CILIUM)))
def test_matrix_and_decision_agree(world: World, drawn: list[Ruleset], profile: CNIProfile) -> None:
    assert not differences(matrix(compiled(cluster(*world.manifests), drawn), profile))


@thorough
@given(manifests(), st.lists(plain, min_size=1, max_size=5), st.lists(rulesets, max_size=3))
def test_the_matrix_of_policies_that_only_allow_among_others(
    world: World, some: list[Ruleset], more: list[Ruleset]
) -> None:
    assert not differences(matrix(compiled(cluster(*world.manifests), [*some, *more]), CALICO))


@thorough
@given(manifests(), crowds)
def test_many_policies_of_one_tier(world: World, drawn: list[Ruleset]) -> None:
    agree(world, drawn[:4], CALICO)


@thorough
@given(manifests(), crowds)
def test_the_matrix_of_many_policies_of_one_tier(world: World, drawn: list[Ruleset]) -> None:
    assert not differences(matrix(compiled(cluster(*world.manifests), drawn), CALICO))
