"""Causes in the certificate that a server shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.clocks import CLOCKS_AGREE, agreed, server_skew, span
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.served import DATES, Served, clock, problems, served
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.names import service_name
from netdoctor.probing.aims import Aim
from netdoctor_probe.certificate import matches, rfc3339

# A proxy without a certificate for the host shows its default one.
_WITHOUT = ("IngressTLSSecretInvalid", "ListenerCertificateInvalid", "CertificateNotIssued")


class CertificateExpired(Cause):
    """The certificate that the server shows is not valid today.

    What it means: the certificate's last day is over, or its first has not come. The same is reported where it is a
    certificate of its issuer that has expired.

    Why it breaks: a client that verifies certificates refuses the connection in the TLS handshake.

    How it is seen: TCP connects, and the handshake ends with an error of verification. The dates are read from the
    certificate itself, whoever issued it.

    Trap: a wrong clock makes any certificate look like that. The dates are judged by the clock of the probe and by
    that of the machine that runs netdoctor; where these disagree, this cause is ruled out, and the clocks are named.
    The time that the server says (HTTP Date) is evidence beside them. A port for which nobody asked by https:// is only
    warned about.

    Fix: renew the certificate, and let the server load it: many read it only when they start.

    References: RFC 5280, 4.1.2.5 (Validity) and 6.1.3; RFC 9110, 6.6.1 (Date).
    """

    code: ClassVar[str] = "CertificateExpired"
    title: ClassVar[str] = "the certificate that the server shows is not valid today"
    would_change: ClassVar[str] = "dates of the served certificate within which the probe's clock lies"
    yields_to: ClassVar[tuple[str, ...]] = _WITHOUT  # a controller's default, whatever its dates

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a certificate's dates, or its issuer's, exclude today by every clock that is known."""
        shown = [(s, one) for s in case.of(Aim.TLS, Aim.TLS_NOTED) if (one := served(s)) is not None]
        dated = [(s, one) for s, one in shown if set(problems(s)) & set(DATES)]
        if not shown:
            return None
        if not dated:
            one = shown[0][1]
            return self.ruled_out(f"it is valid from {rfc3339(one.not_before)} until {rfc3339(one.not_after)}")
        sure = [(s, one) for s, one in dated if agreed(case, s, one)]
        if not sure:
            told = clock(dated[0][0])
            return self.ruled_out(
                f"only the clock of the probe's node says so: {rfc3339(told) if told else 'unknown'} there, "
                f"{rfc3339(case.snapshot.taken_at)} here"
            )
        return self._found(case, sure)

    def _found(self, case: Case, dated: Sequence[tuple[Seen, Served]]) -> Found:
        seen, one = dated[0]
        asked = [s for s, _ in dated if s.aimed.aim is Aim.TLS]
        wrong = next(problem for problem in problems(seen) if problem in DATES)
        finding = Finding(
            code=self.code,
            title=f"the certificate of {case.path.target.host} {_when(wrong, one)}",
            certainty=certainty([s for s, _ in dated]),
            objects=(case.path.target.ref,),
            explanation=_dates_explained(case, wrong, one, seen),
            evidence=(*_facts(seen, one), *probe_evidence([s for s, _ in dated])),
            fixes=(*_renewed(case), Fix("Renew the certificate, and let the server load it")),
        )
        return Found(finding, ids(asked), warning=not asked)


def _when(wrong: str, one: Served) -> str:
    if wrong == "expired":
        return f"expired on {rfc3339(one.not_after)}"
    if wrong == "notYetValid":
        return f"is valid from {rfc3339(one.not_before)} only"
    return "comes from an issuer whose own certificate is not valid today"


def _dates_explained(case: Case, wrong: str, one: Served, seen: Seen) -> str:
    told = clock(seen) or case.snapshot.taken_at
    sentences = [
        f"It is valid from {rfc3339(one.not_before)} until {rfc3339(one.not_after)}, and where it was seen it was "
        f"{rfc3339(told)}, by a clock that agrees with the one here. A client that verifies certificates ends the "
        "handshake."
    ]
    if wrong in {"issuerExpired", "issuerNotYetValid"}:
        sentences.append("Its own dates are fine, and one of the certificates above it has others.")
    skew = server_skew(case, seen)
    if skew is not None and abs(skew) >= CLOCKS_AGREE:
        sentences.append(
            f"The server's own clock is {span(skew)}, so that it may look valid there: set that clock right, too."
        )
    return " ".join(sentences)


