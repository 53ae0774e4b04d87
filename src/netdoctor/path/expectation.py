"""What the policies say about each flow that a path needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from netdoctor.cluster.facts import CNI, cni
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.path.backends import Backend
from netdoctor.path.path import Path, Route
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Endpoint, Flow, ip_endpoint, pod_endpoint
from netdoctor.policy.profile import CNIProfile, profile_for
from netdoctor.policy.rules import Protocol
from netdoctor.policy.verdict import FlowVerdict


@dataclass(frozen=True, slots=True)
class Expectation:
    """Policy verdicts for the flows of a path, after DNAT; see `_key`."""

    policies: CompiledPolicies
    cni: CNI
    profile: CNIProfile
    verdicts: Mapping[tuple[str, int, str], FlowVerdict]
    parts: tuple[Expectation, ...] = ()  # of the parts of the path

    def of(self, backend: Backend, protocol: str) -> FlowVerdict:
        """The verdict on the flow from the path's source to a backend."""
        return self.verdicts[_key(backend, protocol)]

    def denied(self, backend: Backend, protocol: str) -> bool:
        """Whether policies deny it; false where that cannot be known."""
        return self.of(backend, protocol).allowed is False

    def denied_backends(self, route: Route) -> tuple[Backend, ...]:
        """The backends of a route that policies keep the source from."""
        return tuple(b for b in route.backends if self.denied(b, route.protocol))


def expect(snapshot: Snapshot, path: Path) -> Expectation:
    """Decide every flow that the path needs: to each endpoint of the target and to each DNS server."""
    network = cni(snapshot)
    policies = compile_policies(snapshot, cni=network.name)
    return _expect(snapshot, path, Expectation(policies, network, profile_for(network.name), {}))


def _expect(snapshot: Snapshot, path: Path, known: Expectation) -> Expectation:
    policies, profile = known.policies, known.profile
    flows = [
        (backend, route.protocol)
        for route in path.routes
        for backend in (*route.ready, *route.unready, *route.intended)
    ]
    flows += [(backend, "UDP") for backend in (*path.dns.udp, *path.dns.meant)]
    flows += [(backend, "TCP") for backend in path.dns.tcp]
    flows += [(path.dns.local, protocol) for protocol in ("UDP", "TCP") if path.dns.local]
    verdicts = {
        _key(backend, protocol): decide(
            policies,
            Flow(path.source.endpoint, destination(backend, snapshot), _protocol(protocol), backend.port),
            profile,
        )
        for backend, protocol in flows
    }
    parts = tuple(_expect(snapshot, part, known) for part in path.parts)
    return replace(known, verdicts=verdicts, parts=parts)


def destination(backend: Backend, snapshot: Snapshot) -> Endpoint:
    """A backend as policies see it."""
    return pod_endpoint(backend.pod, snapshot) if backend.pod else ip_endpoint(backend.address, snapshot)


def _key(backend: Backend, protocol: str) -> tuple[str, int, str]:
    """What tells one flow of a path from another: pods of manifests have a name, and no address yet."""
    return backend.address or str(backend.pod and backend.pod.ref), backend.port, protocol


def _protocol(text: str) -> Protocol:
    return "UDP" if text == "UDP" else "SCTP" if text == "SCTP" else "TCP"
