"""Rules as the API and ingress-nginx read them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from netdoctor.cluster.decode import convert
from netdoctor.cluster.objects import Ingress
from netdoctor.model.errors import InputError
from netdoctor.path.ingress.nearest import nearest_rule, related
from netdoctor.path.ingress.rules import Rule, examples, match, rules_of


def _ingress(*rules: tuple[str, str, str], annotations: dict[str, str] | None = None, **spec: Any) -> Ingress:
    """An Ingress with rules of (host, path, pathType), each leading to a Service called as its path."""
    listed = [
        {"host": host, "http": {"paths": [{"path": path, "pathType": kind, "backend": {"service": {"name": path}}}]}}
        for host, path, kind in rules
    ]
    document = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop", "annotations": annotations or {}},
        "spec": {"rules": listed, **spec},
    }
    found = convert(document)
    assert isinstance(found, Ingress)
    return found


def _rules(*rules: tuple[str, str, str], **more: Any) -> tuple[Rule, ...]:
    return rules_of(_ingress(*rules, **more))


def _taken(rules: tuple[Rule, ...], host: str, path: str) -> str | None:
    rule = match(rules, host, path)
    if rule is None:
        return None
    return rule.where if rule.default else f"{rule.host}{rule.path} {rule.path_type}"


# The table of https://kubernetes.io/docs/concepts/services-networking/ingress/#examples
@pytest.mark.parametrize(
    ("kind", "path", "asked", "takes"),
    [
        ("Prefix", "/", "/any/path", True),
        ("Exact", "/foo", "/foo", True),
        ("Exact", "/foo", "/bar", False),
        ("Exact", "/foo", "/foo/", False),
        ("Exact", "/foo/", "/foo", False),
        ("Prefix", "/foo", "/foo/", True),
        ("Prefix", "/foo/", "/foo", True),
        ("Prefix", "/aaa/bb", "/aaa/bbb", False),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbbxyz", False),
        ("Prefix", "/api", "/API", False),
    ],
)
def test_a_path_is_taken_as_its_type_says(kind: str, path: str, asked: str, takes: bool) -> None:
    assert (match(_rules(("a.example", path, kind)), "a.example", asked) is not None) is takes


def test_the_longest_path_counts_and_exact_before_prefix() -> None:
    rules = _rules(("a.example", "/", "Prefix"), ("a.example", "/api", "Prefix"), ("a.example", "/api", "Exact"))
    assert _taken(rules, "a.example", "/api") == "a.example/api Exact"
    assert _taken(rules, "A.example", "/api/x") == "a.example/api Prefix"
    assert _taken(rules, "a.example", "/apis") == "a.example/ Prefix"


def test_a_host_comes_before_its_wildcard_which_is_of_one_label() -> None:
    rules = _rules(("*.a.example", "/", "Prefix"), ("api.a.example", "/v1", "Prefix"), ("", "/all", "Prefix"))
    assert _taken(rules, "web.a.example", "/") == "*.a.example/ Prefix"
    assert _taken(rules, "api.a.example", "/") is None, "the host's own rules are all that count for it"
    assert _taken(rules, "x.web.a.example", "/") is None
    assert _taken(rules, "x.web.a.example", "/all") == "/all Prefix"


def test_the_default_backend_has_what_is_left() -> None:
    rules = _rules(("a.example", "/api", "Exact"), defaultBackend={"service": {"name": "rest"}})
    assert _taken(rules, "a.example", "/other") == "spec.defaultBackend"
    assert _taken(rules, "b.example", "/") == "spec.defaultBackend"


_NGINX = "nginx.ingress.kubernetes.io"


def test_a_regular_expression_is_one_only_where_an_annotation_says_so() -> None:
    rule = ("a.example", "/api(/|$)(.*)", "ImplementationSpecific")
    assert _taken(_rules(rule), "a.example", "/api/x") is None
    rewritten = _rules(rule, annotations={f"{_NGINX}/rewrite-target": "/$2"})
    assert rewritten[0].takes("/api/x")
    assert rewritten[0].asked_of_backend("/api/x/y") == "/x/y"
    assert [path for _, path in examples(rewritten[0])][:2] == ["/api", "/api/"]
    assert not rewritten[0].takes("/apix")


def test_a_rewrite_that_cannot_be_followed_is_not_guessed() -> None:
    plain = _rules(("a.example", "/api", "Prefix"), annotations={f"{_NGINX}/rewrite-target": "/$1"})
    assert plain[0].asked_of_backend("/api") is None


def test_an_expression_that_could_take_for_ever_is_not_tried() -> None:
    evil = "/(a+)+$"
    rules = _rules(("a.example", evil, "ImplementationSpecific"), annotations={f"{_NGINX}/use-regex": "true"})
    begun = time.monotonic()
    assert not rules[0].takes("/" + "a" * 100 + "!")
    assert not rules[0].readable
    assert time.monotonic() - begun < 1
    broken = _rules(("a.example", "/(", "ImplementationSpecific"), annotations={f"{_NGINX}/use-regex": "true"})
    assert list(examples(broken[0])) == []


@pytest.mark.parametrize(
    ("kind", "path", "asked", "why"),
    [
        ("Exact", "/api", "/api/", "trailing slash"),
        ("Exact", "/api/", "/api", "lacks its trailing slash"),
        ("Exact", "/api", "/api/x", "Exact"),
        ("Prefix", "/api", "/apis", "whole elements"),
        ("Prefix", "/api", "/API/x", "case sensitive"),
        ("Prefix", "/api", "/other", "not below it"),
    ],
)
def test_what_the_nearest_rule_misses_by(kind: str, path: str, asked: str, why: str) -> None:
    found = nearest_rule(_rules(("a.example", path, kind), ("a.example", "/zzz", "Exact")), "a.example", asked)
    assert found is not None
    assert found.rule.path == path
    assert why in found.because


def test_a_wildcards_domain_is_related_to_it_and_other_hosts_are_not() -> None:
    assert related("*.a.example", "a.example")
    assert related("*.a.example", "x.y.a.example")
    assert not related("*.a.example", "nota.example")
    assert not related("a.example", "www.a.example")
    found = nearest_rule(_rules(("*.a.example", "/", "Prefix")), "x.y.a.example", "/")
    assert found is not None
    assert found.host
    assert "one label" in found.because


def test_an_ingress_that_no_api_server_accepts_is_one_line() -> None:
    with pytest.raises(InputError, match="Ingress shop/shop"):
        rules_of(_ingress(defaultBackend={"service": "x"}))
