"""The way of requests through an Ingress: its controller, what to ask it for, and the backends behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from netdoctor.cluster.objects import Ingress, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.ingress.classes import ChosenClass, chosen_class, serving
from netdoctor.path.ingress.controllers import Controller, controllers, door_ports
from netdoctor.path.ingress.nearest import NearestRule, nearest_rule, related
from netdoctor.path.ingress.rules import NGINX, Rule, examples, match, names_for, rules_of
from netdoctor.path.ingress.shapes import BackendPort, TLSEntry, spec_of
from netdoctor.path.way import MAX_RULES, Ask


@dataclass(frozen=True, slots=True)
class IngressBackendPort:
    """What a backend of a rule is in the cluster. `service` and `port` are None where they do not exist."""

    rules: tuple[Rule, ...]
    name: str
    asked: str
    service: Service | None = None
    port: ServicePort | None = None

    @property
    def exists(self) -> bool:
        """Whether there is such a Service with such a port; an ExternalName needs no port."""
        external = self.service is not None and self.service.spec.type == "ExternalName"
        return self.service is not None and (self.port is not None or (external and self.asked.isdecimal()))

    @property
    def number(self) -> int:
        """The port's number; 0 for a name that the Service does not have."""
        return self.port.port if self.port else int(self.asked) if self.asked.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class IngressAsk(Ask):
    """A request with the `rule` that takes it, None where none does, and the entry of spec.tls for its host."""

    rule: Rule | None = None
    tls: TLSEntry | None = None

    @property
    def expected(self) -> str:
        """`Prefix, leads to Service web, port 80`."""
        if self.rule is None:
            return "no rule takes it"
        service = self.rule.backend.service
        to = f"Service {service.name}, port {service.port.label}" if service else "a resource"
        return f"{self.rule.path_type}, leads to {to}"

    @property
    def certificate(self) -> str:
        """The Secret's name."""
        return (self.tls.secret_name if self.tls else "") or "of the controller's own choice"


@dataclass(frozen=True, slots=True)
class IngressWay:
    """Everything between clients and the backends of an Ingress.

    Attributes:
        ingress: the one asked about, or to which the rule of a URL belongs, or the nearest one.
        chosen: its class.
        controllers: all controllers of the cluster.
        controller: the one that serves the Ingress, or would, if it is the only one; None where it is not known.
        served: whether `controller` takes Ingresses of this class.
        asks: at most 16.
        left_out: how many more rules there are.
        nearest: for a URL that no rule takes.
        unclear: rules of which no request is known that they take.

    The properties are those of `netdoctor.path.way.Way`.
    """

    ingress: Ingress
    chosen: ChosenClass
    controllers: tuple[Controller, ...]
    controller: Controller | None
    served: bool
    asks: tuple[IngressAsk, ...]
    backends: tuple[IngressBackendPort, ...]
    left_out: int = 0
    nearest: NearestRule | None = None
    unclear: tuple[Rule, ...] = ()

    @property
    def secrets(self) -> tuple[ObjectRef, ...]:
        """The Secrets with the certificates of the hosts that are asked for over TLS."""
        named = (ask.tls.secret_name for ask in self.asks if ask.secured and ask.tls)
        return tuple(ObjectRef("Secret", name, self.ingress.namespace) for name in dict.fromkeys(named) if name)

    @property
    def ref(self) -> ObjectRef:
        """The Ingress."""
        return self.ingress.ref

    @property
    def proxy(self) -> Controller | None:
        """The controller."""
        return self.controller

    @property
    def proxy_name(self) -> str:
        """The controller in words."""
        return f"the controller of {self.ingress.ref}"

    @property
    def unasked(self) -> tuple[tuple[str, str], ...]:
        """The unclear rules."""
        because = "no request is known here that it, and no other rule, takes"
        return tuple((f"rule {rule.label}", because) for rule in self.unclear)

    @property
    def unknown(self) -> str:
        """Why the controller is not known."""
        if self.chosen.controller and self.chosen.family is None:
            return f"no pod is known here that is {self.chosen.controller}"
        return "no Ingress controller that is known here runs in the cluster, as far as it can be read"

    @property
    def settled(self) -> bool:
        """Whether the controller takes the Ingress, and each rule is asked for in plain HTTP."""
        return self.served and not (self.left_out or self.unclear or any(ask.secured for ask in self.asks))

    @property
    def speaks_tls(self) -> bool:
        """Whether the controller speaks TLS to the backends."""
        return speaks_tls(self.ingress)

    def port_of(self, ask: Ask) -> int | None:
        """The controller's port by the scheme."""
        return self._door_ports.get("https" if ask.secured else "http")

    @property
    def ports(self) -> frozenset[int]:
        """By the schemes; all where nothing is asked for."""
        asked = (self.port_of(ask) for ask in self.asks)
        return frozenset(p for p in asked if p) if self.asks else frozenset(self._door_ports.values())

    @property
    def _door_ports(self) -> dict[str, int]:
        return door_ports(self.controller) if self.controller else {}


