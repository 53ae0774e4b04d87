"""The certificates of a Gateway's listeners: which Secrets they name, and what is wrong with those.

Rules: Gateway API reference, ListenerTLSConfig.certificateRefs and SecretObjectReference.
"""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.cluster.certificate import Holding, tls_secret
from netdoctor.cluster.objects import Gateway
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.grants import granted
from netdoctor.path.gateway.shapes import Listener, ObjectReference, spec_of_gateway
from netdoctor.path.issuing import ANNOTATIONS

NOT_PERMITTED = "no ReferenceGrant of its namespace lets the Gateway name it"


@dataclass(frozen=True, slots=True)
class NamedCertificate:
    """One certificateRef. `problem` is empty where none is known, `unknown` where it can be told."""

    field: ObjectRef
    secret: ObjectRef
    problem: str = ""
    unknown: str = ""


def certificates_of(snapshot: Snapshot, gateway: Gateway, listener: Listener) -> tuple[NamedCertificate, ...]:
    """Those of a listener that ends TLS itself, in their order. Raises InputError."""
    if listener.tls is None or listener.tls.mode != "Terminate":
        return ()
    number = spec_of_gateway(gateway).listeners.index(listener)
    return tuple(
        _named(snapshot, gateway, f"spec.listeners[{number}].tls.certificateRefs[{index}]", one)
        for index, one in enumerate(listener.tls.certificate_refs)
    )


def secrets_of(gateway: Gateway, listener: Listener) -> tuple[ObjectRef, ...]:
    """The Secrets with the certificates of a listener, in their order."""
    if listener.tls is None or listener.tls.mode != "Terminate":
        return ()
    refs = (one for one in listener.tls.certificate_refs if (one.group, one.kind) == ("", "Secret"))
    return tuple(ObjectRef("Secret", one.name, one.namespace or gateway.namespace) for one in refs)


def _named(snapshot: Snapshot, gateway: Gateway, where: str, asked: ObjectReference) -> NamedCertificate:
    field, ref = gateway.ref.at(where), ObjectRef(asked.kind, asked.name, asked.namespace or gateway.namespace)
    if (asked.group, asked.kind) != ("", "Secret"):
        return NamedCertificate(field, ref, unknown=f"a certificate of kind {asked.kind} is not understood")
    if ref.namespace != gateway.namespace and not granted(snapshot, gateway.ref, ref):
        unread = snapshot.unread_for("ReferenceGrant", ref.namespace)
        return NamedCertificate(field, ref, "" if unread else NOT_PERMITTED, unread.because if unread else "")
    held = tls_secret(snapshot, ref.namespace, ref.name)
    made = any(key in gateway.metadata.annotations for key in ANNOTATIONS)
    if held.holding is Holding.ABSENT and made and ref not in snapshot.missing:
        return NamedCertificate(field, ref, unknown="cert-manager makes it, and it is not among the files")
    if held.holding is Holding.ABSENT:
        return NamedCertificate(field, ref, "it does not exist")
    if held.holding is Holding.UNUSABLE:
        return NamedCertificate(field, ref, f"it holds no usable certificate ({held.because})")
    return NamedCertificate(field, ref, unknown=held.because if held.holding is Holding.UNKNOWN else "")
