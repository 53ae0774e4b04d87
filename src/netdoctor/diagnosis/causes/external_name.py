"""Causes of a Service that is only an alias."""

from __future__ import annotations

from ipaddress import ip_address
from typing import ClassVar

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.names import service_of
from netdoctor.probing.plan import BY_NAME, Aim

_NO_ADDRESS = (Outcome.UNRESOLVABLE, Outcome.SERVFAIL)  # ends of a connection by name that got no address to go to


class ExternalNameUnresolvable(Cause):
    """The name behind an ExternalName Service does not resolve.

    What it means: the Service is an alias, and there is no address at the name in spec.externalName.

    Why it breaks: cluster DNS answers with a CNAME; the client then needs the address of that name, from the cluster
    itself or from the upstream servers.

    How it is seen: the lookup fails, and of the answers of the DNS servers only the CNAME is there.

    Trap: externalName takes a name. An IP address in it is taken for a name made of digits, which nobody has. A dot
    at the end is allowed and changes nothing.

    Fix: correct spec.externalName; for an address use a Service without selector and an EndpointSlice.

    References: Kubernetes documentation, Service, "ExternalName".
    """

    code: ClassVar[str] = "ExternalNameUnresolvable"
    title: ClassVar[str] = "the name behind an ExternalName Service does not resolve"
    would_change: ClassVar[str] = "an address for the name in spec.externalName"
    yields_to: ClassVar[tuple[str, ...]] = ("DNSServerDown", "DNSEgressDenied", "DNSUpstreamFailing")

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the objects show that the name means nothing, or a lookup of it failed."""
        service = case.service
        if service is None or service.spec.type != "ExternalName":
            return None
        lookups = [s for s in case.of(Aim.NAME) if s.tried]
        if any(s.ok for s in lookups):
            return self.ruled_out(f"{service.spec.external_name} resolves")
        because = _impossible(case)
        failed = [s for s in case.failed if s.aimed.aim in BY_NAME]
        outcome = _failed_lookup(case)
        if because is None and (case.backing is not None or outcome is None):
            return None
        known = because is not None
        return self._found(service, because or f"the lookup ends with {outcome}", failed, known=known)

    def _found(self, service: Service, because: str, failed: list[Seen], *, known: bool) -> Found:
        field, name = service.ref.at("spec.externalName"), service.spec.external_name
        finding = Finding(
            code=self.code,
            title=f"{service.ref} is an alias of {name}, which has no address",
            certainty=certainty(failed, configured=known),
            objects=(field,),
            explanation=f"{service.ref} only stands for another name, {name}, and {because}. "
            "Cluster DNS answers with that alias, and the client finds no address behind it.",
            evidence=(Evidence(str(field), name), *probe_evidence(failed)),
            fixes=(
                merge_patch("name the right host", service.ref, {"spec": {"externalName": "NAME"}}),
                Fix("see the Service", kubectl("get", service.ref, "-o", "yaml")),
            ),
        )
        return Found(finding, ids(failed), proven=known)


def _failed_lookup(case: Case) -> Outcome | None:
    """How a lookup of the name failed; None where none did: a connection by name fails for other reasons too."""
    by_name = [s.outcome for s in case.failed if s.aimed.aim is Aim.NAME]
    connecting = [s.outcome for s in case.failed if s.aimed.aim in (Aim.HOST, Aim.URL) and s.outcome in _NO_ADDRESS]
    return next(iter((*by_name, *connecting)), None)


def _impossible(case: Case) -> str | None:
    """Why the name cannot resolve, by the objects alone; None where only a lookup can tell."""
    assert case.service is not None
    name = case.service.spec.external_name.rstrip(".")
    try:
        ip_address(name)
    except ValueError:
        meant = service_of(name, case.path.dns.domain)
        if meant is None or not case.snapshot.was_read("Service", meant.namespace):
            return None
        if case.snapshot.get("Service", meant.namespace, meant.name) is None:
            return f"namespace {meant.namespace} has no Service {meant.name}"
        return None
    return "that is an address, which DNS takes for a name made of digits"