def speaks_tls(ingress: Ingress) -> bool:
    """Whether the controller speaks TLS to the backends."""
    annotations = ingress.metadata.annotations
    return annotations.get(f"{NGINX}/backend-protocol", "").upper() in ("HTTPS", "GRPCS")


def way_of_ingress(snapshot: Snapshot, ingress: Ingress) -> IngressWay:
    """The way for `ing/NAME`: each of its rules is asked for. Raises InputError."""
    rules = rules_of(ingress)
    wanted = rules[:MAX_RULES]
    asks, unclear = [], []
    for rule in wanted:
        found = next((one for one in examples(rule) if match(rules, *one) is rule), None)
        if found is None:
            unclear.append(rule)
        else:
            asks.append((*found, rule))
    left_out = len(rules) - len(wanted)
    return replace(_way(snapshot, ingress, wanted, asks), left_out=left_out, unclear=tuple(unclear))


def way_of_url(snapshot: Snapshot, scheme: str, host: str, path: str) -> IngressWay | None:
    """The way for a URL, plainly or over TLS as it says.

    None where no Ingress of the cluster has to do with the host. Raises InputError.
    """
    all_rules = [rule for ingress in snapshot.ingresses for rule in rules_of(ingress)]
    names = names_for(host)[:2]
    own = [rule for rule in all_rules if rule.host in names]
    if own:
        ingresses = {rule.ingress.ref for rule in own}
        candidates = [r for r in all_rules if r.host in names or (r.default and r.ingress.ref in ingresses)]
        rule = match(candidates, host, path)
        if rule is not None:
            return _by_scheme(_way(snapshot, rule.ingress, [rule], [(host, path, rule)]), scheme)
    near = [rule for rule in all_rules if rule.host in names or related(rule.host, host)]
    nearest = nearest_rule(near, host, path)
    if nearest is None:
        return None
    way = _way(snapshot, nearest.rule.ingress, [], [(host, path, None)])
    return replace(_by_scheme(way, scheme), nearest=nearest)


def _by_scheme(way: IngressWay, scheme: str) -> IngressWay:
    return replace(way, asks=tuple(replace(ask, secured=scheme == "https") for ask in way.asks))


def _way(
    snapshot: Snapshot,
    ingress: Ingress,
    rules: Iterable[Rule],
    asks: Iterable[tuple[str, str, Rule | None]],
) -> IngressWay:
    chosen, running = chosen_class(snapshot, ingress), controllers(snapshot)
    takers = serving(chosen, running)
    controller = _preferred(takers) or (running[0] if len(running) == 1 and not chosen.controller else None)
    backends = _backends(snapshot, ingress, rules)
    return IngressWay(
        ingress,
        chosen,
        running,
        controller,
        bool(takers),
        tuple(_ask(ingress, backends, *one) for one in asks),
        backends,
    )


def _preferred(takers: Sequence[Controller]) -> Controller | None:
    """Of several the one that clients can reach."""
    return max(takers, key=lambda one: (one.service is not None, bool(one.pods)), default=None)


def _ask(
    ingress: Ingress, backends: Sequence[IngressBackendPort], host: str, path: str, rule: Rule | None
) -> IngressAsk:
    leading = tuple(n for n, one in enumerate(backends) if rule in one.rules and one.exists)
    behind = rule.asked_of_backend(path) if rule else None
    tls = tls_of(ingress, host)
    return IngressAsk(host, path, leading, behind, tls is not None, rule, tls)


def tls_of(ingress: Ingress, host: str) -> TLSEntry | None:
    """The entry of spec.tls for a host."""
    spec = spec_of(ingress)
    names = names_for(host)[:2]
    return next((tls for tls in spec.tls or () if any(name in spec.tls_hosts(tls) for name in names)), None)


def _backends(snapshot: Snapshot, ingress: Ingress, rules: Iterable[Rule]) -> tuple[IngressBackendPort, ...]:
    """The Services behind rules, each with its port once."""
    grouped: dict[tuple[str, BackendPort], list[Rule]] = {}
    for rule in rules:
        if (asked := rule.backend.service) is not None:
            grouped.setdefault((asked.name, asked.port), []).append(rule)
    return tuple(_backend(snapshot, ingress, *key, tuple(of)) for key, of in grouped.items())


def _backend(
    snapshot: Snapshot, ingress: Ingress, name: str, asked: BackendPort, rules: tuple[Rule, ...]
) -> IngressBackendPort:
    service = snapshot.get("Service", ingress.namespace, name)
    if not isinstance(service, Service):
        return IngressBackendPort(rules, name, asked.label)
    ports = service.spec.ports
    found = next((p for p in ports if (p.name == asked.name if asked.name else p.port == asked.number)), None)
    return IngressBackendPort(rules, name, asked.label, service, found)
