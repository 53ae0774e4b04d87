"""Causes of Services that work by one IP family, and not by the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.diagnosis.no_endpoints import routes_of_service
from netdoctor.diagnosis.workloads import to_change
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim

_FAMILIES = ("IPv4", "IPv6")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A pod's addresses of both families behind one port: the one that answers, and the one that refuses."""

    answers: Backend
    refuses: Backend


class IPFamilyMismatch(Cause):
    """The Service has addresses of both IP families, and serves one of them.

    What it means: by IPv4 the Service answers and by IPv6 it does not, or the other way round. Either its
    EndpointSlices list addresses of one family only, or the application listens on one family only.

    Why it breaks: kube-proxy translates an IPv6 ClusterIP to IPv6 endpoints only. A program that binds 0.0.0.0 has no
    socket for IPv6; one that binds [::] serves both, unless it asks for IPv6 alone.

    How it is seen: the ClusterIP, or each pod, refuses on its addresses of one family and answers on the others.

    Trap: clients that try both families at once (Happy Eyeballs, RFC 8305) hide it: only those with one family, or
    with an order of their own, fail. A Service with one family on a cluster with one is no mismatch.

    Fix: bind to [::], or give the Service the family that its pods serve.

    References: Kubernetes documentation, IPv4/IPv6 dual-stack; KEP-563; RFC 8305.
    """

    code: ClassVar[str] = "IPFamilyMismatch"
    title: ClassVar[str] = "the Service has addresses of both IP families, and serves one"
    would_change: ClassVar[str] = "an answer at the Service's address of the other family"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a family has no endpoint, or where pods refuse on one of theirs."""
        service = case.backing
        if service is None or len(service.spec.ip_families) < len(_FAMILIES):
            return None
        for route in routes_of_service(case):
            if lacking := _without_endpoints(case, service, route):
                return self._without_endpoints(case, service, route, lacking)
            if pairs := list(_pairs(case, route)):
                return self._refusing(case, service, route, pairs)
        return self.ruled_out("each family has endpoints, and none is refused where the other is answered")

    def _without_endpoints(self, case: Case, service: Service, route: Route, lacking: str) -> Found:
        (served,) = {*_FAMILIES} - {lacking}
        failed = _of_family(case, route, lacking)
        field = service.ref.at("spec.ipFamilies")
        finding = Finding(
            code=self.code,
            title=f"{service.ref} has an {lacking} address and no {lacking} endpoint",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"{service.ref} has the families {', '.join(service.spec.ip_families)}, and its EndpointSlices list "
                f"{served} addresses only. What clients send to its {lacking} address goes nowhere; those that try "
                "both families at once do not notice."
            ),
            evidence=(
                Evidence(str(field), ", ".join(service.spec.ip_families)),
                *(Evidence(str(s.ref), f"addressType {s.address_type}") for s in case.snapshot.slices_of(service)[:3]),
                *probe_evidence(failed),
            ),
            fixes=(_single(service, served),),
        )
        return Found(finding, ids(failed))

    def _refusing(self, case: Case, service: Service, route: Route, pairs: Sequence[_Pair]) -> Found:
        first = pairs[0]
        served, lacking = _family(first.answers.address), _family(first.refuses.address)
        refusing = [pair.refuses for pair in pairs]
        failed = [s for s in _of_family(case, route, lacking) if s.aimed.backend is None or s.aimed.backend in refusing]
        objects = to_change(case.snapshot, ((b.pod, "spec.containers") for b in refusing if b.pod))
        finding = Finding(
            code=self.code,
            title=f"{objects[0].object} answers by {served} and refuses by {lacking}",
            certainty=certainty(failed, configured=True),
            objects=objects,
            explanation=(
                f"{service.ref} has both families, and {first.answers.label} answers where {first.refuses.label}, the "
                f"same pod, refuses: its application listens on {served} only. Clients that try both families at once "
                "do not notice."
            ),
            evidence=(
                *probe_evidence(failed),
                *probe_evidence([s for s in case.to_backend(route, first.answers) if s.ok], limit=1),
            ),
            fixes=(
                Fix("bind to [::], which serves both families", kubectl("edit", objects[0].object)),
                _single(service, served),
            ),
        )
        return Found(finding, ids(failed))


def _without_endpoints(case: Case, service: Service, route: Route) -> str:
    """The family in which nothing is listed behind the Service's address; empty where there is none."""
    served = {_family(b.address) for b in route.ready}
    if len(served) != 1 or service.headless:  # without a ClusterIP there is no address to be unserved
        return ""
    if any(case.snapshot.find(one.ref) is None for one in case.snapshot.slices_of(service)):
        return ""  # made from Endpoints, which have the Service's first family alone
    (lacking,) = {*_FAMILIES} - served
    answered = any(s.ok and _family(s.observed.probe.host) == lacking for s in case.of(Aim.VIP, route=route))
    return "" if answered else lacking


def _single(service: Service, family: str) -> Fix:
    """A Service keeps its first family, so that one that is to go has to be the second."""
    if service.spec.ip_families[0] == family:
        patch = {"spec": {"ipFamilyPolicy": "SingleStack", "ipFamilies": [family]}}
        return merge_patch(f"give the Service {family} alone", service.ref, patch)
    return Fix(f"create the Service anew with {family} alone: the first family cannot be changed")


def _pairs(case: Case, route: Route) -> Iterator[_Pair]:
    for answering in route.ready:
        if any(s.ok for s in case.to_backend(route, answering)):
            for other in route.ready:
                same = answering.pod is not None and other.pod is not None and other.pod.ref == answering.pod.ref
                if same and _family(other.address) != _family(answering.address) and _refuses(case, route, other):
                    yield _Pair(answering, other)


def _refuses(case: Case, route: Route, backend: Backend) -> bool:
    tried = [s for s in case.to_backend(route, backend) if s.tried]
    return bool(tried) and all(s.outcome is Outcome.REFUSED for s in tried)


def _of_family(case: Case, route: Route, family: str) -> list[Seen]:
    """The failed probes of a route at addresses of one family."""
    aims = (Aim.VIP, Aim.BACKEND, Aim.NODE_PORT, Aim.LOAD_BALANCER)
    of_route = [s for s in case.failed if s.aimed.route == route and s.aimed.aim in aims]
    return [s for s in of_route if _family(s.observed.probe.host) == family]


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"
