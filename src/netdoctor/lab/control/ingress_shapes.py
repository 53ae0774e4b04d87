"""Ingresses, as types.

Shapes follow the Kubernetes API reference (v1.34); unknown fields are skipped.
"""

from __future__ import annotations

from netdoctor.lab.control.shape_base import Shape as _Shape


class IngressServicePort(_Shape, frozen=True):
    """backend.service.port: one of the two."""

    number: int = 0
    name: str = ""


class IngressService(_Shape, frozen=True):
    """backend.service."""

    name: str
    port: IngressServicePort = IngressServicePort()


class IngressBackend(_Shape, frozen=True):
    """backend of a path, or spec.defaultBackend."""

    service: IngressService | None = None


class IngressPath(_Shape, frozen=True):
    """http.paths[] of a rule."""

    backend: IngressBackend
    path: str = ""
    path_type: str = ""


class IngressHTTP(_Shape, frozen=True):
    """http of a rule."""

    paths: tuple[IngressPath, ...] = ()


class IngressRule(_Shape, frozen=True):
    """spec.rules[] of an Ingress."""

    host: str = ""
    http: IngressHTTP | None = None


class IngressTLS(_Shape, frozen=True):
    """spec.tls[] of an Ingress."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(_Shape, frozen=True):
    """spec of an Ingress."""

    ingress_class_name: str = ""
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTLS, ...] = ()


class IngressShape(_Shape, frozen=True):
    """An Ingress."""

    spec: IngressSpec = IngressSpec()
