"""DNS causes: the name that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.dns import questions
from netdoctor.diagnosis.source_spec import change_source, source_field
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.names import candidates, service_name
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import BY_NAME, Aim

_NAMED = 3  # Services named in prose
_MANY = 3  # names that do not exist, from which on a lookup is worth a warning


class WrongNamespaceInName(Cause):
    """The Service is in another namespace than its name says.

    What it means: the namespace that the name leads to has no such Service, and another namespace has one of this
    very name.

    Why it breaks: a name without a namespace is completed with the namespace of the pod that asks
    (NAME.NAMESPACE.svc.cluster.local). A Service of another namespace is only found as NAME.NAMESPACE.

    How it is seen: NXDOMAIN for the name as it is used, while NAME.OTHER-NAMESPACE is answered.

    Trap: a Service that no namespace has is ServiceNotFound. Resolvers without a search list (old musl) do not
    find even the right namespace by a short name.

    Fix: use the name with its namespace, or give the source a Service in its own.

    References: Kubernetes documentation, DNS for Services and Pods, "Namespaces of Services".
    """

    code: ClassVar[str] = "WrongNamespaceInName"
    title: ClassVar[str] = "the Service is in another namespace than its name says"
    would_change: ClassVar[str] = "a Service of that name in the namespace to which the name leads"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the Services of all namespaces that could be read show it."""
        target = case.path.target
        if target.kind is not TargetKind.SERVICE:
            return self._from_host(case)
        if target.service is not None or not case.snapshot.was_read("Service", target.ref.namespace):
            return None
        if elsewhere := _of_name(case, target.ref.name):
            return self._found(case, elsewhere, target.ref.namespace, proven=True)
        return self.ruled_out(f"no other namespace has a Service {target.ref.name}")

    def _from_host(self, case: Case) -> Found | None:
        """NAME.SOMETHING that does not exist, where SOMETHING is no namespace: it may have been meant as one."""
        name, _, suffix = case.path.dns.name.rstrip(".").partition(".")
        unresolved = [s for s in case.of(Aim.NAME) if s.outcome is Outcome.UNRESOLVABLE]
        if case.path.target.kind is not TargetKind.HOST or not unresolved or "." in suffix:
            return None
        elsewhere = _of_name(case, name)
        return self._found(case, elsewhere, suffix, proven=False) if elsewhere else None

    def _found(self, case: Case, elsewhere: tuple[Service, ...], asked: str, *, proven: bool) -> Found:
        failed = [s for s in case.failed if s.aimed.aim in BY_NAME and s.outcome is Outcome.UNRESOLVABLE]
        first = elsewhere[0]
        where = ", ".join(service.namespace for service in elsewhere[:_NAMED])
        finding = Finding(
            code=self.code,
            title=f"Service {first.name} is in namespace {where}, not in {asked}",
            certainty=certainty(failed, configured=proven),
            objects=tuple(service.ref for service in elsewhere),
            explanation=(
                f"{case.path.source.label} uses the name {case.path.target.dns_name}, which means Service "
                f"{first.name} in namespace {asked}; there is none. One of that name is in {where}: it is called "
                f"{first.name}.{first.namespace} from other namespaces."
            ),
            evidence=(*(Evidence(str(s.ref), "exists") for s in elsewhere[:_NAMED]), *probe_evidence(failed)),
            fixes=tuple(Fix(f"use the name {s.name}.{s.namespace}", _check(case, s)) for s in elsewhere[:_NAMED]),
        )
        return Found(finding, ids(failed), proven=proven)


def _of_name(case: Case, name: str) -> tuple[Service, ...]:
    """Services of that name, the source's namespace first."""
    own = case.path.source.namespace
    found = [service for service in case.snapshot.services if service.name == name]
    return tuple(sorted(found, key=lambda service: (service.namespace != own, service.namespace)))


def _check(case: Case, service: Service) -> str:
    source = case.path.source
    stands = source.spec is not None
    origin = f" --from {source.ref.kind.lower()}/{source.ref.name}.{source.namespace}" if stands else ""
    return f"netdoctor check svc/{service.name} -n {service.namespace}{origin}"


