"""Requests on connections that are allowed: patterns add up, plain rules void them, and a refusal is no drop."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.model.errors import InputError
from netdoctor.policy.decide import decide
from netdoctor.policy.profile import profile_for
from netdoctor.policy.requests import (
    Request,
    RequestVerdict,
    dns_request,
    http_request,
    limiting_rules,
    request_verdict,
)
from tests.policy.cilium.worlds import compiled, flow, policy

PROFILE = profile_for("cilium")
API = {"matchLabels": {"app": "api"}}
WEB = {"matchLabels": {"app": "web"}}


def ports(*http: dict[str, Any], **other: Any) -> list[dict[str, Any]]:
    rules = {"rules": other or {"http": [*http]}} if http or other else {}
    return [{"ports": [{"port": "80", "protocol": "TCP"}], **rules}]


def ingress(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return policy({"endpointSelector": API, "ingress": [*rules], **more}, name=f"p{len(str(rules))}")


def answer(documents: list[dict[str, Any]], request: Request, to: str = "shop/api", port: int = 80) -> RequestVerdict:
    policies = compiled(documents)
    asked = flow(policies, "shop/web", to, port, "UDP" if port == 53 else "TCP")
    assert decide(policies, asked, PROFILE).allowed is True  # whatever is refused, the connection is not
    return request_verdict(policies, asked, request, PROFILE)


def passes(documents: list[dict[str, Any]], text: str, *headers: str) -> bool | None:
    return answer(documents, http_request(text, headers)).allowed


COURSE = ingress({"fromEndpoints": [WEB], "toPorts": ports({"method": "GET", "path": "/api/v1/.*"})})


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("GET /api/v1/users", True),
        ("/api/v1/users", True),
        ("GET http://api.shop/api/v1/users?page=2", True),
        ("POST /api/v1/users", False),
        ("GET /admin/api/v1/users", False),
        ("GET /api/v1", False),
        ("GETS /api/v1/users", False),
        ("get /api/v1/users", False),
    ],
)
def test_the_course_example_is_anchored_at_both_ends(text: str, *, allowed: bool) -> None:
    assert passes([COURSE], text) is allowed


def test_a_refusal_names_side_rule_and_what_misses() -> None:
    found = answer([COURSE], http_request("POST /api/v1/users"))
    assert (found.direction, [ref.path for ref in found.rules]) == ("Ingress", ["spec.ingress[0]"])
    assert found.because == "spec.ingress[0].toPorts[0].rules.http[0] wants method GET, found POST"


def test_a_path_without_wildcard_does_not_admit_a_query() -> None:
    exact = [ingress({"toPorts": ports({"path": "/public"})})]
    assert (passes(exact, "GET /public"), passes(exact, "GET /public?x=1")) == (True, False)


def test_rules_of_several_policies_for_a_port_add_up() -> None:
    more = policy({"endpointSelector": API, "ingress": [{"toPorts": ports({"method": "POST"})}]}, "")
    assert passes([COURSE, more], "POST /x") is True
    assert passes([COURSE, more], "GET /api/v1/x") is True
    assert passes([COURSE, more], "PUT /api/v1/x") is False


KUBERNETES: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "k", "namespace": "shop"},
    "spec": {"podSelector": API, "ingress": [{"ports": [{"port": 80}]}]},
}


@pytest.mark.parametrize(
    "plain",
    [ingress({"toPorts": ports()}), ingress({"fromEndpoints": [{}]}), KUBERNETES],
    ids=["same-port", "every-port", "NetworkPolicy"],
)
def test_a_plain_rule_for_the_port_voids_patterns(plain: dict[str, Any]) -> None:
    assert passes([COURSE, plain], "POST /x") is True
    assert limiting_rules(compiled([COURSE, plain]), flow(compiled([]), "shop/web", "shop/api", 80), PROFILE) == ()


def test_a_plain_rule_for_others_or_another_port_does_not() -> None:
    others = ingress({"fromEntities": ["world"]}, {"toPorts": [{"ports": [{"port": "81"}]}]})
    assert passes([COURSE, others], "POST /x") is False


def test_an_empty_list_of_patterns_admits_all() -> None:
    assert passes([ingress({"toPorts": ports(http=[])})], "POST /x") is True
    assert passes([ingress({"toPorts": ports({})})], "POST /x") is True


def test_where_default_deny_is_off_requests_are_only_seen() -> None:
    seen = ingress({"toPorts": ports({"method": "GET"})}, enableDefaultDeny={"ingress": False})
    assert passes([seen], "POST /x") is True


@pytest.mark.parametrize(
    ("pattern", "headers", "allowed"),
    [
        ({"headers": ["X-My-Header: true"]}, ["X-My-Header: true"], True),
        ({"headers": ["X-My-Header true"]}, ["x-my-header: true"], True),
        ({"headers": ["X-My-Header: true"]}, ["X-My-Header: false"], False),
        ({"headers": ["X-My-Header"]}, ["X-My-Header: any"], True),
        ({"headers": ["X-My-Header"]}, [], False),
        ({"headerMatches": [{"name": "A", "value": "b"}]}, ["A: b"], True),
        ({"headerMatches": [{"name": "A", "value": "b"}]}, ["A: c"], False),
        ({"headerMatches": [{"name": "A", "value": "b", "mismatch": "LOG"}]}, [], True),
        ({"headerMatches": [{"name": "A", "secret": {"name": "s"}}]}, ["A: b"], None),
        ({"host": "api[.]shop"}, ["Host: api.shop"], True),
        ({"host": "api[.]shop"}, ["Host: apixshop"], False),
        ({"host": "api[.]shop"}, [], None),
        ({"path": "(?i)/x"}, [], None),
    ],
)
def test_headers_and_hosts(pattern: dict[str, Any], headers: list[str], *, allowed: bool | None) -> None:
    assert passes([ingress({"toPorts": ports(pattern)})], "GET /x", *headers) is allowed


def test_egress_refuses_too() -> None:
    out = policy({"endpointSelector": WEB, "egress": [{"toPorts": ports({"method": "GET"})}]})
    found = answer([out], http_request("POST /x"))
    assert (found.allowed, found.direction) == (False, "Egress")


def test_rules_of_another_protocol_leave_it_open() -> None:
    kafka = [ingress({"toPorts": ports(kafka=[{"topic": "a"}])})]
    assert passes(kafka, "GET /x") is None


@pytest.mark.parametrize(
    ("rule", "name", "allowed"),
    [
        ({"matchName": "cilium.io"}, "cilium.io", True),
        ({"matchName": "Cilium.io."}, "CILIUM.io.", True),
        ({"matchName": "cilium.io"}, "sub.cilium.io", False),
        ({"matchPattern": "*.cilium.io"}, "sub.cilium.io", True),
        ({"matchPattern": "*.cilium.io"}, "cilium.io", False),
        ({"matchPattern": "*.cilium.io"}, "sub.sub.cilium.io", False),
        ({"matchPattern": "part*ial.com"}, "partial.com", True),
        ({"matchPattern": "part*ial.com"}, "part-extra-ial.com", True),
        ({"matchPattern": "part*ial.com"}, "part.ial.com", False),
        ({"matchPattern": "*"}, "any.thing.at.all", True),
        ({"matchPattern": "**.cilium.io"}, "test.app.cilium.io", True),
        ({"matchPattern": "**.cilium.io"}, "app.cilium.io", True),
        ({"matchPattern": "**.cilium.io"}, "cilium.io", False),
        ({}, "cilium.io", False),
    ],
)
def test_names_and_patterns_of_dns(rule: dict[str, str], name: str, *, allowed: bool) -> None:
    to = [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [rule]}}]
    out = policy({"endpointSelector": WEB, "egress": [{"toEntities": ["cluster"], "toPorts": to}]})
    assert answer([out], dns_request(name), "db/pg", 53).allowed is allowed


@pytest.mark.parametrize("text", ["", "GET", "GET users", "G3T /x", "GET /a b", "GET http://[x"])
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(InputError):
        http_request(text)


@pytest.mark.parametrize("name", ["", ".", "a b", "a" * 300])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InputError):
        dns_request(name)


def test_a_header_has_a_name() -> None:
    with pytest.raises(InputError):
        http_request("GET /", ["nothing"])
