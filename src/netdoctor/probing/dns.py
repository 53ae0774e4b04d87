"""Probes of DNS: which of those that a name has to pass does not answer, or not rightly."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.probe import Probe, ProbeKind
from netdoctor.path.expectation import Expectation
from netdoctor.path.names import service_name
from netdoctor.path.path import Path
from netdoctor.path.target import TargetKind
from netdoctor.probing.aims import Aim, Aimed
from netdoctor.probing.reaching import MAX_BACKENDS, settling


def dns_probes(path: Path, expectation: Expectation) -> Iterator[tuple[Aimed, Probe]]:
    """The name as the source looks it up, and each DNS server and its ClusterIP asked for it, over UDP and TCP."""
    dns = path.dns
    if not dns.name:
        return
    denied = any(expectation.denied(b, "UDP") for b in ((dns.local,) if dns.local else dns.udp))
    yield Aimed(Aim.NAME, required=True), Probe("", ProbeKind.LOOKUP, name=dns.name, delay=settling(denied))
    question = _absolute(path)
    for transport, backends in (("udp", dns.udp), ("tcp", dns.tcp)):
        for vip in dns.service.vips if dns.service else ():
            probe = Probe("", ProbeKind.DNS, name=question, server=vip, transport=transport, delay=settling(denied))
            yield Aimed(Aim.DNS_VIP), probe
        for backend in backends[:MAX_BACKENDS]:
            delay = settling(expectation.denied(backend, transport.upper()))
            required = dns.used and transport == "udp" and dns.local is None
            yield (
                Aimed(Aim.DNS_SERVER, required, backend=backend),
                Probe(
                    "",
                    ProbeKind.DNS,
                    name=question,
                    server=backend.address,
                    port=backend.port,
                    transport=transport,
                    delay=delay,
                ),
            )
    yield from _local_dns_probes(path, expectation)
    yield from _control_probes(path)


def _local_dns_probes(path: Path, expectation: Expectation) -> Iterator[tuple[Aimed, Probe]]:
    """What the source asks where NodeLocal DNSCache stands before the DNS servers."""
    local = path.dns.local
    if local is None:
        return
    for transport in ("udp", "tcp"):
        delay = settling(expectation.denied(local, transport.upper()))
        yield (
            Aimed(Aim.DNS_LOCAL, backend=local),
            Probe("", ProbeKind.DNS, name=_absolute(path), server=local.address, transport=transport, delay=delay),
        )


def _control_probes(path: Path) -> Iterator[tuple[Aimed, Probe]]:
    """Beside a name that the DNS servers have to ask elsewhere, one that they know: which part of them fails?"""
    service = path.target.service
    outside = path.target.kind is TargetKind.HOST or (service is not None and service.spec.type == "ExternalName")
    name = f"kubernetes.default.svc.{path.dns.domain}"
    for backend in path.dns.udp[:MAX_BACKENDS] if outside else ():
        probe = Probe("", ProbeKind.DNS, name=name, server=backend.address, port=backend.port)
        yield Aimed(Aim.CLUSTER_NAME, backend=backend), probe


def _absolute(path: Path) -> str:
    """The name that each DNS server is asked for: fully qualified, so that no search list matters."""
    target = path.target
    if target.kind is TargetKind.SERVICE:
        return service_name(target.ref, path.dns.domain)
    return path.dns.name.rstrip(".")
