"""What an Ingress says, as types.

Shapes follow networking.k8s.io/v1 of the Kubernetes API reference (v1.34); unknown fields are skipped.
"""

from __future__ import annotations

import msgspec

from netdoctor.cluster.nulls import without_nulls
from netdoctor.cluster.objects import Ingress, ServiceStatus
from netdoctor.model.errors import InputError


class _Shape(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an Ingress."""


class BackendPort(_Shape, frozen=True):
    """backend.service.port: one of the two."""

    name: str = ""
    number: int = 0

    @property
    def label(self) -> str:
        """The name or the number."""
        return self.name or str(self.number)


class ServiceBackend(_Shape, frozen=True):
    """backend.service."""

    name: str = ""
    port: BackendPort = BackendPort()


class IngressBackend(_Shape, frozen=True):
    """backend of a path, or spec.defaultBackend; `service` is None for one that is a resource."""

    service: ServiceBackend | None = None


class HTTPPath(_Shape, frozen=True):
    """http.paths[] of a rule."""

    backend: IngressBackend = IngressBackend()
    path: str | None = "/"
    path_type: str = "ImplementationSpecific"


class HTTPPaths(_Shape, frozen=True):
    """http of a rule."""

    paths: tuple[HTTPPath, ...] = ()


class HostRule(_Shape, frozen=True):
    """spec.rules[]."""

    host: str = ""
    http: HTTPPaths | None = None


class TLSEntry(_Shape, frozen=True):
    """spec.tls[]."""

    hosts: tuple[str, ...] | None = ()
    secret_name: str = ""


class IngressSpec(_Shape, frozen=True):
    """spec."""

    ingress_class_name: str = ""
    default_backend: IngressBackend | None = None
    tls: tuple[TLSEntry, ...] | None = ()
    rules: tuple[HostRule, ...] | None = ()

    def tls_hosts(self, tls: TLSEntry) -> tuple[str, ...]:
        """The hosts of a certificate, in lower case; those of the rules where it names none."""
        named = tls.hosts or tuple(rule.host for rule in self.rules or ()) or ("",)
        return tuple(host.lower() for host in named)


def spec_of(ingress: Ingress) -> IngressSpec:
    """The spec of an Ingress.

    Raises:
        InputError: no API server would accept it.
    """
    try:
        return msgspec.convert(without_nulls(ingress.spec, IngressSpec), IngressSpec)
    except msgspec.ValidationError as error:
        raise InputError(f"{ingress.ref}: {error}") from error


def address_of(ingress: Ingress) -> str:
    """Where a controller says that it serves the Ingress: an address or a host name; empty where none has said so."""
    try:
        status = msgspec.convert(without_nulls(ingress.status, ServiceStatus), ServiceStatus)
    except msgspec.ValidationError:
        return ""
    return next((said for one in status.load_balancer.ingress if (said := one.ip or one.hostname)), "")
