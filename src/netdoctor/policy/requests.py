"""What rules make of a request once its connection is admitted: it passes, or its sender is told that it may not.

The patterns of all rules for the port add up, and a rule without patterns, for this port or for all, voids them. A
request that none admits is answered 403 (HTTP) or REFUSED (DNS); nothing is dropped.
Source: "Layer 7 Policies" of Cilium's documentation; pkg/fqdn/matchpattern in cilium/cilium for names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.evaluate import Asked, matching
from netdoctor.policy.flow import Flow
from netdoctor.policy.l7 import DNSPattern, HTTPPattern
from netdoctor.policy.patterns import PatternTooHardError, compile_pattern
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Action, Direction, Rule, Tier

ANSWERS: Mapping[str, str] = {"http": "403", "dns": "REFUSED"}
_LABEL = "[-a-zA-Z0-9_]"
_LABELS = f"({_LABEL}+([.]{_LABEL}+)*)[.]"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, or a question for a name. `host` is empty where it is not said; header names are lower-case."""

    protocol: Literal["http", "dns"]
    text: str
    method: str = ""
    path: str = ""
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class RequestVerdict:
    """`allowed` is None where it cannot be known.

    Attributes:
        direction: of the side that refuses, or is not known; None where both admit it.
        rules: the pattern that admits it, the last of both sides'; or the rules whose patterns do not.
        because: why, where it is not admitted.
    """

    allowed: bool | None
    direction: Direction | None = None
    rules: tuple[ObjectRef, ...] = ()
    because: str = ""


def http_request(text: str, headers: Iterable[str] = ()) -> Request:
    """`GET /path`, `GET http://host/path`, or a path alone. Raises InputError."""
    method, space, target = text.strip().partition(" ")
    if not space:
        method, target = "GET", method
    try:
        url = urlsplit(target.strip())
    except ValueError as error:
        raise InputError(f"--http {text}: {error}") from error
    path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
    if not target.strip() or not path.startswith("/") or " " in path or not method.isalpha():
        raise InputError(f"--http {text}: no request", hint='such as "GET /api/v1/users" or "GET http://api/users"')
    given = [_header(one) for one in headers]
    host = url.netloc or dict(given).get("host", "")
    return Request("http", f"{method} {target.strip()}", method, path, host, dict(given))


def dns_request(name: str) -> Request:
    """A question for a name. Raises InputError."""
    plain = name.strip().rstrip(".").lower()
    if not plain or any(c.isspace() for c in plain) or len(plain) > 253:
        raise InputError(f"--dns {name}: no name")
    return Request("dns", plain, name=f"{plain}.")


def request_verdict(policies: CompiledPolicies, flow: Flow, request: Request, profile: CNIProfile) -> RequestVerdict:
    """What becomes of a request on a connection that policies allow."""
    admitted = RequestVerdict(allowed=True)
    unknown: RequestVerdict | None = None
    for direction in (Direction.EGRESS, Direction.INGRESS):
        found = _side(_limits(policies, flow, direction, profile), request, direction)
        if found.allowed is False:
            return found
        if found.allowed is None:
            unknown = unknown or found
        elif found.rules:
            admitted = found
    return unknown or admitted


def limiting_rules(policies: CompiledPolicies, flow: Flow, profile: CNIProfile) -> tuple[Rule, ...]:
    """The rules whose patterns decide about the requests on a connection; none where all requests pass."""
    found = (_limits(policies, flow, direction, profile) for direction in Direction)
    return tuple(rule for one in found if one.surely for rule in one.rules)


@dataclass(frozen=True, slots=True)
class _Limits:
    """The rules with patterns on one side. `surely`: no rule without patterns may void them, and each matches."""

    rules: tuple[Rule, ...] = ()
    surely: bool = True


