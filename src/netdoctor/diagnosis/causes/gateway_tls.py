"""Causes in the certificates of a Gateway's listeners."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import ClassVar

from netdoctor.cluster.certificate import TLS_TYPE
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.gateway_status import said_of_listener
from netdoctor.diagnosis.grants import grant
from netdoctor.diagnosis.ingress_cause import WayCause
from netdoctor.diagnosis.kubectl import json_patch
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.gateway.certificates import NOT_PERMITTED, NamedCertificate, certificates_of
from netdoctor.path.gateway.shapes import Listener
from netdoctor.path.gateway.way import GatewayWay
from netdoctor.probing.aims import Aim


class ListenerCertificateInvalid(WayCause):
    """A Gateway's listener has no certificate: its Secret is not there, holds none, or may not be named.

    What it means: each certificateRef of the listener names a Secret that does not exist, or whose tls.crt is missing
    or cannot be read; or one of another namespace, in which no ReferenceGrant lets Gateways of the Gateway's namespace
    name it.

    Why it breaks: a listener without a certificate is not programmed: connections to it are refused, or their handshake
    fails.

    How it is seen: the TLS handshake fails; the listener's condition ResolvedRefs is False, with reason
    InvalidCertificateRef or RefNotPermitted.

    Trap: of several certificateRefs one that is in order serves its hosts: then the others are a warning. A certificate
    for other names is CertificateNameMismatch. One that cert-manager is still to issue is CertificateNotIssued.
    Where a certificate for the host is shown, the Gateway has one.

    Fix: name a Secret of type kubernetes.io/tls, create it, or create the ReferenceGrant.

    References: Gateway API reference, ListenerTLSConfig, SecretObjectReference, ReferenceGrant.
    """

    code: ClassVar[str] = "ListenerCertificateInvalid"
    title: ClassVar[str] = "a Gateway's listener has no certificate that exists and that it may name"
    would_change: ClassVar[str] = "a certificate for the host, shown by the Gateway or held by such a Secret"
    yields_to: ClassVar[tuple[str, ...]] = ("CertificateNotIssued",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where no certificate of a listener can be used; a warning where another one can."""
        way = case.path.target.gateway
        if way is None:
            return None
        named = [(one, certificates_of(case.snapshot, way.gateway, one)) for one in way.listeners]
        partly = [(one, refs) for one, refs in named if _doubted(refs) and not _shows(case, way, one)]
        broken = [(one, refs) for one, refs in partly if all(ref.problem for ref in refs)]
        if partly:
            wrong = [ref for _, refs in broken or partly for ref in refs if ref.problem]
            failed = [s for one, _ in broken or partly for s in _asked(case, way, one) if s in case.failed]
            return self._found(case, way, wrong, failed, warning=not broken)
        secured = any(refs for _, refs in named)
        return self.ruled_out("nothing is known to be wrong with the listeners' certificates") if secured else None

    def _found(
        self, case: Case, way: GatewayWay, wrong: Sequence[NamedCertificate], failed: Sequence[Seen], *, warning: bool
    ) -> Found:
        first = wrong[0]
        because = " ".join(dict.fromkeys(f"{one.secret}: {one.problem}." for one in wrong))
        finding = Finding(
            code=self.code,
            title=f"{way.gateway.ref} has no certificate from {first.secret}: {first.problem}",
            certainty=certainty(failed),
            objects=(*(one.field for one in wrong), *dict.fromkeys(one.secret for one in wrong)),
            explanation=f"{because} A listener without a certificate takes no connections over TLS.",
            evidence=(
                *(Evidence(str(one.field), f"names {one.secret}: {one.problem}") for one in wrong),
                *said_of_listener(way.gateway, first.field, "ResolvedRefs"),
                *probe_evidence(failed),
            ),
            fixes=tuple(fix for one in wrong for fix in _fixes(case, one)),
        )
        return Found(finding, ids(failed), warning=warning)


def _doubted(refs: Sequence[NamedCertificate]) -> bool:
    return any(one.problem for one in refs)


def _asked(case: Case, way: GatewayWay, listener: Listener) -> list[Seen]:
    """What came of the requests and handshakes that went to a listener."""
    asked = (s for s in case.of(Aim.CERTIFICATE, Aim.RULE) if s.tried)
    return [s for s in asked if s.aimed.ask is not None and way.asks[s.aimed.ask].listener == listener]


def _shows(case: Case, way: GatewayWay, listener: Listener) -> bool:
    """Whether the Gateway has shown a certificate for a host of the listener."""
    return any(s.ok for s in _asked(case, way, listener) if s.aimed.aim is Aim.CERTIFICATE)


def _fixes(case: Case, one: NamedCertificate) -> Iterator[Fix]:
    if one.problem == NOT_PERMITTED:
        yield grant(one.field, one.secret)
        return
    pointer = "/" + one.field.path.replace("[", "/").replace("]", "").replace(".", "/")
    for other in case.snapshot.secrets:
        if other.namespace == one.secret.namespace and other.type == TLS_TYPE and other.ref != one.secret:
            change = {"op": "replace", "path": f"{pointer}/name", "value": other.name}
            yield json_patch(f"use Secret {other.name}", one.field.object, change)
    words = ["kubectl", "create", "secret", "tls", one.secret.name, "-n", one.secret.namespace]
    yield Fix("create it from a certificate and its key", shlex.join([*words, "--cert=tls.crt", "--key=tls.key"]))
