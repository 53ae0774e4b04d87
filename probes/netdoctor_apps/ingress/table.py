"""The routes: which backend a host and a path lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Backend:
    """What answers.

    Attributes:
        title: for people, such as ``Service shop/web``.
        tls: whether it speaks TLS.
        endpoints: host and port of each that is ready; the host may be a name.
        because: why there is none; empty otherwise.
        status: what is answered then: 503, unless the document says otherwise.
    """

    title: str
    tls: bool
    endpoints: tuple[tuple[str, int], ...]
    because: str
    status: int = 503


@dataclass(frozen=True, slots=True)
class Route:
    """One path of one host; `host` is empty for all hosts, and may begin with ``*.``."""

    host: str
    path: str
    exact: bool
    to_https: bool
    backend: Backend

    def takes(self, path: str) -> bool:
        """Whether it takes a path, whole elements of it at a time where it is a prefix."""
        if self.exact:
            return path == self.path
        prefix = self.path.rstrip("/")
        return path == prefix or path.startswith(f"{prefix}/")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, as PEM, and the hosts that it is for."""

    hosts: tuple[str, ...]
    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Table:
    """All routes of each host, and all certificates."""

    routes: Mapping[str, tuple[Route, ...]]
    certificates: tuple[Certificate, ...]

    def find(self, host: str, path: str) -> Route | None:
        """The route of a request.

        The host's own routes count, or else those of its wildcard, or else those without a host; of these the
        longest path, and an exact one before a prefix.

        Source: https://kubernetes.io/docs/concepts/services-networking/ingress/#multiple-matches
        """
        routes = next((self.routes[key] for key in names_for(host) if key in self.routes), ())
        taking = [route for route in routes if route.takes(path)]
        return max(taking, key=lambda route: (len(route.path.rstrip("/")), route.exact), default=None)

    def certificate_for(self, host: str) -> Certificate | None:
        """The certificate that a client gets who asks for a host."""
        for name in names_for(host)[:2]:
            for certificate in self.certificates:
                if name in certificate.hosts:
                    return certificate
        return None


def names_for(host: str) -> tuple[str, str, str]:
    """A host itself, its wildcard (of one label), and no host at all."""
    return host, "*." + host.partition(".")[2], ""


def table_of(document: Any) -> Table:
    """The table that a document describes.

    Raises:
        ValueError: the document does not have the shape that netdoctor.lab.ingress gives it.
    """
    try:
        routes = [_route(route) for route in document["routes"]]
        certificates = tuple(
            Certificate(tuple(one["hosts"]), str(one["certificate"]), str(one["key"]))
            for one in document["certificates"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it holds no routes: {error!r}") from error
    return Table(_by_host(routes), certificates)


def _route(document: Mapping[str, Any]) -> Route:
    backend = document["backend"]
    endpoints = tuple((str(host), int(port)) for host, port in backend["endpoints"])
    status = int(backend.get("status", 503))
    to = Backend(str(backend["title"]), bool(backend["tls"]), endpoints, str(backend["because"]), status)
    return Route(str(document["host"]), str(document["path"]), document["exact"], document["toHttps"], to)


def _by_host(routes: Iterable[Route]) -> dict[str, tuple[Route, ...]]:
    found: dict[str, tuple[Route, ...]] = {}
    for route in routes:
        found[route.host] = (*found.get(route.host, ()), route)
    return found