def _limits(policies: CompiledPolicies, flow: Flow, direction: Direction, profile: CNIProfile) -> _Limits:
    local, remote = flow.ends(direction)
    if not local.selectable or (remote.is_node and remote.node == local.node):
        return _Limits()
    rulesets = [r for r in policies.selecting(local, direction) if r.tier == Tier.NETWORK_POLICY]
    found: list[Rule] = []
    surely = True
    for rule, doubts in matching(rulesets, Asked.of(flow, direction, profile)):
        if rule.action is not Action.ALLOW:
            continue
        surely = surely and not doubts
        if rule.requests is not None and not rule.requests.void:
            found.append(rule)
        elif not doubts:
            return _Limits()
    return _Limits(tuple(found), surely)


def _side(limits: _Limits, request: Request, direction: Direction) -> RequestVerdict:
    if not limits.rules:
        return RequestVerdict(allowed=True)
    open_because = "" if limits.surely else "it is not known which rules apply"
    misses: list[str] = []
    for rule in limits.rules:
        if rule.requests is None or rule.requests.protocol != request.protocol:
            open_because = open_because or f"{rule.ref} is about {rule.requests.protocol if rule.requests else ''}"
            continue
        patterns: tuple[HTTPPattern | DNSPattern, ...] = (*rule.requests.http, *rule.requests.dns)
        for pattern in patterns:
            try:
                missed = _miss(pattern, request)
            except (PatternTooHardError, LookupError) as error:
                open_because = open_because or f"{rule.ref.at(pattern.path)} is not understood: {error}"
                continue
            if not missed and limits.surely:
                return RequestVerdict(True, direction, (rule.ref.at(pattern.path),))
            misses.append(f"{pattern.path} {missed}")
    rules = tuple(dict.fromkeys(rule.ref for rule in limits.rules))
    if open_because:
        return RequestVerdict(None, direction, rules, open_because)
    return RequestVerdict(False, direction, rules, "; ".join(misses))


def _miss(pattern: HTTPPattern | DNSPattern, request: Request) -> str:
    return _http_miss(pattern, request) if isinstance(pattern, HTTPPattern) else _dns_miss(pattern, request)


def _http_miss(pattern: HTTPPattern, request: Request) -> str:
    """What a request lacks; empty if it is described. Raises PatternTooHardError, LookupError (not known)."""
    for what, wanted, given in (
        ("method", pattern.method, request.method),
        ("path", pattern.request_path, request.path),
        ("host", pattern.host, request.host),
    ):
        if not wanted:
            continue
        if what == "host" and not given:
            raise LookupError("it wants a host, and the request names none")
        if not compile_pattern(wanted).matches(given):
            return f"wants {what} {wanted}, found {given}"
    for name, value in pattern.headers:
        found = request.headers.get(name.lower())
        if found is None or (value is not None and found != value):
            wanted = name if value is None else f"{name}: {value}"
            return f"wants header {wanted}, found {'none' if found is None else found}"
    if pattern.secret:
        raise LookupError("it wants a header's value that stands in a Secret")
    return ""


def _dns_miss(pattern: DNSPattern, request: Request) -> str:
    """What a name lacks; empty if it is described. Raises PatternTooHardError."""
    if pattern.name and pattern.name.strip().rstrip(".").lower() == request.name.rstrip("."):
        return ""
    if pattern.pattern and compile_pattern(_expression(pattern.pattern)).matches(request.name):
        return ""
    return f"wants {pattern.name or pattern.pattern or 'nothing'}, found {request.text}"


def _expression(pattern: str) -> str:
    """matchPattern as a regular expression: `*` is part of one label, `**.` before a name any labels, `*` alone all."""
    text = pattern.strip().lower()
    text = text if text.endswith(".") else f"{text}."
    if not text.strip("*."):
        return ".*"
    prefix = ""
    stars = len(text) - len(text.lstrip("*"))
    if stars >= 2 and text[stars] == ".":
        prefix, text = _LABELS, text[stars + 1 :]
    while "**" in text:
        text = text.replace("**", "*")
    escaped = "".join(c if c.isalnum() or c in "-_*." else f"\\{c}" for c in text)
    return prefix + escaped.replace(".", "[.]").replace("*", f"{_LABEL}*")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip()):
        raise InputError(f"--header {text}: not NAME: VALUE")
    return name.strip().lower(), value.strip()
