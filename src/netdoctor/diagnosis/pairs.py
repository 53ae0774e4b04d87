"""Nodes two by two: what pods on one reach of pods on the other, and of the other node itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.readiness import probes_port
from netdoctor.model.probe import Outcome, Role
from netdoctor.path.backends import Backend
from netdoctor.probing.aims import Aim

_MEANT = (Aim.BACKEND, Aim.DNS_SERVER, Aim.NODE_POD)  # what silence to is a loss, where policies admit it
_BESIDE = (Aim.UNREADY, Aim.OTHER_PORT, Aim.OTHER_PROTOCOL, Aim.PATH_MTU)  # where only an answer tells something
_NOBODY = ("host unreachable", "no neighbour answered", "network unreachable")


@dataclass(frozen=True, slots=True)
class NodePair:
    """From pods on node `here` to node `there`: probes of pods there that policies admit, and of the node itself.

    `back` are those from pods there to pods here that got an answer, for which packets went both ways.
    """

    here: str
    there: str
    lost: tuple[Seen, ...]
    passed: tuple[Seen, ...]
    node: tuple[Seen, ...]
    back: tuple[Seen, ...]
    proven: bool  # what was lost would have been answered: somebody beside it is, or it is several pods

    @property
    def broken(self) -> bool:
        """Whether nothing gets through from pod to pod."""
        return bool(self.lost) and self.proven and not self.passed and not self.back

    @property
    def node_reached(self) -> bool | None:
        """Whether the node itself answers pods here; None where it was not asked."""
        return any(map(arrived, self.node)) if self.node else None

    @property
    def works(self) -> bool:
        """Whether anything gets there."""
        return bool(self.passed or self.back) or self.node_reached is True


def arrived(seen: Seen) -> bool:
    """Whether a packet got there and back: a refusal of the far end is an answer, too."""
    if seen.aimed.aim is Aim.PATH_MTU:  # a black hole for large ones is a way for small ones
        return "mtu" in seen.observed.observation.detail
    return seen.ok or seen.outcome in (Outcome.REFUSED, Outcome.RESET, Outcome.BAD_RESPONSE)


def vanished(seen: Seen) -> bool:
    """Whether nobody answered at all."""
    if seen.outcome is Outcome.REJECTED:
        return seen.observed.observation.detail.get("meaning") in _NOBODY
    return seen.outcome is Outcome.TIMEOUT and not seen.inconclusive


def node_pairs(case: Case) -> tuple[NodePair, ...]:
    """Every two nodes between which pods sent something."""
    return tuple(_pairs(case))


def _pairs(case: Case) -> Iterator[NodePair]:
    from_pods = [s for s in case.seen if s.tried and s.observed.node and _pod(s)]
    by_pair: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for seen in from_pods:
        there = _there(seen)
        if there and there != seen.observed.node:
            by_pair[str(seen.observed.node), there].append(seen)
    for (here, there), seen_there in by_pair.items():
        node = tuple(s for s in seen_there if s.aimed.aim is Aim.NODE)
        pods = [s for s in seen_there if s.aimed.aim is not Aim.NODE]
        lost = tuple(s for s in pods if _meant(s) and vanished(s) and admitted(case, s))
        yield NodePair(
            here,
            there,
            lost,
            _answered(seen_there),
            node,
            _answered(by_pair.get((there, here), ())),
            _proven(case, lost),
        )


def _meant(seen: Seen) -> bool:
    return seen.aimed.aim in _MEANT and seen.observed.position.role is Role.SOURCE


def _answered(seen: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(s for s in seen if s.aimed.aim is not Aim.NODE and arrived(s))


def _pod(seen: Seen) -> bool:
    """Whether a pod sent it: what a neutral one is answered shows that the way works."""
    position = seen.observed.position
    return position.role in (Role.SOURCE, Role.NEUTRAL) and not position.host_network and not position.outside


def _there(seen: Seen) -> str:
    """The node of the pod that a probe was for, or the node that it was for itself."""
    if seen.aimed.aim is Aim.NODE:
        return seen.aimed.entrance.node if seen.aimed.entrance else ""
    backend = seen.aimed.backend
    if seen.aimed.aim not in (*_MEANT, *_BESIDE) or backend is None or _on_host_network(backend):
        return ""
    return backend.node


def _on_host_network(backend: Backend) -> bool:
    return backend.pod is not None and backend.pod.spec.host_network


def admitted(case: Case, seen: Seen) -> bool:
    """Whether policies certainly admit a probe; a node, and its pods, are asked for only where they do."""
    backend, aimed = seen.aimed.backend, seen.aimed
    if backend is None or aimed.aim is Aim.NODE_POD:
        return aimed.required
    if case.expectation.cni.enforces_policy is False:
        return True
    protocol = aimed.route.protocol if aimed.route else seen.observed.probe.transport.upper()
    return case.expectation.of(backend, protocol).allowed is True


def _proven(case: Case, lost: Iterable[Seen]) -> bool:
    backends = {s.aimed.backend.address: s.aimed.backend for s in lost if s.aimed.backend}
    beside = [s for s in case.seen if s.tried and s.aimed.backend and _beside(s, s.aimed.backend, backends)]
    if len(backends) > 1 or any(map(arrived, beside)):
        return True
    # Where no pod can be put beside it (the source is bound to its node), the kubelet there has asked.
    return not beside and any(map(probes_port, backends.values()))


def _beside(seen: Seen, backend: Backend, backends: Mapping[str, Backend]) -> bool:
    return backend.address in backends and seen.observed.node == backend.node


def follows(case: Case, lost: Iterable[Seen]) -> Iterator[Seen]:
    """Failed probes that follow from lost ones of the same position: those through the Service, and of names.

    A ClusterIP leads to each endpoint in turn, and a resolver asks one DNS server and then the next.
    """
    lost = tuple(lost)
    routes = {(s.observed.position.id, s.aimed.route) for s in lost if s.aimed.route}
    deaf = {s.observed.position.id for s in lost if s.aimed.aim is Aim.DNS_SERVER}
    for seen in case.failed:
        position, aim = seen.observed.position.id, seen.aimed.aim
        through = (position, seen.aimed.route) in routes and aim in (Aim.VIP, Aim.HOST, Aim.HEADLESS_PORT)
        named = position in deaf and aim is Aim.NAME and seen.outcome is not Outcome.UNRESOLVABLE
        if seen in lost or through or named:
            yield seen
