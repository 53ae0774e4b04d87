"""Causes of an alias whose far end is asked for by the wrong name."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.served import problems, served
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.probing.aims import Aim
from netdoctor_probe.certificate import matches


class ExternalNameHostMismatch(Cause):
    """What an ExternalName Service stands for does not know the client's name for it.

    What it means: the Service is an alias in DNS only. The client still asks for the Service's name, in TLS (SNI) and
    in HTTP (Host), and the far end answers to its own name alone.

    Why it breaks: the certificate is for the far end's name, so that the client refuses it; or the far end serves
    several hosts, does not find the Service's name among them, and answers 404 or the like.

    How it is seen: the connection opens. The certificate has spec.externalName and not the host asked for; or the
    request fails by the Service's name and succeeds by the external one, from the same pod.

    Trap: a certificate that has the Service's name too, and a far end that serves any host. A 404 that comes by both
    names is the application's own.

    Fix: let clients ask for the external name; or put a proxy in between that sets Host and SNI.

    References: Kubernetes documentation, Service, "ExternalName" (its warning about HTTP and HTTPS).
    """

    code: ClassVar[str] = "ExternalNameHostMismatch"
    title: ClassVar[str] = "the far end of an ExternalName Service does not know the Service's name"
    would_change: ClassVar[str] = "an answer of the far end to the Service's own name, as Host or in its certificate"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the far end accepts its own name and not the Service's."""
        service = case.service
        if service is None or service.spec.type != "ExternalName" or not case.of(Aim.URL):
            return None
        alias = service.spec.external_name.rstrip(".")
        refused = [s for s in case.of(Aim.TLS) if "name" in problems(s) and _is_for(case, s, alias)]
        statuses = _told_apart(case)
        if not refused and not statuses:
            return self.ruled_out(f"{case.path.target.host} is as good there as {alias}")
        field = service.ref.at("spec.externalName")
        host = case.path.target.host
        sentences = [f"{service.ref} is an alias in DNS only: clients still ask for {host}, in TLS and in HTTP."]
        if refused and (one := served(refused[0])):
            sentences.append(f"The certificate there is for {one.label}, and not for {host}, so that they refuse it.")
        if statuses:
            sentences.append(f"The server answers {statuses[0]} for {host}, and {statuses[1]} for {alias}.")
        seen = [*refused, *_answers(case, Aim.URL), *_answers(case, Aim.URL_ALIAS)]
        finding = Finding(
            code=self.code,
            title=f"{alias}, which {service.ref} stands for, does not know the name {host}",
            certainty=certainty(seen),
            objects=(field,),
            explanation=" ".join(sentences),
            evidence=(Evidence(str(field), service.spec.external_name), *probe_evidence(seen)),
            fixes=(
                Fix(f"Let clients ask for {alias} itself"),
                Fix("Or put a proxy in between that sets Host and SNI to that name"),
            ),
        )
        return Found(finding, ids(refused))


def _is_for(case: Case, seen: Seen, alias: str) -> bool:
    """Whether the certificate is for the external name: by its names, or as the probe by that name found."""
    one = served(seen)
    by_alias = (s.observed.observation.detail.get("covers") for s in case.of(Aim.TLS_ALIAS))
    return one is not None and (any(matches(name, alias) for name in one.names) or any(by_alias))


def _told_apart(case: Case) -> tuple[int, int] | None:
    """HTTP statuses by the Service's name and by the external one, where only the latter is no error."""
    by_service, by_alias = ({_status(s) for s in _answers(case, aim)} for aim in (Aim.URL, Aim.URL_ALIAS))
    if by_service and by_alias and min(by_service) >= 400 > max(by_alias):
        return min(by_service), max(by_alias)
    return None


def _answers(case: Case, aim: Aim) -> tuple[Seen, ...]:
    return tuple(s for s in case.of(aim) if s.ok and "status" in s.observed.observation.detail)


def _status(seen: Seen) -> int:
    return int(seen.observed.observation.detail["status"])
