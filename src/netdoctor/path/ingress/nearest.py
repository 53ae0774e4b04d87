"""The rule that comes nearest to a request that none takes, and what it misses by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from netdoctor.path.ingress.rules import Rule, of_host

_SIMILAR = 0.6  # difflib ratio from which two paths or hosts count as the same one misspelt


@dataclass(frozen=True, slots=True)
class NearestRule:
    """A rule and what it misses by, as a clause: "it is Exact, and …". `path` is a path that it would take."""

    rule: Rule
    because: str
    host: bool = False


def nearest_rule(rules: Sequence[Rule], host: str, path: str) -> NearestRule | None:
    """The nearest of the rules; None where none is similar."""
    own = of_host(rules, host)
    if own:
        judged = [(_path_miss(rule, path), rule) for rule in own]
        (_, because), rule = max(judged, key=lambda one: one[0][0])
        return NearestRule(rule, because)
    hosts = [rule for rule in rules if rule.host]
    if not hosts:
        return None
    judged = [(_host_miss(rule.host, host), rule) for rule in hosts]
    (score, because), rule = max(judged, key=lambda one: one[0][0])
    return NearestRule(rule, because, host=True) if score >= _SIMILAR else None


def related(rule_host: str, host: str) -> bool:
    """Whether a host that no rule has is of a wildcard's domain: whoever asks for it meant the wildcard."""
    domain = rule_host[2:]
    return rule_host.startswith("*.") and (host == domain or host.endswith(f".{domain}"))


def _path_miss(rule: Rule, path: str) -> tuple[float, str]:
    """(how near, what misses)."""
    own = rule.path
    if rule.regex:
        return 0.3, f"its path is the regular expression {own}, which does not match {path}"
    if rule.path_type == "Exact":
        if path.rstrip("/") == own.rstrip("/"):
            which = "has a trailing slash" if path.endswith("/") else "lacks its trailing slash"
            return 1.0, f"its path {own} is Exact, and {path} {which}"
        if path.startswith(f"{own.rstrip('/')}/"):
            return 0.95, f"its path {own} is Exact, and so takes nothing below it; Prefix would"
    if path.lower().startswith(own.lower().rstrip("/")) and not path.startswith(own.rstrip("/")):
        return 0.9, f"its path is {own}: paths are case sensitive"
    if path.startswith(own.rstrip("/")):
        return 0.85, f"its path {own} is a Prefix of whole elements, and the element that {path} has there goes on"
    return SequenceMatcher(None, own, path).ratio() * 0.8, f"its path is {own}, and {path} is not below it"


def _host_miss(rule_host: str, host: str) -> tuple[float, str]:
    if rule_host.startswith("*."):
        domain = rule_host[2:]
        if host == domain:
            return 0.95, f"its host {rule_host} does not take {domain} itself"
        if host.endswith(f".{domain}"):
            return 0.95, f"its host {rule_host} takes one label before {domain} only"
    elif host.endswith(f".{rule_host}") or rule_host.endswith(f".{host}"):
        return 0.9, f"its host is {rule_host}"
    return SequenceMatcher(None, rule_host, host).ratio(), f"its host is {rule_host}"
