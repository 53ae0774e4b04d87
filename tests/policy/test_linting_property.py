"""What redundancy names is taken out of the manifests, and every flow is decided again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.linting.finding import Finding
from netdoctor.policy.linting.lint import lint
from netdoctor.policy.linting.query import Query
from netdoctor.policy.profile import CNIProfile
from tests.policy.clusters import CALICO, cluster, flow
from tests.policy.test_matrix import CILIUM, UNREAD, of_every_tier
from tests.policy.test_property import World, network_policies, worlds

Manifest = dict[str, Any]
ASKED = ("80/TCP", "79/TCP", "81/TCP", "80/UDP", "79/UDP", "81/SCTP", "80/SCTP")


def without(manifests: list[Manifest], found: Iterable[ObjectRef], snapshot: Snapshot) -> list[Manifest]:
    """The manifests without what is named, the last parts of a list first."""
    left = {_ref(manifest): deepcopy(manifest) for manifest in manifests}
    for policy in snapshot.network_policies:  # what an API server would have added
        left[policy.ref]["spec"]["policyTypes"] = list(policy.spec.policy_types)
    paths = sorted(found, key=lambda ref: [int(n) for n in re.findall(r"\d+", ref.path)], reverse=True)
    for ref in sorted(paths, key=lambda ref: ref.path == ""):
        _remove(left, ref)
    return list(left.values())


def _ref(manifest: Manifest) -> ObjectRef:
    return ObjectRef(manifest["kind"], manifest["metadata"]["name"], manifest["metadata"].get("namespace", ""))


def _remove(left: dict[ObjectRef, Manifest], ref: ObjectRef) -> None:
    if not ref.path:
        del left[ref]
        return
    spec = left[ref.object]["spec"]
    if ref.path in ("spec.ingress", "spec.egress"):
        spec.pop(ref.path.removeprefix("spec."))
        spec["policyTypes"].remove(ref.path.removeprefix("spec.").capitalize())
        return
    at: Any = spec
    *parents, last = [int(s) if s.isdigit() else s for s in re.findall(r"[^.\[\]]+", ref.path)][1:]
    for step in parents:
        at = at[step]
    del at[last]


def verdicts(world: World, manifests: list[Manifest], profile: CNIProfile, unread: Any) -> dict[str, bool | None]:
    snapshot = cluster(*manifests, unread=unread)
    compiled = compile_policies(snapshot)
    flows = (flow(snapshot, *ends, port) for ends in permutations(world.ends, 2) for port in ASKED)
    return {str(one): decide(compiled, one, profile).allowed for one in flows}


def agree(world: World, profile: CNIProfile, unread: tuple[tuple[str, str], ...] = ()) -> None:
    snapshot = cluster(*world.manifests, unread=unread)
    answers = lint(compile_policies(snapshot), profile, [Query.REDUNDANCY])
    named = [answer.ref for answer in answers if isinstance(answer, Finding) and answer.ref]
    left = without(world.manifests, named, snapshot)
    assert verdicts(world, left, profile, unread) == verdicts(world, world.manifests, profile, unread), named


relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@relaxed
@given(worlds(st.lists(network_policies, min_size=2, max_size=5)), st.sampled_from((CALICO, CILIUM)))
def test_redundant_parts_of_network_policies_change_no_verdict(world: World, profile: CNIProfile) -> None:
    agree(world, profile)


@relaxed
@given(worlds(of_every_tier()), st.tuples(st.sampled_from(UNREAD), st.sampled_from(("", "a"))) | st.none())
def test_redundant_parts_of_all_tiers_change_no_verdict(world: World, unread: tuple[str, str] | None) -> None:
    agree(world, CALICO, (unread,) if unread else ())
