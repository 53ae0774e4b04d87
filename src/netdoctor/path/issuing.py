"""Why cert-manager has not made a Secret: the object at which it is stuck.

It works in a chain: Certificate, CertificateRequest, Issuer or ClusterIssuer, and for ACME Order and Challenge.
Source: cert-manager documentation, "Troubleshooting" and "Troubleshooting Problems with ACME / Let's Encrypt".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from netdoctor.cluster.objects import (
    Certificate,
    CertificateRequest,
    Challenge,
    ClusterIssuer,
    Condition,
    Issuer,
    Object,
)
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

#: What cert-manager is told by, to make the Secrets that an Ingress or a Gateway names (ingress-shim, gateway-shim;
#: the last is kube-lego's).
ANNOTATIONS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")
_GROUPS = ("", "cert-manager.io")  # of Issuers; other issuers have groups of their own
_OF = "cert-manager.io/certificate-name"


@dataclass(frozen=True, slots=True)
class Stuck:
    """Where issuing stands still.

    Attributes:
        certificate: that is not Ready.
        ref: the object, with the field that says so.
        because: what it says, as a clause.
        never: whether nothing was ever issued: otherwise the Secret may hold what was issued before.
    """

    certificate: Certificate
    ref: ObjectRef
    because: str
    never: bool


def stuck(snapshot: Snapshot, secret: ObjectRef) -> Stuck | None:
    """Where issuing stands still for a Secret; None where no Certificate is for it, or its Certificate is Ready."""
    for certificate in snapshot.certificates:
        own = (certificate.namespace, certificate.spec.secret_name) == (secret.namespace, secret.name)
        ready = _condition(certificate.status.conditions, "Ready")
        if own and not (ready and ready.status == "True"):
            ref, because = next(_steps(snapshot, certificate))
            return Stuck(certificate, ref, because, not certificate.status.not_after)
    return None


def _steps(snapshot: Snapshot, certificate: Certificate) -> Iterator[tuple[ObjectRef, str]]:
    """What may stand still, the deepest first; the Certificate itself at last."""
    issuer = _issuer(snapshot, certificate)
    if issuer is not None:
        yield from _not_ready(issuer.ref, issuer.status.conditions)
    request = _newest(r for r in snapshot.certificate_requests if _is_for(r, certificate))
    if request is not None:
        order = _newest(o for o in snapshot.orders if _owned(o, request))
        if order is not None:
            yield from _challenged(c for c in snapshot.challenges if _owned(c, order))
            if order.status.state not in ("", "valid", "ready"):
                yield order.ref.at("status.state"), _told(order.status.state, order.status.reason)
        yield from _denied(request)
        yield from _not_ready(request.ref, request.status.conditions)
    yield from _not_ready(certificate.ref, certificate.status.conditions)
    yield certificate.ref, "no controller has acted on it"


def _issuer(snapshot: Snapshot, certificate: Certificate) -> Issuer | ClusterIssuer | None:
    named = certificate.spec.issuer_ref
    if named.group not in _GROUPS:
        return None
    namespace = "" if named.kind == "ClusterIssuer" else certificate.namespace
    found = snapshot.get(named.kind, namespace, named.name)
    return found if isinstance(found, Issuer | ClusterIssuer) else None


def _is_for(request: CertificateRequest, certificate: Certificate) -> bool:
    named = request.metadata.annotations.get(_OF) == certificate.name
    return request.namespace == certificate.namespace and (named or _owned(request, certificate))


def _owned(one: Object, owner: Object) -> bool:
    owners = ((each.kind, each.name) for each in one.metadata.owner_references)
    return one.namespace == owner.namespace and (owner.ref.kind, owner.name) in owners


_T = TypeVar("_T", bound=Object)


def _newest(objects: Iterable[_T]) -> _T | None:
    """Each try has a request and an order of its own."""
    return max(objects, key=lambda one: (str(one.metadata.creation_timestamp or ""), one.name), default=None)


def _challenged(challenges: Iterable[Challenge]) -> Iterator[tuple[ObjectRef, str]]:
    """Those that are not proved; what has failed before what goes on."""
    open_ = [one for one in challenges if one.status.state != "valid"]
    for one in sorted(open_, key=lambda each: each.status.state in ("", "pending", "processing")):
        asked = f"the proof for {one.spec.dns_name} by {one.spec.type or 'ACME'}"
        yield one.ref.at("status.state"), f"{asked} is {_told(one.status.state or 'pending', one.status.reason)}"


def _denied(request: CertificateRequest) -> Iterator[tuple[ObjectRef, str]]:
    for kind in ("Denied", "InvalidRequest"):
        said = _condition(request.status.conditions, kind)
        if said is not None and said.status == "True":
            yield request.ref.at("status.conditions"), f"it has the condition {_told(kind, said.reason, said.message)}"


def _not_ready(ref: ObjectRef, conditions: tuple[Condition, ...]) -> Iterator[tuple[ObjectRef, str]]:
    said = _condition(conditions, "Ready")
    if said is not None and said.status != "True":
        yield ref.at("status.conditions"), f"it is not Ready: {_told(said.reason, said.message)}"


def _condition(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    return next((one for one in conditions if one.type == kind), None)


def _told(*texts: str) -> str:
    return ": ".join(text.rstrip(".") for text in texts if text) or "nothing more is said"
