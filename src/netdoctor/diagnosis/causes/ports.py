"""Causes around a Service's targetPort: a wrong number, a name that pods do not declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from netdoctor.cluster.objects import Pod, Service, ServicePort
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import json_patch
from netdoctor.diagnosis.listeners import reachable_sockets, socket_evidence
from netdoctor.diagnosis.readiness import readiness_ports
from netdoctor.diagnosis.target_ports import SIDE_PORTS, meant_ports
from netdoctor.diagnosis.workloads import template_of
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend, resolve_target_port
from netdoctor.path.intended import intended_pods
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim

_NAMED = 3  # objects named in prose


class TargetPortMismatch(Cause):
    """The Service sends to a port of its pods on which nothing listens, and another port answers.

    What it means: spec.ports[].targetPort is not the port on which the application listens.

    Why it breaks: kube-proxy translates the Service's port to the targetPort whatever the pods do there.

    How it is seen: the ClusterIP and every endpoint refuse; another port of the same pods answers. Where a policy
    admits only the right port, connections to the wrong one time out instead.

    Trap: containerPort is only informational: a targetPort that no container declares is right if it answers.

    Fix: set targetPort to the port on which the application listens.

    References: Kubernetes documentation, Debug Services, "Is the Service defined correctly?".
    """

    code: ClassVar[str] = "TargetPortMismatch"
    title: ClassVar[str] = "the Service's targetPort is not the port on which its pods listen"
    would_change: ClassVar[str] = "an answer on the targetPort at one endpoint, or no answer on the other port"
    yields_to: ClassVar[tuple[str, ...]] = ("AppListensOnLoopback",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where each endpoint of a port refuses (or a policy drops it), and another of its ports answers."""
        service = case.backing
        if service is None:
            return None
        for route in case.path.routes:
            backends = [b for b in route.backends if b.pod is not None]
            meant = [meant_ports(case, route, backend) for backend in backends]
            if backends and all(meant):
                return self._found(case, service, route, _meant(route, backends, meant))
        if any(s.ok for s in case.of(Aim.BACKEND)):
            return self.ruled_out("the targetPort answers")
        return None

    def _found(self, case: Case, service: Service, route: Route, meant: _Meant) -> Found:
        assert route.service_port is not None
        index = service.spec.ports.index(route.service_port)
        field = service.ref.at(f"spec.ports[{index}].targetPort")
        backends = [b for b in route.backends if b.pod is not None]
        wrong, pods = backends[0].port, [b.pod for b in backends if b.pod is not None]
        direct = [s for b in backends for s in case.to_backend(route, b) if s.tried and not s.ok]
        answering = [s for port in meant.ports for s in _answering(case, route, port)]
        failed = [*direct, *(s for s in case.through_service(route) if s.tried and not s.ok)]
        refuses = any(s.outcome is Outcome.REFUSED for s in direct)
        how = "is refused there" if refuses else "is dropped there by a policy that admits the declared port"
        finding = Finding(
            code=self.code,
            title=f"{service.ref} sends port {route.port} to {wrong}, its pods listen on {_listed(meant.ports)}",
            certainty=certainty(answering, configured=not meant.side),
            objects=(field,),
            explanation=(
                f"{service.ref} translates its port {route.port} to {wrong}, which no container of its pods declares. "
                f"What is sent to {_which(pods)} {how}, while "
                f"{', and '.join(_known(case, route, pods, port) for port in meant.ports)}."
            ),
            evidence=(
                Evidence(str(field), str(wrong)),
                *_declared(pods[0]),
                *probe_evidence(direct, limit=2),
                *probe_evidence(answering, limit=1),
                *(_seen_inside(case, route, pods, meant.ports) if not answering else ()),
            ),
            fixes=(_correct(service, index, meant),),
        )
        return Found(finding, ids(failed))


@dataclass(frozen=True, slots=True)
class _Meant:
    """Ports that a Service may mean where its targetPort is wrong.

    `evident` means that there is one, and each pod serves it; `side`, that all are of metrics, health and the like.
    """

    ports: tuple[int, ...]
    evident: bool
    side: bool


def _meant(route: Route, backends: list[Backend], served: list[tuple[int, ...]]) -> _Meant:
    """Of the ports that the backends serve, those of the Service port's name, else all that are no side ports."""
    assert route.service_port is not None
    common = set(served[0]).intersection(*served[1:])
    candidates = common or {port for ports in served for port in ports}
    names = {port: _names(route, backends, port) for port in candidates}
    same = {port for port in candidates if route.service_port.name in names[port]}
    main = {port for port in candidates if not any(map(SIDE_PORTS.search, names[port]))}
    chosen = same or main
    return _Meant(tuple(sorted(chosen or candidates)), bool(common) and len(chosen) == 1, not chosen)


def _names(route: Route, backends: list[Backend], port: int) -> set[str]:
    declared = (p for b in backends if b.pod is not None for p in b.pod.ports if p.protocol == route.protocol)
    return {p.name for p in declared if p.name and p.container_port == port}


def _answering(case: Case, route: Route, port: int) -> list[Seen]:
    return [s for s in case.of(Aim.OTHER_PORT, route=route) if s.ok and s.observed.probe.port == port]


def _known(case: Case, route: Route, pods: list[Pod], port: int) -> str:
    """How it is known that the pods serve a port: by a probe, by kubelet's, by their sockets, or by what they declare.

    The same order as that in which `meant_ports` looks for it.
    """
    if _answering(case, route, port):
        return f"port {port} answers"
    if route.protocol == "TCP" and any(pod.ready and port in readiness_ports(pod) for pod in pods):
        return f"the readiness probe of port {port} succeeds"
    if any(s.port == port for pod in pods for s in reachable_sockets(case, pod, route.protocol)):
        return f"a socket listens on port {port}"
    return f"port {port} is declared"


