"""Causes in a Service itself: it does not exist, or not on that port, or as a headless one."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import ClassVar

from netdoctor.cluster.objects import Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import command, json_patch
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import BY_NAME, Aim

_NAMED = 3  # names suggested


class ServiceNotFound(Cause):
    """There is no such Service.

    What it means: the namespace has no Service of the name asked for.

    Why it breaks: CoreDNS answers NXDOMAIN for a name that no Service has, so clients never get an address.

    How it is seen: the name does not resolve, while other names of the cluster do.

    Trap: a Service of that very name in another namespace is WrongNamespaceInName.

    Fix: use the right name, or create the Service.

    References: Kubernetes documentation, Debug Services, "Does the Service exist?"; DNS for Services and Pods.
    """

    code: ClassVar[str] = "ServiceNotFound"
    title: ClassVar[str] = "there is no such Service"
    would_change: ClassVar[str] = "a Service of that name in that namespace, or an address for the name"
    yields_to: ClassVar[tuple[str, ...]] = ("WrongNamespaceInName",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the namespace's Services were read, and none has that name."""
        target = case.path.target
        if target.kind is not TargetKind.SERVICE:
            return None
        ref = target.ref
        if target.service is not None:
            return self.ruled_out(f"{ref} exists")
        if not case.snapshot.was_read("Service", ref.namespace):
            return None
        failed = _unresolved(case)
        finding = Finding(
            code=self.code,
            title=f"namespace {ref.namespace} has no Service {ref.name}",
            certainty=certainty(failed),
            objects=(ref,),
            explanation=f"No Service in namespace {ref.namespace} is called {ref.name}, so that the name does not "
            f"resolve. {' '.join(_suggestions(case.snapshot, ref))}",
            evidence=(Evidence(str(ref), "does not exist"), *probe_evidence(failed)),
            fixes=(
                *(Fix(f"use {name}", f"netdoctor check svc/{name} -n {ref.namespace}") for name in _near(case, ref)),
                Fix("see which Services there are", command("get", "services", "-n", ref.namespace)),
            ),
        )
        return Found(finding, ids(failed))


def _near(case: Case, ref: ObjectRef) -> list[str]:
    names = [s.name for s in case.snapshot.services if s.namespace == ref.namespace]
    return get_close_matches(ref.name, names, n=_NAMED)


def _suggestions(snapshot: Snapshot, ref: ObjectRef) -> Iterator[str]:
    same = [s for s in snapshot.services if s.namespace == ref.namespace]
    elsewhere = sorted(s.namespace for s in snapshot.services if s.name == ref.name and s.namespace != ref.namespace)
    near = get_close_matches(ref.name, [s.name for s in same], n=_NAMED)
    if near:
        yield f"There is {', '.join(near)}."
    if elsewhere:
        yield f"Namespace {', '.join(elsewhere[:_NAMED])} has one of that name."
    if snapshot.was_read("Namespace") and snapshot.get("Namespace", "", ref.namespace) is None:
        yield f"Nor is there a namespace {ref.namespace}."
    elif not near and not elsewhere:
        yield f"The namespace has {len(same)} Services, none with a similar name."


def _unresolved(case: Case) -> tuple[Seen, ...]:
    """Failed probes by name that got no address for it."""
    return tuple(s for s in case.failed if s.aimed.aim in BY_NAME and s.outcome is Outcome.UNRESOLVABLE)


