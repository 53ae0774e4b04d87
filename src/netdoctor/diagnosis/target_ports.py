"""Which port of a pod a Service evidently means, where its targetPort is another one."""

from __future__ import annotations

import re

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.listeners import refused, sockets_of
from netdoctor.diagnosis.readiness import readiness_ports
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import destination
from netdoctor.path.path import Route
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow
from netdoctor.probing.plan import Aim

SIDE_PORTS = re.compile(r"metric|prom|health|live|ready|status|admin|debug|pprof|probe|mgmt|manage")


def meant_ports(case: Case, route: Route, backend: Backend) -> tuple[int, ...]:
    """Ports at which a backend's pod answers where the targetPort does not; empty where the targetPort may be right.

    `containerPort` is only informational, so that it proves nothing alone: the targetPort has to refuse, or a policy
    has to drop it that admits the one port which the pod declares.
    """
    pod, front = backend.pod, route.service_port
    if pod is None or front is None or isinstance(front.target_port, str):
        return ()
    declared = {p.container_port for p in pod.ports if p.protocol == route.protocol}
    if backend.port in declared or backend.port in readiness_ports(pod):
        return ()
    if refused(case, route, backend):
        return tuple(sorted(_answering(case, route, backend) - {backend.port}))
    if len(declared) == 1 and _dropped_for(case, route, backend, port := next(iter(declared))):
        return (port,)
    return ()


def _answering(case: Case, route: Route, backend: Backend) -> set[int]:
    """Other ports of the pod that were seen to answer, by a probe, by kubelet's, or among its sockets."""
    pod = backend.pod
    assert pod is not None
    found = {s.observed.probe.port for s in case.of(Aim.OTHER_PORT, route=route, backend=backend) if s.ok}
    if pod.ready and route.protocol == "TCP":
        found |= readiness_ports(pod)
    if not found:
        sockets = sockets_of(case, pod) or ()
        found = {s.port for s in sockets if s.protocol == route.protocol and not s.loopback}
    return found


def _dropped_for(case: Case, route: Route, backend: Backend, port: int) -> bool:
    """Whether policies drop the targetPort and admit `port`, and no probe speaks against that."""
    pod, expectation = backend.pod, case.expectation
    assert pod is not None
    if any(SIDE_PORTS.search(p.name) for p in pod.ports) or not expectation.denied(backend, route.protocol):
        return False
    verdict = expectation.of(backend, route.protocol)
    flow = Flow(verdict.flow.source, destination(backend, case.snapshot), verdict.flow.protocol, port)
    if decide(expectation.policies, flow, expectation.profile).allowed is not True:
        return False
    if any(s.ok for s in case.to_backend(route, backend)):
        return False
    others = [s for s in case.of(Aim.OTHER_PORT, route=route, backend=backend) if s.observed.probe.port == port]
    return not case.probed or any(s.ok for s in others)
