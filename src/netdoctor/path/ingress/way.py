"""The way of requests through an Ingress: its controller, what to ask it for, and the backends behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from netdoctor.cluster.objects import Ingress, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.ingress.classes import ChosenClass, chosen_class, serving
from netdoctor.path.ingress.controllers import Controller, controllers
from netdoctor.path.ingress.nearest import NearestRule, nearest_rule, related
from netdoctor.path.ingress.rules import Rule, examples, match, names_for, rules_of
from netdoctor.path.ingress.shapes import BackendPort, TLSEntry, spec_of

MAX_RULES = 16  # enough for a check, never a load


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


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to the controller.

    Attributes:
        host: for the Host header and for SNI; empty for the address.
        path: the URL's path.
        rule: that takes it; None where none does.
        backend: the number of its backend in `IngressWay.backends`; None where it has none that exists.
        behind: the path that the backend is asked for; None where that is not known.
        tls: the entry of spec.tls for the host.
        secured: whether it goes over TLS.
    """

    host: str
    path: str
    rule: Rule | None = None
    backend: int | None = None
    behind: str | None = None
    tls: TLSEntry | None = None
    secured: bool = False

    @property
    def label(self) -> str:
        """`shop.example/api`."""
        return f"{self.host or '*'}{self.path}"


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
    """

    ingress: Ingress
    chosen: ChosenClass
    controllers: tuple[Controller, ...]
    controller: Controller | None
    served: bool
    asks: tuple[Ask, ...]
    backends: tuple[IngressBackendPort, ...]
    left_out: int = 0
    nearest: NearestRule | None = None
    unclear: tuple[Rule, ...] = ()

    @property
    def secrets(self) -> tuple[ObjectRef, ...]:
        """The Secrets with the certificates of the hosts that are asked for over TLS."""
        named = (ask.tls.secret_name for ask in self.asks if ask.secured and ask.tls)
        return tuple(ObjectRef("Secret", name, self.ingress.namespace) for name in dict.fromkeys(named) if name)


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


def _ask(ingress: Ingress, backends: Sequence[IngressBackendPort], host: str, path: str, rule: Rule | None) -> Ask:
    backend = next((n for n, one in enumerate(backends) if rule in one.rules and one.exists), None)
    behind = rule.asked_of_backend(path) if rule else None
    tls = tls_of(ingress, host)
    return Ask(host, path, rule, backend, behind, tls, secured=tls is not None)


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
