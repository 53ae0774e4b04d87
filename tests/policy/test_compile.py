"""Policies that an API server would refuse are named with the field, and never decide anything."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.invalid import parse_network
from tests.policy.clusters import Manifest, cluster, policy


def from_(peer: Manifest) -> Manifest:
    return {"ingress": [{"from": [peer]}]}


def port(**entry: Any) -> Manifest:
    return {"egress": [{"ports": [entry]}]}


def expression(**requirement: Any) -> Manifest:
    return {"podSelector": {"matchExpressions": [{"key": "a", **requirement}]}}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"policyTypes": ["ingress"]}, "spec.policyTypes[0]"),
        (expression(operator="In"), "spec.podSelector.matchExpressions[0].values"),
        (expression(operator="Exists", values=["b"]), "spec.podSelector.matchExpressions[0].values"),
        (from_({}), "spec.ingress[0].from[0]"),
        (from_({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}), "spec.ingress[0].from[0]"),
        (from_({"ipBlock": {"cidr": "10.0.0.0"}}), "spec.ingress[0].from[0].ipBlock.cidr"),
        (from_({"ipBlock": {"cidr": "::ffff:10.0.0.0/104"}}), "spec.ingress[0].from[0].ipBlock.cidr"),
        (
            from_({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}),
            "spec.ingress[0].from[0].ipBlock.except[0]",
        ),
        (
            from_({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}),
            "spec.ingress[0].from[0].ipBlock.except[0]",
        ),
        (from_({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["x"]}}), "spec.ingress[0].from[0].ipBlock.except[0]"),
        (port(port=0), "spec.egress[0].ports[0].port"),
        (port(port="not a name"), "spec.egress[0].ports[0].port"),
        (port(protocol="ICMP"), "spec.egress[0].ports[0].protocol"),
        (port(endPort=90), "spec.egress[0].ports[0].endPort"),
        (port(port="http", endPort=90), "spec.egress[0].ports[0].endPort"),
        (port(port=90, endPort=80), "spec.egress[0].ports[0].endPort"),
    ],
)
def test_what_is_wrong_is_reported_with_its_path(spec: Manifest, path: str) -> None:
    compiled = compile_policies(cluster(policy("db/bad", **spec), policy("db/good")))
    assert [ref for ref, _ in compiled.problems] == [ObjectRef("NetworkPolicy", "bad", "db", path)]
    assert [ruleset.policy.name for ruleset in compiled.rulesets["db"]] == ["good"]


@pytest.mark.parametrize(
    ("cidr", "network"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("010.0.0.0/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("fd00::1/16", "fd00::/16"),
    ],
)
def test_cidrs_are_read_as_the_api_server_reads_them(cidr: str, network: str) -> None:
    assert str(parse_network(cidr)) == network


def test_a_reference_into_a_rule_finds_the_rule() -> None:
    rules = [{"ports": [{"port": n}]} for n in range(1, 12)]
    compiled = compile_policies(cluster(policy("db/p", ingress=rules)))
    ref = ObjectRef("NetworkPolicy", "p", "db", "spec.ingress[10].from[1]")
    assert compiled.rule(ref).ports_text == "11/TCP"
    assert compiled.rule(ref.at("spec.ingress[1]")).ports_text == "2/TCP"
    with pytest.raises(KeyError):
        compiled.rule(ref.at("spec.ingress[11]"))