@dataclass(frozen=True, slots=True)
class _Waste:
    """Names that did not exist and were asked for in vain, and what that cost as measured (seconds, by whom)."""

    names: tuple[str, ...]
    seconds: float | None = None
    seen: Seen | None = None


class DNSSearchAmplification(Cause):
    """A lookup asks for several names that do not exist before the one that does.

    What it means: the name has fewer dots than `ndots` (5 in pods), so that each domain of the search list is tried
    first, and at least three of these names do not exist.

    Why it breaks: nothing breaks. Each of these names costs two questions (A and AAAA) and their time, in every
    lookup, and loads the DNS servers with it.

    How it is seen: NXDOMAIN for one name after the other, then the answer.

    Trap: a warning, not an outage. A name with a dot at its end is asked for as it is.

    Fix: end fully qualified names with a dot, shorten names of Services to NAME.NAMESPACE, or lower `ndots`.

    References: resolv.conf(5); kubernetes/kubernetes#64924.
    """

    code: ClassVar[str] = "DNSSearchAmplification"
    title: ClassVar[str] = "a lookup asks for several names in vain before its answer"
    would_change: ClassVar[str] = "fewer than three names asked for in vain before the answer"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """A warning, where a lookup that succeeds asked in vain at least three times."""
        waste = _measured(case) if case.probed else _foreseen(case)
        if waste is None:
            return None
        if len(waste.names) < _MANY:
            return self.ruled_out(
                f"{len(waste.names)} names are asked for in vain before {case.path.dns.name} is answered"
            )
        return self._found(case, waste)

    def _found(self, case: Case, waste: _Waste) -> Found:
        name, count = case.path.dns.name, len(waste.names)
        seen = [waste.seen] if waste.seen else []
        cost = f" in {waste.seconds * 1000:.1f} ms" if waste.seconds is not None else ""
        stands = case.path.source.spec is not None
        ndots = {"dnsConfig": {"options": [{"name": "ndots", "value": "1"}]}}
        finding = Finding(
            code=self.code,
            title=f"a lookup of {name} asks for {count} other names first{cost}",
            certainty=certainty(seen),
            objects=(source_field(case, "dnsConfig.options"),) if stands else (),
            explanation=(
                f"{name} has fewer dots than ndots, so that the search list comes first: "
                f"{', '.join(waste.names[:_NAMED])}{', …' if count > _NAMED else ''} do not exist. That is {2 * count} "
                f"questions (A and AAAA) in vain{cost} in each lookup; it is a cost, not an outage."
            ),
            evidence=probe_evidence(seen),
            fixes=(
                Fix(f"end the name with a dot: {name.rstrip('.')}."),
                *((change_source(case, "ask for names with a dot as they are first", ndots),) if stands else ()),
            ),
        )
        return Found(finding, warning=True)


def _measured(case: Case) -> _Waste | None:
    """The most wasteful of the lookups that succeeded."""
    wastes = [_waste(seen) for seen in case.of(Aim.NAME) if seen.ok]
    return max(wastes, key=lambda waste: len(waste.names), default=None)


def _waste(seen: Seen) -> _Waste:
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for query in questions(seen):
        by_name.setdefault(str(query["name"]), []).append(query)
    vain = {n: qs for n, qs in by_name.items() if all(q["outcome"] == Outcome.UNRESOLVABLE for q in qs)}
    seconds = sum(max(float(q["seconds"]) for q in qs) for qs in vain.values())  # A and AAAA are asked together
    return _Waste(tuple(vain), seconds, seen)


def _foreseen(case: Case) -> _Waste | None:
    """What the search list will try, for a Service that exists."""
    dns, target = case.path.dns, case.path.target
    if target.service is None or not dns.name or dns.resolver.search is None:
        return None
    names = candidates(dns.name, dns.resolver.search, dns.resolver.ndots or 1)
    answered = service_name(target.ref, dns.domain)
    return _Waste(tuple(_before(names, answered))) if answered in names else None


def _before(names: tuple[str, ...], last: str) -> Iterator[str]:
    for name in names:
        if name == last:
            return
        yield name
