"""Probes of the way through an Ingress or a Gateway: its proxy asked as clients do, the backends as the proxy does.

A proxy waits for a backend that does not answer, several seconds by default, before it says so (502, 504): what is
asked through it has that time.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import NotTested, Position, Probe, ProbeKind
from netdoctor.path.entrances import entrances
from netdoctor.path.path import Path, Route
from netdoctor.path.source import SourceKind
from netdoctor.path.way import Ask
from netdoctor.probing.aims import Aim, Aimed
from netdoctor.probing.positions import position_of

PATIENCE = 6.0  # seconds: ingress-nginx gives a backend 5 (proxy-connect-timeout)
_DOORS = 2  # addresses of the controller that are asked for every rule
_DIRECT = 2  # endpoints that are asked for every path
_PLACES = 2  # nodes of the controller's pods from which backends are tried


def controller_positions(path: Path) -> Iterator[Position]:
    """In the place of the proxy's pods, on their nodes; wherever the scheduler likes where none runs.

    None for a client outside the cluster: its probes start no pods. None where no pods of the proxy are known.
    """
    way = path.target.way
    proxy = way.proxy if way else None
    if proxy is None or proxy.owner is None or len(path.parts) < 2 or path.source.kind is SourceKind.OUTSIDE:
        return
    nodes = [*dict.fromkeys(pod.spec.node_name for pod in proxy.pods if pod.spec.node_name)][:_PLACES]
    for number, node in enumerate(nodes or [None]):
        name = f"controller-{number}" if number else "controller"
        yield position_of(path.parts[1].source, name, node)


def rule_probes(snapshot: Snapshot, path: Path) -> Iterator[tuple[Aimed, Probe]]:
    """Every rule, asked of the proxy by its addresses; of each host over TLS, the certificate that is shown.

    Who issued a certificate does not matter here: of a client's roots nothing is known.
    """
    way = path.target.way
    if way is None or not path.parts:
        return
    door = path.parts[0]
    shaken: set[str] = set()
    for number, ask in enumerate(way.asks):
        port = way.port_of(ask)
        route = next((route for route in door.routes if route.port == port), None)
        for address, at in _doors(snapshot, door, route) if route else ():
            kind = ProbeKind.HTTPS if ask.secured else ProbeKind.HTTP
            request = Probe("", kind, host=address, port=at, name=ask.host, path=ask.path)
            yield Aimed(Aim.RULE, required=True, route=route, ask=number, invalid=ask.invalid), request
            if ask.secured and ask.host and ask.host not in shaken:
                shake = Probe("", ProbeKind.TLS, host=address, port=at, name=ask.host, trust="any")
                yield Aimed(Aim.CERTIFICATE, required=True, route=route, ask=number), shake
        shaken.add(ask.host)


def _doors(snapshot: Snapshot, door: Path, route: Route) -> list[tuple[str, int]]:
    """(address, port) where the source can ask the proxy."""
    if door.source.kind is SourceKind.OUTSIDE:
        found = [(entrance.host, entrance.port) for entrance in entrances(snapshot, door, route) if not entrance.drops]
    else:
        found = [(vip, route.port) for vip in route.vips]
        found = found or [(backend.address, backend.port) for backend in route.ready if backend.address]
    return found[:_DOORS]


def direct_probes(path: Path, number: int) -> Iterator[tuple[Aimed, Probe]]:
    """What the proxy is asked for, asked of endpoints of part `number` themselves: whose answer is it?"""
    way = path.target.way
    assert way is not None
    leg = path.parts[number]
    if way.speaks_tls:
        return
    for index, ask in enumerate(way.asks):
        if number in parts_of(path, ask) and ask.behind is not None:
            for route in leg.routes:
                for backend in [b for b in route.ready if b.address][:_DIRECT]:
                    request = Probe(
                        "",
                        ProbeKind.HTTP,
                        host=backend.address,
                        port=backend.port,
                        name=ask.host,
                        path=ask.behind,
                    )
                    yield Aimed(Aim.DIRECT, route=route, backend=backend, ask=index), request


def parts_of(path: Path, ask: Ask) -> tuple[int, ...]:
    """The numbers of the path's parts that lead to the backends of a request."""
    way = path.target.way
    if way is None or not path.parts:
        return ()
    existing = [n for n, one in enumerate(way.backends) if one.exists]
    return tuple(1 + existing.index(backend) for backend in ask.backends)


def ingress_left_out(path: Path) -> Iterator[NotTested]:
    """What of an Ingress or a Gateway no probe tells."""
    way = path.target.way
    if way is None:
        return
    if way.left_out:
        yield NotTested(f"{way.left_out} more rules of {way.ref}", f"a check asks for {len(way.asks)} rules")
    yield from (NotTested(what, because) for what, because in way.unasked)
    if way.proxy is None:
        yield NotTested(f"{way.proxy_name}, and the way behind it", way.unknown)
    elif path.source.kind is SourceKind.OUTSIDE:
        because = "from outside the cluster no pod is started"
        yield NotTested(f"the way from {way.proxy_name} to its backends", because, contrast=True)
        service = way.proxy.service
        if way.proxy.owner is not None and (service is None or service.spec.type == "ClusterIP"):
            because = "it has no Service of type NodePort or LoadBalancer"
            yield NotTested(f"{way.proxy.label} from outside the cluster", because)
    elif way.proxy.owner is None and way.backends:
        yield NotTested(f"the way from {way.proxy_name} to its backends", "no pods of it are known", contrast=True)