def _renewed(case: Case) -> tuple[Fix, ...]:
    """For pods of the cluster: let them load the new certificate."""
    for pod in case.pods_of_service():
        workload = case.snapshot.workload_of(pod)
        if workload is not None:
            return (Fix("Once renewed, let the pods load it", kubectl("rollout restart", workload.ref)),)
    return ()


def _facts(seen: Seen, one: Served) -> tuple[Evidence, ...]:
    text = f"the certificate is for {one.label}; issued by {one.issuer}; SHA-256 {one.sha256[:16]}…"
    return (Evidence(seen.id, text),)


class CertificateNameMismatch(Cause):
    """The certificate that the server shows is for other names.

    What it means: none of the names in the certificate is the host of the URL.

    Why it breaks: a client verifies that the certificate is for the very host that it asked for, and ends the handshake
    where it is not. Only the names in subjectAltName count; clients ignore the CN of the subject. A wildcard stands for
    exactly one label, and an address has to be there as an address.

    How it is seen: TCP connects, the handshake would succeed, and no name in the certificate matches.

    Trap: without SNI a server cannot know which of its certificates is wanted, and shows a default. netdoctor always
    sends the host as SNI, as clients do, but for addresses, which SNI does not know: then the finding says so. A
    Service asked for without a URL is not measured by the certificate: nobody knows by which name clients call it.

    Fix: ask by a name that the certificate has, or have one issued that has the name.

    References: RFC 9525, 6.3 and 6.5; RFC 6066, 3 (SNI); RFC 9110, 4.3.4.
    """

    code: ClassVar[str] = "CertificateNameMismatch"
    title: ClassVar[str] = "the certificate that the server shows is for other names"
    would_change: ClassVar[str] = "the name asked for among the served certificate's names"
    yields_to: ClassVar[tuple[str, ...]] = ("ExternalNameHostMismatch", *_WITHOUT)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the certificate of an https:// URL does not have its host."""
        shown = [(s, one) for s in case.of(Aim.TLS) if (one := served(s)) is not None]
        if not shown:
            return None
        wrong = [(s, one) for s, one in shown if "name" in problems(s)]
        if not wrong:
            return self.ruled_out(f"it is for {shown[0][1].label}")
        seen, one = wrong[0]
        host = case.path.target.host
        failed = [s for s, _ in wrong]
        finding = Finding(
            code=self.code,
            title=f"the certificate that {host} shows is for {one.label}",
            certainty=certainty(failed),
            objects=(case.path.target.ref,),
            explanation=" ".join(_names_explained(host, one, sni=bool(seen.observed.probe.name))),
            evidence=(*_facts(seen, one), *probe_evidence(failed)),
            fixes=_named_right(case, one),
        )
        return Found(finding, ids(failed))


def _names_explained(host: str, one: Served, *, sni: bool) -> list[str]:
    sentences = [f"The URL asks for {host}, and a client accepts only a certificate that has this very name."]
    near = next((name for name in one.names if name.startswith("*.") and host.endswith(name[1:])), None)
    if not one.names:
        sentences.append(f"It has no name at all but its subject, {one.subject or 'none'}, which clients ignore.")
    elif near:
        sentences.append(f"{near} is a wildcard for exactly one label, and {host} has more before {near[2:]}.")
    elif f"*.{host}" in one.names:
        sentences.append(f"*.{host} stands for names below {host}, and not for {host} itself.")
    if not sni:
        sentences.append(
            "An address cannot be sent as a server name (SNI), so that this may be the server's default certificate: "
            "asked by name it may show another."
        )
    return sentences


def _named_right(case: Case, one: Served) -> tuple[Fix, ...]:
    """The host's other names in DNS, where the certificate has one of them, or a certificate with this name."""
    target = case.path.target
    full = service_name(target.ref, case.path.dns.domain)
    others = (full, full.removesuffix(f".{case.path.dns.domain}"), f"{target.ref.name}.{target.ref.namespace}")
    better = next((name for name in others if any(matches(known, name) for known in one.names)), None)
    ask = (Fix(f"Ask for it by a name that the certificate has: {better}"),) if better and target.service else ()
    return (*ask, Fix(f"Have a certificate issued that has the name {target.host}, and let the server load it"))
