"""Causes inside the pod: nothing listens on the port, or not where clients can reach it."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.listeners import (
    Loopback,
    Socket,
    failed_behind,
    failed_directly,
    loopback,
    reachable_sockets,
    refused_backends,
    socket_evidence,
    sockets_of,
)
from netdoctor.diagnosis.no_endpoints import symptoms
from netdoctor.diagnosis.readiness import readiness_ports
from netdoctor.diagnosis.workloads import to_change
from netdoctor.model.report import Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import Aim

_NAMED = 5  # objects named


class AppListensOnLoopback(Cause):
    """The application listens on 127.0.0.1 or [::1] only.

    What it means: inside the pod the port answers, at the pod's address it refuses.

    Why it breaks: each pod has a network namespace of its own. A socket bound to loopback is reached from the
    containers of that pod alone; what comes to the pod's address is answered with a RST.

    How it is seen: connections to the endpoint are refused at once, and the socket table of the pod, its log or its
    arguments name 127.0.0.1, localhost or [::1] for that port.

    Trap: behind a sidecar that answers on the pod's address, listening on loopback is right.

    Fix: bind to 0.0.0.0 (or [::], which serves both families).

    References: Kubernetes documentation, Debug Services, "Is the Service working by IP?"; ip(7).
    """

    code: ClassVar[str] = "AppListensOnLoopback"
    title: ClassVar[str] = "the application listens on loopback only"
    would_change: ClassVar[str] = (
        "a connection to the pod's own address that is accepted, or a socket on more than loopback"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an endpoint refuses, and its sockets, its log or its command line tell why."""
        for route in case.path.routes:
            bound = [(b, why) for b in refused_backends(case, route) if (why := self._why(case, route, b))]
            if bound:
                return self._found(case, route, bound)
        if any(s.ok for s in case.of(Aim.BACKEND)):
            return self.ruled_out("the port answers at the pods' addresses")
        return None

    def _why(self, case: Case, route: Route, backend: Backend) -> Loopback | None:
        pod = backend.pod
        if pod is None or not (pod.ready or backend.port in readiness_ports(pod)):
            return None  # what keeps it from being Ready is something else
        return loopback(case, pod, backend.port, route.protocol)

    def _found(self, case: Case, route: Route, bound: list[tuple[Backend, Loopback]]) -> Found:
        backends = [backend for backend, _ in bound]
        first, why = bound[0]
        failed = failed_behind(case, route, backends)
        if not route.ready:  # the readiness probe is refused as well
            failed += symptoms(case, (route,))
        templates = to_change(case.snapshot, ((b.pod, w.path) for b, w in bound if b.pod))
        finding = Finding(
            code=self.code,
            title=f"{templates[0].object} listens on loopback only, so {first.label} refuses",
            certainty=Certainty.CERTAIN if why.certain else Certainty.LIKELY,
            objects=templates,
            explanation=(
                f"{first.label} refuses connections: the application is bound to loopback for port {first.port}, where "
                "only containers of the same pod reach it. It has to listen on the pod's address."
            ),
            evidence=(why.evidence, *probe_evidence(failed_directly(case, route, backends))),
            fixes=(
                Fix(
                    f"bind to 0.0.0.0:{first.port} instead (often an option such as --host or --bind)",
                    kubectl("edit", templates[0]),
                ),
            ),
        )
        return Found(finding, ids(failed))


class NothingListening(Cause):
    """No process listens on the port to which the pod's traffic goes.

    What it means: the pod runs, and its network stack answers for the port with a RST: it has no such socket.

    Why it breaks: the application listens on another port, on none, or has not got that far yet.

    How it is seen: each connection to the endpoint is refused at once by the pod itself, and no other port of it is
    known to answer.

    Trap: an ICMP error from a node or a timeout is no RST; a listener on loopback (AppListensOnLoopback), another port
    that answers (TargetPortMismatch) and another protocol (ProtocolMismatch) say more. Where the pod's socket table
    has a listener on the port, something else sends the RST, such as a firewall rule or a proxy.

    Fix: start what should listen, or correct the port.

    References: Kubernetes documentation, Debug Services, "Are the Pods working?"; RFC 9293, section 3.5.2.
    """

    code: ClassVar[str] = "NothingListening"
    title: ClassVar[str] = "nothing listens on the target port"
    would_change: ClassVar[str] = (
        "a connection to the pod's own address that is accepted, or a RST that somebody else sends"
    )
    yields_to: ClassVar[tuple[str, ...]] = (
        "AppListensOnLoopback",
        "TargetPortMismatch",
        "ProtocolMismatch",
        "PodNotRunning",
        "StaleEndpoint",
        "UnreadyAddressesPublished",
        "IPFamilyMismatch",
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an endpoint that a client is to reach refuses."""
        pods_asked = case.path.target.kind is TargetKind.PODS
        refused = [
            (route, backend)
            for route in case.path.routes
            for backend in refused_backends(case, route)
            if backend.pod is not None and (backend.pod.ready or pods_asked)
        ]
        if refused:
            return self._found(case, refused)
        if any(s.ok for s in case.of(Aim.BACKEND)):
            return self.ruled_out("the target port answers")
        return None

    def _found(self, case: Case, refused: list[tuple[Route, Backend]]) -> Found:
        route, first = refused[0]
        assert first.pod is not None
        failed = [s for r, b in refused for s in failed_behind(case, r, [b])]
        looked = sockets_of(case, first.pod)
        serving = [s for s in reachable_sockets(case, first.pod, route.protocol) if s.port == first.port]
        templates = to_change(case.snapshot, ((b.pod, "spec.containers") for _, b in refused if b.pod))
        port = f"{first.port}/{route.protocol}"
        finding = Finding(
            code=self.code,
            title=(
                f"{first.label} refuses, although a socket listens there"
                if serving
                else f"nothing listens on port {port} of {templates[0].object}"
            ),
            certainty=certainty(failed, configured=looked is not None and not serving),
            objects=templates,
            explanation=(
                _refused_by_another(first, serving[0])
                if serving
                else _refused_by_the_pod(first, port, confirmed=looked is not None)
            ),
            evidence=(*probe_evidence(failed), *(socket_evidence(first.pod, s) for s in serving[:1])),
            fixes=(Fix("read what the application says about its port", kubectl("logs", first.pod.ref)),),
        )
        return Found(finding, ids(failed))


def _refused_by_the_pod(backend: Backend, port: str, *, confirmed: bool) -> str:
    return (
        f"{backend.label} refuses with a RST of its own: the pod is there, and no process in it listens on {port} at "
        f"its address. {'Its socket table confirms that. ' if confirmed else ''}"
        "Look whether the application has started, and on which port it means to listen."
    )


def _refused_by_another(backend: Backend, socket: Socket) -> str:
    return (
        f"{backend.label} refuses, while its socket table has a listener on {socket.shown}. So something else sends "
        "the RST: a firewall rule of the pod or its node that rejects, or a proxy before the application. Or the "
        "application began to listen only after it was asked."
    )
