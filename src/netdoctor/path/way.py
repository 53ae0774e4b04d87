"""What the ways of requests through a proxy have in common: the proxy, what to ask it for, and the backends behind it.

The proxy is an Ingress controller, or carries out a Gateway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from netdoctor.cluster.objects import Pod, Service, ServicePort, Workload
from netdoctor.model.refs import ObjectRef

MAX_RULES = 16  # that a check asks for: enough for a check, never a load


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to the proxy.

    Attributes:
        host: for the Host header and for SNI; empty for the address.
        path: the URL's path.
        backends: numbers in `Way.backends`: those of its backends that exist.
        behind: the path that a backend is asked for; None where that is not known.
        secured: whether it goes over TLS.
    """

    host: str
    path: str
    backends: tuple[int, ...] = ()
    behind: str | None = None
    secured: bool = False

    @property
    def invalid(self) -> bool:
        """Whether some backend of its rule is invalid, so that the proxy itself has to answer 500."""
        return False

    @property
    def label(self) -> str:
        """`shop.example/api`."""
        return f"{self.host or '*'}{self.path}"

    @property
    def expected(self) -> str:
        """The rule that takes it and where that leads, in words."""
        return "no rule takes it"

    @property
    def certificate(self) -> str:
        """The Secret with the certificate that is to be shown, in words."""
        return "of the proxy's own choice"


class Proxy(Protocol):
    """What takes requests and passes them on. `owner` is None where no pods of it are known."""

    @property
    def owner(self) -> Workload | Pod | None:
        """What its pods are made by."""

    @property
    def pods(self) -> tuple[Pod, ...]:
        """Its pods."""

    @property
    def service(self) -> Service | None:
        """The Service by which clients reach it."""

    @property
    def label(self) -> str:
        """Its name for people."""


class WayBackend(Protocol):
    """A port of a Service that rules lead to. `service` and `port` are None where they do not exist."""

    @property
    def service(self) -> Service | None:
        """The Service."""

    @property
    def port(self) -> ServicePort | None:
        """Its port; None too for an ExternalName that does not list it."""

    @property
    def number(self) -> int:
        """The port's number."""

    @property
    def exists(self) -> bool:
        """Whether requests can be passed on to it."""


class Way(Protocol):
    """Everything between clients and the backends of an Ingress, or of a route of a Gateway."""

    @property
    def ref(self) -> ObjectRef:
        """The Ingress, route or Gateway."""

    @property
    def proxy(self) -> Proxy | None:
        """What carries it out; None where that is not known."""

    @property
    def proxy_name(self) -> str:
        """The proxy in words, known or not."""

    @property
    def asks(self) -> Sequence[Ask]:
        """What the proxy is asked for: at most 16 requests."""

    @property
    def backends(self) -> Sequence[WayBackend]:
        """All that its rules lead to."""

    @property
    def left_out(self) -> int:
        """How many more requests there would be."""

    @property
    def unasked(self) -> Sequence[tuple[str, str]]:
        """Rules and the like that are not asked for, and why not."""

    @property
    def unknown(self) -> str:
        """Why the proxy is not known, where it is not."""

    @property
    def secrets(self) -> tuple[ObjectRef, ...]:
        """The Secrets with the certificates that are asked for."""

    @property
    def settled(self) -> bool:
        """Whether objects tell that the proxy has these rules, and each of them is among `asks` in plain HTTP."""

    @property
    def speaks_tls(self) -> bool:
        """Whether the proxy speaks TLS to the backends."""

    def port_of(self, ask: Ask) -> int | None:
        """The port of the proxy's Service, or of its pods, for a request; None where it has none for such."""

    @property
    def ports(self) -> frozenset[int]:
        """The ports that requests go to; all those of the proxy where nothing is asked for."""
