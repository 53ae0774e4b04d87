"""The difference of two states against deciding every pair of ends one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows
from netdoctor.policy.diff import Comparison, Difference, Party, difference
from netdoctor.policy.effect import effects
from netdoctor.policy.flow import Endpoint, Flow, pod_endpoint, virtual_pod
from netdoctor.policy.matrix import Matrix
from netdoctor.policy.rules import PROTOCOLS, Protocol
from netdoctor.policy.selection import numbers
from tests.policy.clusters import CALICO, cluster, namespace, pod, policy
from tests.policy.test_property import NAMESPACES, POD_IPS, labels, pods, specs

Manifest = dict[str, Any]


def every_change(found: Difference) -> set[tuple[str, str, str, bool]]:
    """(source, destination, port, opened) of every pair and every range of ports, by its first port."""
    return {
        (found.parties[source].name, found.parties[change.destination].name, f"{first}/{protocol}", change.opened)
        for change in found.changes()
        for source in numbers(change.sources)
        for protocol, first, _ in _atoms(found.after, change.ports)
    }


def _atoms(of: Matrix, mask: int) -> list[tuple[str, int, int]]:
    return [found for number in numbers(mask) for found in of.ports.ranges(1 << number)]


def decided(found: Difference) -> set[tuple[str, str, str, bool]]:
    """The same, from single decisions."""
    changes = set()
    for s, source in enumerate(found.parties):
        for d, destination in enumerate(found.parties):
            if s == d or not (source.inside or destination.inside):
                continue
            for protocol, first, _ in _atoms(found.after, found.after.ports.everything):
                was, now = (
                    allows(of.policies, Flow(_end(of, source), _end(of, destination), _known(protocol), first), CALICO)
                    for of in (found.before, found.after)
                )
                if was != now:
                    changes.add((source.name, destination.name, f"{first}/{protocol}", now))
    return changes


def _end(of: Matrix, party: Party) -> Endpoint:
    """The very pod: another one may be the first of its class."""
    snapshot = of.policies.snapshot
    pod = next((pod for pod in snapshot.pods if str(pod.ref) == party.name), None)
    return pod_endpoint(pod, snapshot) if pod else next(c.end for c in of.classes if c.name == party.name)


def _known(protocol: str) -> Protocol:
    return next(one for one in PROTOCOLS if one == protocol)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    old=st.tuples(labels, labels),
    new=st.tuples(labels, labels) | st.none(),
    pods=pods,
    ips=st.permutations(POD_IPS),
    policies=st.lists(st.tuples(st.sampled_from(NAMESPACES), specs), min_size=1, max_size=4),
    same_pods=st.booleans(),
)
def test_opened_and_closed_flows_are_those_of_every_pair(
    old: tuple[dict[str, str], ...],
    new: tuple[dict[str, str], ...] | None,
    pods: list[tuple[str, dict[str, str], list[tuple[str, int, str]]]],
    ips: list[str],
    policies: list[tuple[str, Manifest]],
    same_pods: bool,
) -> None:
    def spaces(chosen: tuple[dict[str, str], ...]) -> list[Manifest]:
        return [namespace(name, **given) for name, given in zip(NAMESPACES, chosen, strict=True)]

    running = [pod(f"{where}/p{n}", ips[n], has, ports=ports) for n, (where, has, ports) in enumerate(pods)]
    written = [policy(f"{where}/p{n}", **spec) for n, (where, spec) in enumerate(policies)]
    before = compile_policies(cluster(*spaces(old), *running, *written[1:]))
    after = compile_policies(cluster(*spaces(old if new is None else new), *running, *written))
    found = Comparison(before, [after], CALICO).with_(after, same_pods=same_pods)
    expected = decided(difference(before, after, CALICO))
    assert every_change(found) == expected
    first = pod_endpoint(before.snapshot.pods[0], before.snapshot)
    (told,) = effects(before, [after], Flow(first, first, "TCP", 80), CALICO)
    assert {line.partition(" → ")[0] for line in (*told.opens, *told.closes)} == {change[0] for change in expected}


def _deny(where: str) -> Manifest:
    return policy(f"{where}/deny", policyTypes=["Ingress"])


def lines(before: Snapshot, after: Snapshot) -> set[str]:
    found = difference(compile_policies(before), compile_policies(after), CALICO)
    return {
        f"{'+' if change.opened else '-'} {found.parties[source].name} → {found.parties[change.destination].name} "
        f"{found.ports_text(change.ports)}"
        for change in found.changes()
        for source in numbers(change.sources)
    }


def test_a_pod_that_comes_opens_its_flows_and_one_that_goes_closes_them() -> None:
    old, new = pod("a/old", "10.0.0.1", {"app": "x"}), pod("a/new", "10.0.0.2", {"app": "y"})
    assert lines(cluster(old, pod("a/z", "10.0.0.3")), cluster(new, pod("a/z", "10.0.0.3"), _deny("a"))) == {
        "- Pod a/old → Pod a/z every port",
        "- Pod a/z → Pod a/old every port",
        "- Pod a/old → outside the cluster every port",
        "- outside the cluster → Pod a/old every port",
        "+ Pod a/new → outside the cluster every port",
        "- outside the cluster → Pod a/z every port",
    }


def test_a_pod_to_be_counts_where_none_is_like_it() -> None:
    web = pod("a/web", "10.0.0.1", {"app": "web"})
    allowing = policy("a/deny", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}]}])
    before, after = (compile_policies(cluster(web, written)) for written in (_deny("a"), allowing))
    destination = pod_endpoint(web_of(before.snapshot), before.snapshot)
    probe = virtual_pod("a", {"app": "probe"}, before.snapshot)
    (told,) = effects(before, [after], Flow(probe, destination, "TCP", 80), CALICO)
    assert told.opens == (
        "Pod a/web → a/probe every port",
        "a/probe → Pod a/web every port",
    )
    twin = virtual_pod("a", {"app": "web"}, before.snapshot, name="twin")
    (told,) = effects(before, [after], Flow(twin, destination, "TCP", 80), CALICO)
    assert told.opens == ()


def web_of(snapshot: Snapshot) -> Any:
    return snapshot.get("Pod", "a", "web")
