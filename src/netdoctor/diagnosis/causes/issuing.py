"""Causes in cert-manager: a certificate that it is to make is not made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.cluster.certificate import Holding
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.ingress_cause import WayCause, secret_of
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.gateway.certificates import secrets_of
from netdoctor.path.gateway.way import GatewayWay, RouteAsk
from netdoctor.path.ingress.way import IngressAsk
from netdoctor.path.issuing import Stuck, stuck
from netdoctor.path.way import Ask, Way
from netdoctor.probing.aims import Aim


class CertificateNotIssued(WayCause):
    """cert-manager has not issued the certificate that an Ingress or a Gateway needs.

    What it means: a Certificate is to fill the Secret that the Ingress or the listener names, it is not Ready, and the
    Secret is not there or holds none. The report names the object at which issuing stands still: the Issuer, the
    CertificateRequest, the Order, or the Challenge, and what it says.

    Why it breaks: until there is a certificate, a controller shows its own default one, and a Gateway's listener is
    not programmed.

    How it is seen: asked for the host by SNI, a certificate for another name is shown, or the handshake fails.

    Trap: a Certificate that is being renewed is not what is wrong while its Secret holds the one before; a Certificate
    that is Ready, or none at all, leaves it at IngressTLSSecretInvalid or ListenerCertificateInvalid.

    Fix: what the stuck object says: for a Challenge by HTTP-01, that http://HOST/.well-known/acme-challenge/ is
    reachable from outside; for DNS-01, the record; for an Issuer, its account or key.

    References: cert-manager documentation, Troubleshooting, and Certificate resource; RFC 8555 (ACME), 8.3 and 8.4.
    """

    code: ClassVar[str] = "CertificateNotIssued"
    title: ClassVar[str] = "cert-manager has not issued the certificate"
    would_change: ClassVar[str] = "the condition Ready of the Certificate, or a certificate that the Secret holds"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a Secret lacks its certificate, and the Certificate for it is not Ready."""
        ruled_out = None
        way = case.path.target.way
        for ref in way.secrets if way else ():
            held, waiting = secret_of(case, ref), stuck(case.snapshot, ref)
            if waiting is None or way is None:
                continue
            asked = _asked(case, way, ref)
            if held.holding is Holding.CERTIFICATE or any(s.ok for s in asked if s.aimed.aim is Aim.CERTIFICATE):
                ruled_out = self.ruled_out(f"{waiting.certificate.ref} is not Ready, and the one before is in use")
            elif held.holding is not Holding.UNKNOWN or waiting.never:
                return self._found(way, ref, waiting, [s for s in asked if s in case.failed])
        return ruled_out

    def _found(self, way: Way, secret: ObjectRef, waiting: Stuck, failed: Sequence[Seen]) -> Found:
        named = waiting.certificate.ref
        finding = Finding(
            code=self.code,
            title=f"{named} is not issued: {waiting.ref.object}: {waiting.because}",
            certainty=certainty(failed),
            objects=tuple(dict.fromkeys((waiting.ref, named))),
            explanation=(
                f"{secret}, which {way.ref} needs, is to be made by cert-manager for {named}. That stands still at "
                f"{waiting.ref.object}: {waiting.because}."
            ),
            evidence=(Evidence(str(waiting.ref), waiting.because), *probe_evidence(failed)),
            fixes=tuple(
                Fix(f"see what {one.kind} {one.name} says", kubectl("describe", one))
                for one in dict.fromkeys((waiting.ref.object, named))
            ),
        )
        return Found(finding, ids(failed))


def _asked(case: Case, way: Way, secret: ObjectRef) -> list[Seen]:
    """What came of requests and handshakes for which the certificate of a Secret is to be shown."""
    seen = (s for s in case.of(Aim.CERTIFICATE, Aim.RULE) if s.aimed.ask is not None)
    return [s for s in seen if s.aimed.ask is not None and _needs(way, way.asks[s.aimed.ask], secret)]


def _needs(way: Way, ask: Ask, secret: ObjectRef) -> bool:
    if isinstance(ask, IngressAsk):
        return ask.secured and ask.tls is not None and ask.tls.secret_name == secret.name
    listener = ask.listener if isinstance(ask, RouteAsk) else None
    return isinstance(way, GatewayWay) and listener is not None and secret in secrets_of(way.gateway, listener)
