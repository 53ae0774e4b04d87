"""The rules of Ingresses, and which of them a request takes.

Rules: Kubernetes documentation, Ingress ("Path types", "Multiple matches", "Hostname wildcards"); ingress-nginx user
guide ("Rewrite", "Ingress Path Matching").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from netdoctor.cluster.objects import Ingress
from netdoctor.model.refs import ObjectRef
from netdoctor.path.ingress.shapes import IngressBackend, IngressSpec, spec_of

NGINX = "nginx.ingress.kubernetes.io"
_NGINX_ORG = "nginx.org"
# A cluster's text is untrusted, and a regular expression can take for ever: only harmless ones are tried.
_LONGEST = 256
_MOST_REPEATS = 3
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_NO_LITERAL = re.compile(r"[\\\[\](){}.*+?^$|]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One path of one host, or the default backend, which has what no rule takes.

    Attributes:
        ingress: that it is of.
        where: the field of the Ingress it is (``spec.rules[0].http.paths[1]``).
        host: in lower case; empty for all, and perhaps with a wildcard.
        regex: whether the controller takes the path for a regular expression, not for what its pathType says.
        rewrite: what the controller asks the backend for instead; empty for what it was asked for itself.
    """

    ingress: Ingress
    where: str
    host: str
    path: str
    path_type: str
    backend: IngressBackend
    regex: bool = False
    rewrite: str = ""
    default: bool = False

    @property
    def ref(self) -> ObjectRef:
        """The rule in its Ingress."""
        return self.ingress.ref.at(self.where)

    @property
    def label(self) -> str:
        """`shop.example/api (Exact)`."""
        if self.default:
            return "the default backend"
        how = "regular expression" if self.regex else self.path_type
        return f"{self.host or '*'}{self.path} ({how})"

    @property
    def readable(self) -> bool:
        """Whether it can be told here what the path takes: no regular expression that could take for ever."""
        if not self.regex:
            return True
        path = self.path
        repeats = sum(path.count(one) for one in "*+{")
        return len(path) <= _LONGEST and repeats <= _MOST_REPEATS and not _REPEATED_GROUP.search(path) and _valid(path)

    def takes(self, path: str) -> bool:
        """Whether the rule takes a URL path, never mind the host."""
        if self.regex:
            return self.readable and len(path) <= _LONGEST and bool(re.match(self.path, path, re.IGNORECASE))
        if self.path_type == "Exact":
            return path == self.path
        prefix = self.path.rstrip("/")
        return path == prefix or path.startswith(f"{prefix}/")

    def asked_of_backend(self, path: str) -> str | None:
        """What the controller asks the backend for; None where that is not known here."""
        if not self.rewrite:
            return path
        if "$" not in self.rewrite:
            return self.rewrite
        found = re.match(self.path, path, re.IGNORECASE) if self.regex and self.readable else None
        if found is None:
            return None
        groups = (found[0], *(group or "" for group in found.groups()))
        return re.sub(r"\$(\d)", lambda each: groups[int(each[1])] if int(each[1]) < len(groups) else "", self.rewrite)


def rules_of(ingress: Ingress) -> tuple[Rule, ...]:
    """All rules of an Ingress, the default backend last. Raises InputError."""
    return tuple(_rules(ingress, spec_of(ingress)))


def _rules(ingress: Ingress, spec: IngressSpec) -> Iterator[Rule]:
    annotations = ingress.metadata.annotations
    rewrite = annotations.get(f"{NGINX}/rewrite-target", "")
    regex = bool(rewrite) or annotations.get(f"{NGINX}/use-regex") == "true"
    regex = regex or annotations.get(f"{_NGINX_ORG}/path-regex", "") in ("case_sensitive", "case_insensitive")
    for number, host in enumerate(spec.rules or ()):
        for index, path in enumerate(host.http.paths if host.http else ()):
            where, text = f"spec.rules[{number}].http.paths[{index}]", path.path or "/"
            rule = Rule(ingress, where, host.host.lower(), text, path.path_type, path.backend, rewrite=rewrite)
            expression = regex and rule.path_type != "Exact" and bool(_NO_LITERAL.search(text))
            yield replace(rule, regex=expression)
    if spec.default_backend is not None:
        yield Rule(ingress, "spec.defaultBackend", "", "/", "Prefix", spec.default_backend, default=True)


def names_for(host: str) -> tuple[str, str, str]:
    """What the `host` of a rule for a host can be: itself, its wildcard (of one label), or nothing."""
    host = host.lower()
    return host, f"*.{host.partition('.')[2]}", ""


def of_host(rules: Iterable[Rule], host: str) -> tuple[Rule, ...]:
    """The rules that count for a host: its own, or else those of its wildcard, or else those for all hosts."""
    listed = [rule for rule in rules if not rule.default]
    groups = ([rule for rule in listed if rule.host == name] for name in names_for(host))
    return next((tuple(group) for group in groups if group), ())


def match(rules: Sequence[Rule], host: str, path: str) -> Rule | None:
    """The rule of a request: of the host's the longest path, Exact before Prefix; else a default backend."""
    taking = [rule for rule in of_host(rules, host) if rule.takes(path)]
    best = max(taking, key=lambda rule: (len(rule.path.rstrip("/")), rule.path_type == "Exact"), default=None)
    return best or next((rule for rule in rules if rule.default), None)


def examples(rule: Rule) -> Iterator[tuple[str, str]]:
    """Hosts and paths that the rule takes, the plainest first; an empty host is any."""
    host = f"netdoctor{rule.host[1:]}" if rule.host.startswith("*.") else rule.host
    literal = _NO_LITERAL.split(rule.path, maxsplit=1)[0] if rule.regex else rule.path
    for path in (literal, f"{literal}/", f"{literal.rstrip('/')}/netdoctor", f"{literal}1"):
        if path.startswith("/") and rule.takes(path):
            yield host, path


def _valid(expression: str) -> bool:
    try:
        re.compile(expression)
    except re.error:
        return False
    return True
