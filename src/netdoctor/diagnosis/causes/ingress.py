"""Causes in an Ingress: its class, its rules, its backends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import ClassVar

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.ingress_cause import IngressCause, rule_answers
from netdoctor.diagnosis.kubectl import json_patch, kubectl, merge_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.ingress.classes import ANNOTATION, ChosenClass
from netdoctor.path.ingress.nearest import NearestRule
from netdoctor.path.ingress.rules import Rule
from netdoctor.path.ingress.shapes import address_of
from netdoctor.path.ingress.way import IngressBackendPort, IngressWay

_NAMED = 3  # names suggested
_FIELD = "spec.ingressClassName"


class IngressClassMissing(IngressCause):
    """The Ingress has a class that does not exist, or none where there is no default.

    What it means: spec.ingressClassName (or the older annotation kubernetes.io/ingress.class) names an IngressClass
    that the cluster does not have; or the Ingress names none, no IngressClass is marked as the default, and no
    controller takes Ingresses without a class.

    Why it breaks: a controller carries out the Ingresses of its own classes only. One that is of none is ignored by
    all, without an event and without an error.

    How it is seen: the controller answers 404 for the host, and the Ingress gets no address.

    Trap: controllers that watch Ingresses without a class (ingress-nginx with --watch-ingress-without-class, Traefik
    unless limited to a class), and those that know the annotation's value without an IngressClass of that name. A
    cloud's controller may run outside the cluster: it is known by the address that it writes into the Ingress's status.

    Fix: set spec.ingressClassName to a class that exists.

    References: Kubernetes documentation, Ingress, "Ingress class" and "Default IngressClass".
    """

    code: ClassVar[str] = "IngressClassMissing"
    title: ClassVar[str] = "the Ingress has no class that exists"
    would_change: ClassVar[str] = "an IngressClass of that name, or a default one where none is named"

    def examine_way(self, case: Case, way: IngressWay) -> Found | RuledOut | None:
        """Found where no class of the name was read, and no controller takes the Ingress all the same."""
        chosen = way.chosen
        if chosen.found is not None:
            return self.ruled_out(f"IngressClass {chosen.found.name} exists")
        if way.served and way.controller:
            return self.ruled_out(f"{way.controller.label} takes it all the same")
        if not case.snapshot.was_read("IngressClass"):
            return None
        answers = rule_answers(case, way.asks)
        if any(s.ok for s in answers):
            return self.ruled_out("a controller has rules for it all the same")
        failed = [s for s in answers if s.status == 404]
        if not failed and chosen.where != _FIELD and (address := address_of(way.ingress)):
            return self.ruled_out(
                f"a controller, which need not run in the cluster, has given it the address {address}"
            )
        return self._found(case, way, failed)

    def _found(self, case: Case, way: IngressWay, failed: Sequence[Seen]) -> Found:
        chosen, ref = way.chosen, way.ingress.ref
        known = [one.name for one in case.snapshot.ingress_classes]
        field = ref.at(chosen.where or _FIELD)
        listed = f"the cluster has {', '.join(known)}" if known else "the cluster has none at all"
        if chosen.name:
            title = f"{ref} is of class {chosen.name}, which does not exist"
            why = f"No IngressClass is called {chosen.name}; {listed}."
        else:
            title = f"{ref} names no class, and no IngressClass is the default"
            why = f"{ref} names no class, and no IngressClass is marked as the default; {listed}."
        finding = Finding(
            code=self.code,
            title=title,
            certainty=certainty(failed),
            objects=(field,),
            explanation=f"{why} No controller carries the Ingress out, and none says so.",
            evidence=(Evidence(str(field), chosen.name or "not set"), *probe_evidence(failed)),
            fixes=tuple(_classes(ref, chosen, known)),
        )
        return Found(finding, ids(failed))


def _classes(ref: ObjectRef, chosen: ChosenClass, known: Sequence[str]) -> Iterator[Fix]:
    """A class that exists, in the field; the old annotation would still count before it, and has to go."""
    near = get_close_matches(chosen.name, known, _NAMED, 0.5) if chosen.name else []
    annotated = {"metadata": {"annotations": {ANNOTATION: None}}} if ANNOTATION in chosen.where else {}
    for other in near or known[:_NAMED]:
        yield merge_patch(f"give it class {other}", ref, {**annotated, "spec": {"ingressClassName": other}})
    if not known:
        yield Fix("see which controllers run", "kubectl get ingressclasses,pods -A")


class IngressRuleNoMatch(IngressCause):
    """No rule of any Ingress takes the URL: the controller itself answers 404.

    What it means: an Ingress has rules for the host (or a wildcard of its domain), and none of them takes the path.

    Why it breaks: Exact takes the path alone, without a trailing slash and nothing below it. Prefix goes by whole
    elements: /api takes /api/x, and not /apis. A wildcard host takes one label. Paths are case sensitive.

    How it is seen: 404 from the controller. The report names the nearest rule and what it misses by.

    Trap: the application's own 404: asked for the same path itself, its pod says 404 too.

    Fix: correct the rule, or the URL.

    References: Kubernetes documentation, Ingress, "Path types" and "Hostname wildcards".
    """

    code: ClassVar[str] = "IngressRuleNoMatch"
    title: ClassVar[str] = "no rule of an Ingress takes the URL"
    would_change: ClassVar[str] = "a rule whose host and path take the URL"

    def examine_way(self, case: Case, way: IngressWay) -> Found | RuledOut | None:
        """Found where no rule takes the URL, and the controller does not answer it all the same."""
        answers = rule_answers(case, way.asks)
        if way.nearest is None:
            return self._ruled_out(way, answers)
        if any(s.ok for s in answers):
            return self.ruled_out("something answers for the URL all the same")
        return self._found(way, way.nearest, [s for s in answers if s.status == 404])

    def _ruled_out(self, way: IngressWay, answers: Sequence[Seen]) -> RuledOut | None:
        own = next((s for s in answers if s.own and s.status == 404), None)
        if own is not None:
            return self.ruled_out("the 404 is the application's own: asked itself, its pod says the same")
        rule = way.asks[0].rule if len(way.asks) == 1 else None
        return self.ruled_out(f"rule {rule.label} takes it") if rule is not None else None

    def _found(self, way: IngressWay, nearest: NearestRule, failed: Sequence[Seen]) -> Found:
        ask, rule = way.asks[0], nearest.rule
        field = rule.ref.at(f"{rule.where.partition('.http')[0]}.host" if nearest.host else f"{rule.where}.path")
        finding = Finding(
            code=self.code,
            title=f"no Ingress has a rule for {ask.label}; the nearest is {rule.label}",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"No rule of any Ingress takes {ask.label}, so the controller itself answers 404. The nearest is "
                f"{rule.where} of {rule.ingress.ref}: {nearest.because}."
            ),
            evidence=(Evidence(str(rule.ref), nearest.because), *probe_evidence(failed)),
            fixes=tuple(_repairs(ask.path, nearest)),
        )
        return Found(finding, ids(failed))


def _repairs(path: str, nearest: NearestRule) -> Iterator[Fix]:
    rule = nearest.rule
    pointer = "/" + rule.where.replace("[", "/").replace("]", "").replace(".", "/")
    below = path == rule.path.rstrip("/") or path.startswith(f"{rule.path.rstrip('/')}/")
    if nearest.host or rule.regex:
        yield Fix("look at the rules", kubectl("describe", rule.ingress.ref))
    elif rule.path_type == "Exact" and below:
        change = {"op": "replace", "path": f"{pointer}/pathType", "value": "Prefix"}
        yield json_patch(f"let {rule.path} take what is below it too", rule.ingress.ref, change)
    else:
        yield Fix(f"add a path that takes {path}, or correct this one", kubectl("edit", rule.ingress.ref))


class IngressBackendMissing(IngressCause):
    """A rule leads to a Service, or to a port of one, that does not exist.

    What it means: the backend of a rule names a Service that its namespace does not have, or a port that the Service
    does not have: by number the Service's `port` counts, not its targetPort, and a name is the port's name in the
    Service.

    Why it breaks: the API server accepts any name. The controller has nothing to send requests to, and answers 503
    (some controllers: 404 or 500).

    How it is seen: 503 for this host and path, while others work.

    Trap: the application's own 503: asked for the same path itself, its pod says 503 too. A Service that exists and has
    no endpoints is what its own cause says (ServiceSelectorMismatch, NoReadyEndpoints, WorkloadScaledToZero).

    Fix: name a Service and a port that exist. Backends are of the Ingress's own namespace.

    References: Kubernetes documentation, Ingress, "The Ingress resource"; API reference, IngressBackend.
    """

    code: ClassVar[str] = "IngressBackendMissing"
    title: ClassVar[str] = "a rule leads to a Service or port that does not exist"
    would_change: ClassVar[str] = "that Service with that port in the Ingress's namespace"

    def examine_way(self, case: Case, way: IngressWay) -> Found | RuledOut | None:
        """Found where Services were read, and one of a rule is not among them, or lacks the port."""
        missing = [one for one in way.backends if not one.exists]
        if not way.backends or not case.snapshot.was_read("Service", way.ingress.namespace):
            return None
        if not missing:
            return self.ruled_out(f"backends that exist: {len(way.backends)}")
        return self._found(case, way, missing)

    def _found(self, case: Case, way: IngressWay, missing: Sequence[IngressBackendPort]) -> Found:
        rules = [rule for one in missing for rule in one.rules]
        failed = [s for s in rule_answers(case, [a for a in way.asks if a.rule in rules]) if s in case.failed]
        fields = {_field(rule, one): _why(way, one) for one in missing for rule in one.rules}
        finding = Finding(
            code=self.code,
            title=f"{way.ingress.ref} leads to {', '.join(map(_label, missing))}, which does not exist",
            certainty=certainty(failed),
            objects=tuple(fields),
            explanation=(
                f"{' '.join(dict.fromkeys(fields.values()))} The controller has nothing to send such requests to, and "
                "answers 503."
            ),
            evidence=(
                *(Evidence(str(field), why) for field, why in fields.items()),
                *probe_evidence(failed),
            ),
            fixes=tuple(fix for one in missing for fix in _corrections(case, way, one))[:_NAMED],
        )
        return Found(finding, ids(failed))


def _label(backend: IngressBackendPort) -> str:
    return f"port {backend.asked} of Service {backend.name}" if backend.service else f"Service {backend.name}"


def _field(rule: Rule, backend: IngressBackendPort) -> ObjectRef:
    where = rule.where if rule.default else f"{rule.where}.backend"
    return rule.ingress.ref.at(f"{where}.service.{'port' if backend.service else 'name'}")


def _why(way: IngressWay, backend: IngressBackendPort) -> str:
    if backend.service is None:
        return f"Namespace {way.ingress.namespace} has no Service {backend.name}."
    ports = ", ".join(f"{p.port} ({p.name})" if p.name else str(p.port) for p in backend.service.spec.ports)
    target = next((p for p in backend.service.spec.ports if str(p.target_port) == backend.asked), None)
    meant = (
        f" {backend.asked} is the targetPort of its port {target.port}: a backend takes the latter." if target else ""
    )
    return f"{backend.service.ref} has no port {backend.asked}, but {ports or 'none'}.{meant}"


def _corrections(case: Case, way: IngressWay, backend: IngressBackendPort) -> Iterator[Fix]:
    rule = backend.rules[0]
    service = f"{rule.where if rule.default else f'{rule.where}.backend'}.service"
    pointer = "/" + service.replace("[", "/").replace("]", "").replace(".", "/")
    if backend.service is not None:
        for port in backend.service.spec.ports[:1]:
            change = {"op": "replace", "path": f"{pointer}/port", "value": {"number": port.port}}
            yield json_patch(f"use port {port.port} of it", way.ingress.ref, change)
        return
    names = [s.name for s in case.snapshot.services if s.namespace == way.ingress.namespace]
    for name in get_close_matches(backend.name, names, _NAMED, 0.5):
        change = {"op": "replace", "path": f"{pointer}/name", "value": name}
        yield json_patch(f"lead it to Service {name}", way.ingress.ref, change)
    elsewhere = [s for s in case.snapshot.services if s.name == backend.name]
    if elsewhere:
        yield Fix(_move(elsewhere[0], way), kubectl("get", elsewhere[0].ref, "-o", "yaml"))


def _move(service: Service, way: IngressWay) -> str:
    return (
        f"{service.ref} is in another namespace than {way.ingress.ref}, which cannot lead there: "
        f"make an Ingress in {service.namespace}"
    )
