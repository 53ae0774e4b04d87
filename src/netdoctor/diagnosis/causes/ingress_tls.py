"""Causes in the certificates of an Ingress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from netdoctor.cluster.certificate import TLS_TYPE, Holding, TLSSecret, tls_secret
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.ingress_cause import IngressCause, issued_by, secret_of
from netdoctor.diagnosis.kubectl import command, json_patch, kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.ingress.shapes import spec_of
from netdoctor.path.ingress.way import IngressAsk, IngressWay
from netdoctor.probing.aims import Aim

# Subjects of the certificates that controllers make for themselves.
_DEFAULTS = ("Kubernetes Ingress Controller Fake Certificate", "TRAEFIK DEFAULT CERT", "ingress.local")
_NAMED = 3  # Secrets suggested


class IngressTLSSecretInvalid(IngressCause):
    """The Secret with the certificate of an Ingress's host is not there, or holds no certificate.

    What it means: spec.tls of the Ingress names a Secret that its namespace does not have, or whose tls.crt is missing
    or cannot be read.

    Why it breaks: the API server accepts any name. The controller, without a certificate for the host, shows its own
    default one, which no client trusts and which is for another name.

    How it is seen: asked for the host by SNI, the controller shows a certificate for another name.

    Trap: without SNI every controller shows its default certificate: netdoctor always sends the host. A certificate
    that is there and is for other names is CertificateNameMismatch. A controller whose default certificate covers the
    host (a wildcard) needs no Secret.

    Fix: name a Secret of type kubernetes.io/tls in the namespace of the Ingress, or create it.

    References: Kubernetes documentation, Ingress, "TLS"; Secrets, "TLS Secrets"; RFC 6066, 3 (SNI).
    """

    code: ClassVar[str] = "IngressTLSSecretInvalid"
    title: ClassVar[str] = "the Secret with the host's certificate is not there, or holds none"
    would_change: ClassVar[str] = "a certificate for the host, shown by the controller or held by the Secret"
    yields_to: ClassVar[tuple[str, ...]] = ("CertificateNotIssued",)

    def examine_way(self, case: Case, way: IngressWay) -> Found | RuledOut | None:
        """Found where a Secret was looked for in vain, or could not be read and the controller's default is shown."""
        ruled_out = None
        for ask in way.asks:
            if not (ask.secured and ask.tls and ask.tls.secret_name):
                continue
            secret = secret_of(case, ObjectRef("Secret", ask.tls.secret_name, way.ingress.namespace))
            shown = [s for s in _shown(case, way, ask.host) if s.tried]
            if any(_certificate(s).get("sha256") and s.observed.observation.detail.get("covers") for s in shown):
                ruled_out = self.ruled_out(f"the controller shows a certificate for {ask.host}")
                continue
            because = _wrong(secret, shown)
            if because:
                return self._found(case, way, ask, secret, (because, shown))
        return ruled_out

    def _found(
        self, case: Case, way: IngressWay, ask: IngressAsk, secret: TLSSecret, told: tuple[str, Sequence[Seen]]
    ) -> Found:
        because, shown = told
        failed = [s for s in shown if s in case.failed]
        field = _field(way, ask)
        known = secret.holding is not Holding.UNKNOWN
        finding = Finding(
            code=self.code,
            title=f"{way.ingress.ref} has no certificate for {ask.host}: {because}",
            certainty=certainty(failed, configured=known),
            objects=(field, secret.ref),
            explanation=" ".join(_explained(case, way, ask, because)),
            evidence=(
                Evidence(str(field), f"names Secret {secret.ref.name}"),
                Evidence(str(secret.ref), secret.because or secret.holding),
                *(Evidence(s.id, _described(s)) for s in failed[:1]),
                *probe_evidence(failed, limit=2),
            ),
            fixes=tuple(_fixes(case, way, secret, (field, ask.host))),
        )
        return Found(finding, ids(failed), proven=known)


def _shown(case: Case, way: IngressWay, host: str) -> list[Seen]:
    listed = case.of(Aim.CERTIFICATE)
    return [s for s in listed if s.aimed.ask is not None and way.asks[s.aimed.ask].host == host]


