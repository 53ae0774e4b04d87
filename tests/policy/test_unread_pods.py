"""Addresses of pods that could not be read: what policies say of them is not known, whatever selectors ask for."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.case import Case
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import allows, decide
from netdoctor.policy.flow import Flow, ip_endpoint, pod_endpoint
from netdoctor.policy.port_match import admits_port, named_port_misses
from netdoctor.policy.profile import profile_for
from tests.diagnosis.builders import api, cluster, cluster_dns, codes, examine, pod, policy, web

Unreads = tuple[Unread, ...]
UNREAD: Unreads = (Unread("Pod", "kube-system", "forbidden"),)
DNS = "10.244.2.2"
OUTSIDE = "203.0.113.9"
TO_DNS = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
TO_API = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}


DNS_WITHOUT_PODS = [one for one in cluster_dns(DNS) if one["kind"] != "Pod"]


def from_web(address: str, *rules: dict[str, Any], cni: str = "calico", unread: Unreads = UNREAD) -> bool | None:
    """Whether the egress rules of a pod's only policy allow it to ask an address, where no pod has it."""
    objects = (pod("web", "10.244.1.9", {"app": "web"}), policy("web", {"app": "web"}, egress=[*rules]))
    snapshot = cluster(*objects, dns=DNS_WITHOUT_PODS, unread=unread)
    policies, profile = compile_policies(snapshot, cni=cni), profile_for(cni)
    source = next(one for one in snapshot.pods if one.name == "web")
    flow = Flow(pod_endpoint(source, snapshot), ip_endpoint(address, snapshot), "UDP", 53)
    verdict = decide(policies, flow, profile).allowed
    assert allows(policies, flow, profile) is (verdict is True)
    return verdict


@pytest.mark.parametrize(
    "rule",
    [
        {"to": [TO_DNS]},
        {"to": [{"podSelector": {}}]},
        {"to": [TO_DNS], "ports": [{"port": "dns", "protocol": "UDP"}]},
        {"ports": [{"port": "dns", "protocol": "UDP"}]},
    ],
)
def test_selectors_and_names_of_ports_may_mean_it(rule: dict[str, Any]) -> None:
    assert from_web(DNS, rule) is None
    assert from_web(DNS, rule, unread=()) is False
    assert from_web(OUTSIDE, rule) is False


def port_and_names(*ports: dict[str, Any]) -> tuple[bool, int]:
    """Whether a rule with these ports admits 53/UDP to such an address for certain, and how many names are in doubt."""
    snapshot = cluster(policy("web", {"app": "web"}, egress=[{"ports": [*ports]}]), dns=DNS_WITHOUT_PODS, unread=UNREAD)
    (rule,) = (rule for one in compile_policies(snapshot).rulesets["shop"] for rule in one.rules)
    address = ip_endpoint(DNS, snapshot)
    flow = Flow(address, address, "UDP", 53)
    return admits_port(rule, flow), len(named_port_misses(rule, flow))


def test_a_number_that_matches_needs_no_name() -> None:
    number, name = {"port": 53, "protocol": "UDP"}, {"port": "dns", "protocol": "UDP"}
    assert port_and_names(number, name) == (True, 0)
    assert port_and_names(name) == (False, 1)


def test_what_no_pod_can_change_is_certain() -> None:
    assert from_web(DNS, {"to": [TO_DNS], "ports": [{"port": 54, "protocol": "UDP"}]}) is False
    assert from_web(DNS) is False
    assert from_web(OUTSIDE, {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}) is True


def test_whether_a_block_matches_it_depends_on_what_it_is_where_blocks_see_no_pods() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    assert from_web(DNS, rule, cni="cilium") is None
    assert from_web(DNS, rule, cni="cilium", unread=()) is True


def test_policies_may_select_it() -> None:
    assert from_web(DNS, {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}) is None


def test_no_policy_is_blamed_for_what_is_denied_to_nobody() -> None:
    client = policy("client", {"app": "web"}, egress=[{"to": [TO_DNS]}, TO_API])

    def checked(**how: Any) -> Case:
        return examine(cluster(api(), web(), client, **how), "svc/api", source="deploy/web")

    assert codes(checked(dns=DNS_WITHOUT_PODS, unread=UNREAD)) == codes(checked()) == []
