"""The cause of a Service that speaks another protocol than its pods."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import json_patch
from netdoctor.diagnosis.listeners import (
    failed_behind,
    failed_directly,
)
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim


class ProtocolMismatch(Cause):
    """The Service speaks TCP where the application speaks UDP, or the other way round.

    What it means: spec.ports[].protocol differs from that of the socket behind it.

    Why it breaks: TCP and UDP ports are apart; the default of a Service's protocol is TCP.

    How it is seen: the Service's protocol is refused or silent at the endpoint, the other one answers on that port.

    Trap: silence on UDP proves nothing alone: many servers do not answer what they do not understand.

    Fix: correct the protocol of the Service's port.

    References: Kubernetes documentation, Protocols for Services.
    """

    code: ClassVar[str] = "ProtocolMismatch"
    title: ClassVar[str] = "the Service's protocol is not the application's"
    would_change: ClassVar[str] = "an answer by the Service's protocol at the endpoint, or none by the other one"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an endpoint answers by the other protocol only."""
        service = case.backing
        if service is None:
            return None
        for route in case.path.routes:
            wrong = [backend for backend in route.ready if self._answers_otherwise(case, route, backend)]
            if wrong and route.service_port is not None:
                return self._found(case, service, route, wrong)
        if any(s.ok for s in case.of(Aim.BACKEND)):
            return self.ruled_out("the endpoints answer by the Service's protocol")
        return None

    def _answers_otherwise(self, case: Case, route: Route, backend: Backend) -> bool:
        own = [s for s in case.to_backend(route, backend) if s.tried]
        others = [s for s in case.of(Aim.OTHER_PROTOCOL, route=route, backend=backend) if s.tried]
        if not own or not others or any(s.ok for s in own) or not any(s.ok for s in others):
            return False
        if all(s.outcome is Outcome.REFUSED for s in own):
            return True
        if any(s.outcome is not Outcome.TIMEOUT for s in own) or case.expectation.denied(backend, route.protocol):
            return False
        return _declares_only_other(route, backend) and not _speaks_both(case, route)

    def _found(self, case: Case, service: Service, route: Route, wrong: list[Backend]) -> Found:
        assert route.service_port is not None
        index = service.spec.ports.index(route.service_port)
        field = service.ref.at(f"spec.ports[{index}].protocol")
        other = "UDP" if route.protocol == "TCP" else "TCP"
        failed = failed_behind(case, route, wrong)
        direct = failed_directly(case, route, wrong)
        answering = [s for b in wrong for s in case.of(Aim.OTHER_PROTOCOL, route=route, backend=b) if s.ok]
        declared = _declares_only_other(route, wrong[0])
        finding = Finding(
            code=self.code,
            title=f"{service.ref} speaks {route.protocol} on port {route.port}, its pods speak {other}",
            certainty=certainty(answering, configured=declared),
            objects=(field,),
            explanation=(
                f"On port {wrong[0].port} {wrong[0].label} answers {other} and not {route.protocol}, which is the "
                f"protocol of {service.ref} for port {route.port}."
                + (f" The container declares that port for {other} only." if declared else "")
            ),
            evidence=(
                Evidence(str(field), route.protocol),
                *probe_evidence(direct, limit=2),
                *probe_evidence(answering, limit=1),
            ),
            fixes=(_correction(case, route, f"/spec/ports/{index}", other),),
        )
        silent = all(s.inconclusive for s in direct)  # no failed probe to explain: proven by what is declared
        return Found(finding, ids(failed), proven=silent)


def _correction(case: Case, route: Route, pointer: str, other: str) -> Fix:
    """The other protocol in its place; where the Service has that on this port already, a second would be refused."""
    service = case.backing
    assert service is not None
    if _speaks_both(case, route):
        title = f"take {route.label} out of it: nobody serves that"
        return json_patch(title, service.ref, {"op": "remove", "path": pointer})
    operation = {"op": "replace", "path": f"{pointer}/protocol", "value": other}
    return json_patch(f"let port {route.port} speak {other}", service.ref, operation)


def _speaks_both(case: Case, route: Route) -> bool:
    """Whether the Service has this port for the other protocol too, as those of DNS and SIP have."""
    ports = case.backing.spec.ports if case.backing else ()
    return any(one.port == route.port and one.protocol != route.protocol for one in ports)


def _declares_only_other(route: Route, backend: Backend) -> bool:
    """Whether the pod declares the port, and for another protocol than the Service's alone."""
    ports = backend.pod.ports if backend.pod else ()
    declared = {p.protocol for p in ports if p.container_port == backend.port}
    return bool(declared) and route.protocol not in declared
