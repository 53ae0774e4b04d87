"""Each query with what it finds, and with the look-alike that it must not find."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.linting.finding import Finding
from netdoctor.policy.linting.lint import lint
from netdoctor.policy.linting.query import OF_ONE_SET, Query
from netdoctor.policy.linting.sets import NamedSet, contained, equivalent
from netdoctor.policy.profile import CNIProfile
from tests.policy.clusters import CALICO, admin, baseline, cluster, namespace, pod, policy
from tests.policy.test_matrix import CILIUM

Manifest = dict[str, Any]
PODS = (
    namespace("a", team="red"),
    namespace("b"),
    pod("a/web", "10.0.0.1", {"app": "web"}),
    pod("a/db", "10.0.0.2", {"app": "db"}, ports=[("pg", 5432, "TCP")]),
    pod("a/api", "10.0.0.4", {"app": "api"}),
    pod("b/job", "10.0.0.3", {"app": "job"}),
)
WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
DB = {"podSelector": {"matchLabels": {"app": "db"}}}
EVERYBODY: Manifest = {"podSelector": {}}
ALL_PODS: Manifest = {"namespaces": {}}


def found(
    query: Query, *policies: Manifest, profile: CNIProfile = CALICO, unread: tuple[tuple[str, str], ...] = ()
) -> dict[str, str]:
    """Why, by what is named."""
    answers = lint(compile_policies(cluster(*PODS, *policies, unread=unread)), profile, [query])
    return {str(answer.ref): answer.because for answer in answers if isinstance(answer, Finding)}


def allowing(name: str, *peers: Manifest, to: Manifest = DB, **more: Any) -> Manifest:
    rule = {"from": list(peers), **more}
    return policy(name, **to, policyTypes=["Ingress"], ingress=[rule])


# Redundancy --------------------------------------------------------------------------------------------------


def test_of_two_policies_that_say_the_same_the_later_is_redundant() -> None:
    named = found(Query.REDUNDANCY, allowing("a/one", WEB), allowing("a/two", WEB))
    assert named == {"NetworkPolicy a/two": "NetworkPolicy a/one spec.ingress[0] says the same already"}


def test_a_policy_that_alone_isolates_is_not_redundant_though_its_rules_are() -> None:
    both = [{"from": [EVERYBODY]}, {"from": [WEB]}]
    named = found(Query.REDUNDANCY, policy("a/db", **DB, ingress=both))
    assert named == {"NetworkPolicy a/db spec.ingress[1]": "spec.ingress[0] says the same already"}


def test_a_peer_and_a_port_may_be_redundant_but_never_the_last_of_a_rule() -> None:
    rule: Manifest = {"ports": [{"port": 5432}, {"port": "pg"}]}
    named = found(Query.REDUNDANCY, allowing("a/db", WEB, EVERYBODY, **rule), allowing("a/web", DB, to=WEB))
    assert set(named) == {"NetworkPolicy a/db spec.ingress[0].from[0]", "NetworkPolicy a/db spec.ingress[0].ports[1]"}


def test_an_ip_block_is_redundant_only_where_it_does_not_match_pods() -> None:
    """Under Cilium the block means nobody inside, but still everybody outside; /32 of a pod means nobody at all."""
    pod_address = {"ipBlock": {"cidr": "10.0.0.3/32"}}
    db = allowing("a/db", WEB, pod_address)
    assert found(Query.REDUNDANCY, db) == {}
    assert found(Query.EMPTINESS, db) == {}
    assert set(found(Query.EMPTINESS, db, profile=CILIUM)) == {"NetworkPolicy a/db spec.ingress[0].from[1]"}


def test_a_default_deny_under_which_all_pods_are_isolated_counts_for_pods_to_come() -> None:
    named = found(
        Query.REDUNDANCY,
        policy("a/deny", podSelector={}, policyTypes=["Ingress"]),
        allowing("a/db", WEB),
        allowing("a/web", DB, to=WEB),
        allowing("a/api", DB, to={"podSelector": {"matchLabels": {"app": "api"}}}),
    )
    assert list(named) == ["NetworkPolicy a/deny"]
    assert "pods to come" in named["NetworkPolicy a/deny"]


def test_what_the_other_end_denies_anyway_is_redundant_and_says_so() -> None:
    closed = policy("b/closed", podSelector={}, policyTypes=["Egress"])
    named = found(Query.REDUNDANCY, closed, allowing("a/db", WEB, {"podSelector": {}, "namespaceSelector": {}}))
    assert named == {"NetworkPolicy a/db spec.ingress[0].from[0]": "spec.ingress[0] says the same already"}
    only_job = {"podSelector": {}, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}}}
    named = found(Query.REDUNDANCY, closed, allowing("a/db", WEB, only_job))
    assert "the other end deny" in named["NetworkPolicy a/db spec.ingress[0].from[1]"]


def test_a_direction_that_changes_nothing_is_told_by_policy_types() -> None:
    isolated = policy("a/all", podSelector={}, policyTypes=["Egress"])
    both = policy("a/zz", **WEB, policyTypes=["Ingress", "Egress"])
    assert set(found(Query.REDUNDANCY, isolated, both)) == {"NetworkPolicy a/zz spec.policyTypes[1]"}


def test_a_rule_behind_one_that_decides_the_same_flows_is_redundant() -> None:
    rules = [{"action": "Deny", "from": [ALL_PODS]}, {"action": "Allow", "from": [{"namespaces": {"matchLabels": {}}}]}]
    named = found(Query.REDUNDANCY, admin("first", 1, ingress=rules))
    assert named == {"AdminNetworkPolicy first spec.ingress[1]": "spec.ingress[0] says the same already"}
    reversed_ = found(Query.REDUNDANCY, admin("first", 1, ingress=rules[::-1]), baseline(ingress=rules[:1]))
    assert set(reversed_) == {"AdminNetworkPolicy first spec.ingress[1]", "BaselineAdminNetworkPolicy default"}


def test_a_pass_without_network_policy_or_baseline_after_it_is_redundant() -> None:
    passing = admin("pass", 1, ingress=[{"action": "Pass", "from": [ALL_PODS]}])
    assert set(found(Query.REDUNDANCY, passing)) == {"AdminNetworkPolicy pass"}
    denying = admin("zz", 2, ingress=[{"action": "Deny", "from": [ALL_PODS]}])
    assert found(Query.REDUNDANCY, passing, denying)["AdminNetworkPolicy zz"]
    assert "AdminNetworkPolicy pass" not in found(Query.REDUNDANCY, passing, denying)


def test_what_depends_on_unread_labels_is_not_judged() -> None:
    red = {"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "red"}}}
    twins = allowing("a/one", red), allowing("a/two", red)
    assert set(found(Query.REDUNDANCY, *twins)) == {"NetworkPolicy a/two"}
    assert found(Query.REDUNDANCY, *twins, unread=(("Namespace", "b"),)) == {}
    answers = lint(compile_policies(cluster(*PODS, *twins, unread=(("Namespace", "b"),))), CALICO, [Query.REDUNDANCY])
    assert {str(answer.ref) for answer in answers} == {"NetworkPolicy a/one", "NetworkPolicy a/two"}


def test_with_a_policy_that_is_not_understood_no_isolation_is_redundant() -> None:
    invalid = policy("a/bad", podSelector={}, ingress=[{"ports": [{"port": 70000}]}])
    deny = policy("a/deny", podSelector={}, policyTypes=["Ingress"])
    answers = lint(compile_policies(cluster(*PODS, invalid, deny)), CALICO, [Query.REDUNDANCY])
    assert [answer for answer in answers if isinstance(answer, Finding)] == []
    assert "NetworkPolicy a/bad spec.ingress[0].ports[0].port" in {str(answer.ref) for answer in answers}


# Emptiness ---------------------------------------------------------------------------------------------------


def test_a_policy_that_selects_no_pod_names_the_label_that_is_probably_meant() -> None:
    named = found(Query.EMPTINESS, policy("a/typo", podSelector={"matchLabels": {"app": "wbe"}}))
    assert named == {
        "NetworkPolicy a/typo": "it selects no pod: no pod in namespace a has app=wbe (but there is app=web)"
    }
    assert found(Query.EMPTINESS, policy("a/ok", podSelector={"matchExpressions": [_not_in("wbe")]})) == {}


def _not_in(*values: str) -> Manifest:
    return {"key": "app", "operator": "NotIn", "values": values}


def test_pods_on_the_host_network_are_selected_by_none() -> None:
    host = pod("b/agent", "172.18.0.2", {"app": "agent"}, hostNetwork=True)
    on_host = policy("b/agent", podSelector={"matchLabels": {"app": "agent"}})
    named = found(Query.EMPTINESS, host, on_host)
    assert "host network" in named["NetworkPolicy b/agent"]


def test_a_rule_whose_only_peer_matches_nobody_is_named_as_a_whole() -> None:
    nobody = {"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "blue"}}}
    named = found(Query.EMPTINESS, allowing("a/db", nobody), allowing("a/web", nobody, DB, to=WEB))
    assert set(named) == {"NetworkPolicy a/db spec.ingress[0]", "NetworkPolicy a/web spec.ingress[0].from[0]"}
    assert "no namespace has team=blue" in named["NetworkPolicy a/db spec.ingress[0]"]


@pytest.mark.parametrize(
    ("port", "to", "empty"),
    [
        ({"port": "pg"}, DB, False),
        ({"port": "pg", "protocol": "UDP"}, DB, True),  # by name and protocol
        ({"port": "pg"}, WEB, True),  # declared, but not by the pods that are selected
        ({"port": 5432}, WEB, False),  # whether anybody listens on a number, no object tells
    ],
)
def test_a_named_port_must_be_declared_by_whom_the_rule_is_about(port: Manifest, to: Manifest, empty: bool) -> None:
    named = found(Query.EMPTINESS, allowing("a/p", EVERYBODY, to=to, ports=[port]))
    assert set(named) == ({"NetworkPolicy a/p spec.ingress[0]"} if empty else set())


def test_in_egress_the_named_port_is_that_of_the_peers() -> None:
    rule = {"to": [DB], "ports": [{"port": "pg"}]}
    assert found(Query.EMPTINESS, policy("a/out", **WEB, egress=[rule], policyTypes=["Egress"])) == {}
    rule = {"to": [WEB], "ports": [{"port": "pg"}]}
    assert found(Query.EMPTINESS, policy("a/out", **WEB, egress=[rule], policyTypes=["Egress"]))


def test_without_the_pods_nothing_is_empty() -> None:
    typo = policy("a/typo", podSelector={"matchLabels": {"app": "wbe"}})
    assert found(Query.EMPTINESS, typo, unread=(("Pod", "a"),)) == {}


# Vacuity -----------------------------------------------------------------------------------------------------


def test_policies_that_together_allow_everything_are_vacuous() -> None:
    everything = policy("a/all", podSelector={}, ingress=[{}], policyTypes=["Ingress"])
    deny = policy("a/deny", podSelector={}, policyTypes=["Ingress"])
    assert list(found(Query.VACUITY, deny)) == []
    assert "all 2 policies together deny nothing" in found(Query.VACUITY, deny, everything)["None"]
    assert found(Query.VACUITY, deny, {**everything, "metadata": {"name": "all", "namespace": "b"}}) == {}


def test_denials_that_never_bite_are_vacuous() -> None:
    deny = admin("zz", 5, ingress=[{"action": "Deny", "from": [ALL_PODS]}])
    before = admin("aa", 1, ingress=[{"action": "Allow", "from": [ALL_PODS]}])
    isolated = policy("b/isolated", podSelector={}, policyTypes=["Egress"])
    assert "no rule with action Deny denies anything" in found(Query.VACUITY, deny, before, isolated)["None"]
    assert found(Query.VACUITY, deny, isolated) == {}


# Disjointness ------------------------------------------------------------------------------------------------


def test_policies_that_select_a_common_pod_in_one_direction() -> None:
    named = found(Query.DISJOINTNESS, allowing("a/one", WEB), policy("a/two", podSelector={}))
    assert named == {
        "NetworkPolicy a/one spec.podSelector": "for ingress it selects pods that NetworkPolicy a/two select too: "
        "Pod a/db, for one"
    }
    egress = policy("a/two", podSelector={}, policyTypes=["Egress"])
    assert found(Query.DISJOINTNESS, allowing("a/one", WEB), egress) == {}
    assert found(Query.DISJOINTNESS, allowing("a/one", WEB), allowing("a/two", WEB, to=WEB)) == {}


# Two sets ----------------------------------------------------------------------------------------------------


def _set(name: str, *policies: Manifest, unread: tuple[tuple[str, str], ...] = ()) -> NamedSet:
    return NamedSet(compile_policies(cluster(*PODS, *policies, unread=unread)), name)


def test_containment_holds_one_way_only() -> None:
    narrow, wide = _set("narrow", allowing("a/db", WEB, ports=[{"port": 5432}])), _set("wide", allowing("a/db", WEB))
    assert list(contained(narrow, wide, CALICO)) == []
    (answer,) = contained(wide, narrow, CALICO)
    assert isinstance(answer, Finding)
    assert answer.because == ("wide allows, and narrow does not: Pod a/web → Pod a/db every port but 5432/TCP")
    assert len(list(equivalent(narrow, wide, CALICO))) == 1


def test_sets_that_are_written_differently_may_be_equivalent() -> None:
    by_label = _set("one", allowing("a/db", WEB))
    by_exclusion = _set("two", allowing("a/db", {"podSelector": {"matchExpressions": [_not_in("db", "api")]}}))
    assert list(equivalent(by_label, by_exclusion, CALICO)) == []


def test_containment_that_depends_on_unread_labels_is_neither_found_nor_held() -> None:
    red = {"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "red"}}}
    unread = (("Namespace", "b"),)
    answers = list(
        contained(_set("x", allowing("a/db", red), unread=unread), _set("y", allowing("a/db", EVERYBODY)), CALICO)
    )
    assert [isinstance(answer, Finding) for answer in answers] == [False]


def test_only_the_policies_of_a_namespace_are_asked_about_but_all_count() -> None:
    snapshot: Snapshot = cluster(*PODS, allowing("a/one", WEB), allowing("a/two", WEB), policy("b/typo", **WEB))
    answers = lint(compile_policies(snapshot), CALICO, OF_ONE_SET, "b")
    assert {str(answer.ref) for answer in answers} == {"NetworkPolicy b/typo"}