def _certificate(seen: Seen) -> Mapping[str, Any]:
    found = seen.observed.observation.detail.get("certificate")
    return found if isinstance(found, dict) else {}


def _wrong(secret: TLSSecret, shown: Sequence[Seen]) -> str:
    """What is wrong with a Secret; empty where nothing is known to be."""
    name = f"Secret {secret.ref.name}"
    if secret.holding is Holding.ABSENT:
        return f"{name} does not exist"
    if secret.holding is Holding.UNUSABLE:
        return f"{name} holds no usable certificate ({secret.because})"
    certificates = [_certificate(s) for s in shown]
    if secret.holding is Holding.UNKNOWN:
        default = any(_of_controller(one) for one in certificates)
        return f"{name} could not be read, and the controller shows its own default certificate" if default else ""
    other = certificates and all(secret.chain[0].sha256 != one.get("sha256") for one in certificates)
    return f"{name} is of type {secret.type}, not {TLS_TYPE}" if other and secret.type != TLS_TYPE else ""


def _of_controller(certificate: Mapping[str, Any]) -> bool:
    """Whether a certificate is one that a controller made for itself."""
    text = f"{certificate.get('subject', '')} {certificate.get('names', '')}"
    return any(default in text for default in _DEFAULTS)


def _field(way: IngressWay, ask: IngressAsk) -> ObjectRef:
    index = next((n for n, one in enumerate(spec_of(way.ingress).tls or ()) if one == ask.tls), 0)
    return way.ingress.ref.at(f"spec.tls[{index}].secretName")


def _explained(case: Case, way: IngressWay, ask: IngressAsk, because: str) -> Iterator[str]:
    yield f"{because[0].upper()}{because[1:]}, so that the controller has no certificate for {ask.host}"
    yield "and shows its own default one, which clients refuse."
    elsewhere = _elsewhere(case, way, ask)
    if elsewhere:
        yield f"{elsewhere} has that name, but the Secret has to be in the namespace of the Ingress."
    if issuer := issued_by(way):
        yield f"The Ingress has the annotation {issuer}: cert-manager is to make it, and its Certificate says why not."


def _elsewhere(case: Case, way: IngressWay, ask: IngressAsk) -> ObjectRef | None:
    name, here = ask.tls.secret_name if ask.tls else "", way.ingress.namespace
    return next((s.ref for s in case.snapshot.secrets if s.name == name and s.namespace != here), None)


def _described(seen: Seen) -> str:
    certificate = _certificate(seen)
    names = ", ".join(map(str, certificate.get("names") or ())) or certificate.get("subject") or "nobody"
    return f"the certificate that is shown is for {names}"


def _others(case: Case, way: IngressWay, secret: TLSSecret, host: str) -> Iterator[str]:
    """Secrets beside it that hold a certificate for the host."""
    for other in case.snapshot.secrets:
        if other.namespace == way.ingress.namespace and other.type == TLS_TYPE and other.ref != secret.ref:
            held = tls_secret(case.snapshot, other.namespace, other.name).certificate
            if held is not None and held.covers(host):
                yield other.name


def _fixes(case: Case, way: IngressWay, secret: TLSSecret, told: tuple[ObjectRef, str]) -> Iterator[Fix]:
    field, host = told
    pointer = "/" + field.path.replace("[", "/").replace("]", "").replace(".", "/")
    for name in list(_others(case, way, secret, host))[:_NAMED]:
        yield json_patch(f"use Secret {name}", way.ingress.ref, {"op": "replace", "path": pointer, "value": name})
    if issued_by(way):
        made = ObjectRef("Certificate", secret.ref.name, secret.ref.namespace)
        yield Fix("see what keeps cert-manager from making it", kubectl("describe", made))
    words = ("create", "secret", "tls", secret.ref.name, "-n", secret.ref.namespace, "--cert=tls.crt", "--key=tls.key")
    yield Fix("create it from a certificate and its key", command(*words))