def _seen_inside(case: Case, route: Route, pods: list[Pod], ports: tuple[int, ...]) -> list[Evidence]:
    """The first socket that serves one of the ports, where an agent looked."""
    seen = [(pod, s) for pod in pods for s in reachable_sockets(case, pod, route.protocol) if s.port in ports]
    return [socket_evidence(pod, socket) for pod, socket in seen[:1]]


def _listed(ports: tuple[int, ...]) -> str:
    return ", ".join(map(str, ports))


def _which(pods: list[Pod]) -> str:
    return f"pod {pods[0].name}" if len(pods) == 1 else f"each of its {len(pods)} endpoints"


def _declared(pod: Pod) -> Iterator[Evidence]:
    ports = ", ".join(f"{p.container_port}/{p.protocol}{f' ({p.name})' if p.name else ''}" for p in pod.ports)
    yield Evidence(str(pod.ref), f"declares {ports or 'no port'}")


def _correct(service: Service, index: int, meant: _Meant) -> Fix:
    """A patch only where it is evident which port is meant: another one, such as that of metrics, would answer too."""
    if meant.evident:
        return _retarget(service, index, meant.ports[0])
    asked = service.spec.ports[index].port
    return Fix(f"send port {asked} to the port that is meant; there are {_listed(meant.ports)}")


def _retarget(service: Service, index: int, port: int | str) -> Fix:
    operation = {"op": "replace", "path": f"/spec/ports/{index}/targetPort", "value": port}
    return json_patch(f"send port {service.spec.ports[index].port} to {port}", service.ref, operation)


class NamedPortNotFound(Cause):
    """The Service's targetPort is a name that pods do not declare.

    What it means: spec.ports[].targetPort gives the port by name, and no container of some (or all) of the selected
    pods declares a port of that name and protocol.

    Why it breaks: a named targetPort is looked up on each pod. Where it is missing, the control plane leaves that pod
    out of the EndpointSlice, without any error.

    How it is seen: Ready pods, and fewer endpoints than pods, or none at all.

    Trap: the same name may stand for different numbers on different pods; that is legal.

    Fix: name the port in the pod template, or correct the Service's targetPort.

    References: Kubernetes documentation, Service, "Port definitions"; EndpointSlice controller.
    """

    code: ClassVar[str] = "NamedPortNotFound"
    title: ClassVar[str] = "the Service's targetPort is a name that pods do not declare"
    would_change: ClassVar[str] = "a container of each selected pod that declares a port of that name and protocol"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a selected pod lacks the named port."""
        service = case.backing
        pods = intended_pods(case.snapshot, service) if service else ()
        if service is None or not pods:
            return None
        named = [r for r in case.path.routes if r.service_port and isinstance(r.service_port.target_port, str)]
        for route in named:
            assert route.service_port is not None
            lacking = [pod for pod in pods if not pod.finished and resolve_target_port(route.service_port, pod) is None]
            if lacking and not any(s.ok for s in case.of(Aim.HOST, route=route)):
                return self._found(case, service, route, lacking)
        return self.ruled_out(f"each of {len(pods)} pods declares the named port") if named else None

    def _found(self, case: Case, service: Service, route: Route, lacking: list[Pod]) -> Found:
        port = route.service_port
        assert port is not None
        index = service.spec.ports.index(port)
        field = service.ref.at(f"spec.ports[{index}].targetPort")
        templates = tuple(dict.fromkeys(template_of(case.snapshot, pod, "spec.containers") for pod in lacking))
        named = ", ".join(str(t.object) for t in templates[:_NAMED])
        failed = [] if route.ready else [s for s in case.through_service(route) if s.tried and not s.ok]
        left = f"{len(route.ready)} other endpoints remain" if route.ready else "no endpoint remains"
        finding = Finding(
            code=self.code,
            title=f"{service.ref} wants port {port.target_port!r}, which {named} does not declare",
            certainty=certainty(failed or case.of(Aim.BACKEND, route=route)),
            objects=(field, *templates),
            explanation=(
                f"{service.ref} leads its port {port.port} to a port named {port.target_port!r} ({port.protocol}). "
                f"{len(lacking)} of its pods declare no such port and so are no endpoints of it: {left}. "
                f"{' '.join(_other_names(port, lacking[0]))}"
            ),
            evidence=(Evidence(str(field), repr(port.target_port)), *_declared(lacking[0]), *probe_evidence(failed)),
            fixes=tuple(_name_fixes(service, index, templates, lacking[0], route.ready)),
        )
        return Found(finding, ids(failed))


def _other_names(port: ServicePort, pod: Pod) -> Iterator[str]:
    for declared in pod.ports:
        if declared.name == port.target_port:
            yield f"{pod.name} has that name for {declared.protocol}, not for {port.protocol}."
        elif declared.name:
            yield f"{pod.name} calls {declared.container_port}/{declared.protocol} {declared.name!r}."
        else:
            yield f"{pod.name} declares {declared.container_port}/{declared.protocol} without a name."


def _name_fixes(
    service: Service, index: int, templates: tuple[ObjectRef, ...], pod: Pod, ready: tuple[Backend, ...]
) -> Iterator[Fix]:
    port = service.spec.ports[index]
    declared = [p for p in pod.ports if p.protocol == port.protocol]
    if not ready and declared:
        close = get_close_matches(str(port.target_port), [p.name for p in declared if p.name], n=1)
        first = declared[0]
        yield _retarget(service, index, close[0] if close else first.name or first.container_port)
    for template in templates[:_NAMED]:
        yield Fix(f"name the port {port.target_port!r} in {template}")