class ServicePortMissing(Cause):
    """The Service does not have the port asked for.

    What it means: spec.ports of the Service does not list that port.

    Why it breaks: kube-proxy forwards the listed ports only. What comes to another port of the ClusterIP is rejected
    or dropped, depending on its mode.

    How it is seen: the port asked for fails at once or times out; the Service's own ports work.

    Trap: the port of the pods (targetPort) and the nodePort are no ports of the ClusterIP. A headless Service has no
    ClusterIP: there a port that the pods serve answers whether it is listed or not.

    Fix: connect to a port that the Service has, or add the port.

    References: Kubernetes documentation, Service, "Port definitions"; Virtual IPs and Service Proxies.
    """

    code: ClassVar[str] = "ServicePortMissing"
    title: ClassVar[str] = "the Service does not have that port"
    would_change: ClassVar[str] = "that port in spec.ports, or an answer on it"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the port is not in spec.ports; for a headless Service only where it was also seen to fail."""
        service, asked = case.backing, case.path.target.port
        if service is None or asked is None:
            return None
        if any(asked in (port.port, port.name) for port in service.spec.ports):
            return self.ruled_out(f"{service.ref} has port {asked}")
        through = [s for route in case.path.routes for s in case.through_service(route) if s.tried]
        failed = [s for s in through if not s.ok and s.outcome is not Outcome.UNRESOLVABLE]
        if any(s.ok for s in through):
            return self.ruled_out(f"port {asked} answers")
        if service.headless and not failed:
            return None
        return self._found(service, asked, failed)

    def _found(self, service: Service, asked: int | str, failed: list[Seen]) -> Found:
        ports = service.spec.ports
        listed = ", ".join(f"{p.port}/{p.protocol}{f' ({p.name})' if p.name else ''}" for p in ports)
        field = service.ref.at("spec.ports")
        meant = [port for port in ports if asked in (port.target_port, port.node_port)] or list(ports[:1])
        finding = Finding(
            code=self.code,
            title=f"{service.ref} has no port {asked}; it has {listed or 'none'}",
            certainty=certainty(failed),
            objects=(field,),
            explanation=f"{service.ref} does not list port {asked}, and kube-proxy forwards the listed ports only: "
            f"{listed or 'none'}.{_role(asked, ports)}",
            evidence=(Evidence(str(field), listed or "empty"), *probe_evidence(failed)),
            fixes=(*(Fix(f"connect to port {p.port}") for p in meant), *_added(service, asked)),
        )
        return Found(finding, ids(failed), proven=not service.headless)


def _role(asked: int | str, ports: tuple[ServicePort, ...]) -> str:
    for port in ports:
        if asked == port.target_port:
            return f" {asked} is the port of its pods; clients of the Service use {port.port}."
        if asked == port.node_port:
            return f" {asked} is the node port of {port.port}: it belongs to the nodes' addresses."
    return ""


def _added(service: Service, asked: int | str) -> Iterator[Fix]:
    """A new port; only where all have names, as several ports need them."""
    if isinstance(asked, int) and all(port.name for port in service.spec.ports):
        value = {"name": f"port-{asked}", "port": asked, "protocol": "TCP", "targetPort": asked}
        yield json_patch(f"add port {asked}", service.ref, {"op": "add", "path": "/spec/ports/-", "value": value})


class HeadlessPortMismatch(Cause):
    """A headless Service has a port that its pods do not serve.

    What it means: the Service has no ClusterIP, and its port differs from its targetPort.

    Why it breaks: the name of a headless Service resolves to the pods themselves. Nothing stands between that could
    translate the port, so that clients which use the Service's port reach the pods on it, where nothing listens.

    How it is seen: DNS answers, the Service's port is refused, the targetPort answers.

    Trap: service meshes do translate, in the client's sidecar; the pods may serve both ports.

    Fix: make port and targetPort equal, or give the Service a ClusterIP.

    References: Kubernetes documentation, Service, "Headless Services"; kubernetes/kubernetes#20488.
    """

    code: ClassVar[str] = "HeadlessPortMismatch"
    title: ClassVar[str] = "a headless Service's port is not that of its pods"
    would_change: ClassVar[str] = "an answer of the pods on the Service's own port"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the Service's port fails at pods whose targetPort answers, or which do not declare it."""
        service = case.backing
        if service is None or not service.headless:
            return None
        different = [r for r in case.path.routes if r.service_port and any(b.port != r.port for b in r.ready)]
        for route in different:
            if not case.probed and not _declared(route):
                return self._found(service, route, [], [])
            seen = [s for s in case.of(Aim.HEADLESS_PORT, route=route) if s.tried]
            answered = [s for b in _elsewhere(route) for s in case.of(Aim.BACKEND, route=route, backend=b) if s.ok]
            if seen and answered and not any(s.ok for s in seen):
                return self._found(service, route, seen, answered)
        if not different:
            return self.ruled_out("port and targetPort are the same")
        if all(any(s.ok for s in case.of(Aim.HEADLESS_PORT, route=route)) for route in different):
            return self.ruled_out("the pods answer on the Service's port too")
        return None

    def _found(self, service: Service, route: Route, failed: list[Seen], answered: list[Seen]) -> Found:
        assert route.service_port is not None
        index = service.spec.ports.index(route.service_port)
        field = service.ref.at(f"spec.ports[{index}].port")
        meant = (answered[0].aimed.backend if answered else None) or _elsewhere(route)[0]
        target = meant.port
        finding = Finding(
            code=self.code,
            title=f"{service.ref} is headless, so nothing translates its port {route.port} to {target}",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"{service.ref} has no ClusterIP: its name resolves to the pods, and clients that use its port "
                f"{_reached(route, meant)}, to which only a ClusterIP (or a mesh's sidecar) would translate it. "
                + (f"Clients have to use port {target}." if _one_port(route) else "Its pods listen on different ports.")
            ),
            evidence=(
                Evidence(str(field), f"{route.port}, with targetPort {route.service_port.target_port}"),
                *probe_evidence(failed, limit=2),
                *probe_evidence(answered, limit=1),
            ),
            fixes=(_same_port(service, route, index, target),),
        )
        return Found(finding, ids(failed), proven=not failed)


def _elsewhere(route: Route) -> list[Backend]:
    """Ready pods on another port than the Service's."""
    return [backend for backend in route.ready if backend.port != route.port]


def _one_port(route: Route) -> bool:
    """Whether all pods have the same port; a named targetPort may be another number on each."""
    return len({backend.port for backend in route.ready}) == 1


def _reached(route: Route, meant: Backend) -> str:
    if _one_port(route):
        return f"{route.port} reach the pods on {route.port}. These listen on {meant.port}"
    return f"{route.port} reach {meant.label} on {route.port}. That listens on {meant.port}"


def _same_port(service: Service, route: Route, index: int, target: int) -> Fix:
    if not _one_port(route):  # no port of the Service would fit all of them
        return Fix(f"let all its pods listen on port {route.port}")
    operation = {"op": "replace", "path": f"/spec/ports/{index}/port", "value": target}
    return json_patch(f"make it port {target}", service.ref, operation)


def _declared(route: Route) -> bool:
    """Whether a pod declares the Service's port itself, so that it may serve both."""
    pods = (backend.pod for backend in route.ready)
    return any(pod is None or route.port in {p.container_port for p in pod.ports} for pod in pods)
