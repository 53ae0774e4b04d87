"""Everything that is known about one check: objects, expectation and observations, and questions about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from netdoctor.cluster.objects import Pod, Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.samples import LOSS, failures
from netdoctor.model.probe import NotTested, Observed, Outcome, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import Expectation
from netdoctor.path.path import Path, Route, aliased
from netdoctor.probing.aims import SAMPLES, Aim, Aimed


@dataclass(frozen=True, slots=True)
class Seen:
    """A probe's purpose, and what it saw.

    Attributes:
        aimed: the purpose.
        observed: what it saw.
        contrasted: whether another probe got an answer where this one was silent.
        own: whether an error that an Ingress controller or a Gateway answers with is the application's own.
    """

    aimed: Aimed
    observed: Observed
    contrasted: bool = False
    own: bool = False

    @property
    def id(self) -> str:
        """The probe's id."""
        return self.observed.id

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        return self.observed.outcome

    @property
    def ok(self) -> bool:
        """Whether it passed. A truncated answer is one: the client goes on over TCP (RFC 7766), if it can.

        A sample passes unless it shows a rate of failures that is none to live with.
        """
        if (rate := failures(self.observed)) is not None:
            return LOSS.is_fault(rate) is not True
        if self.observed.probe.kind == "dns" and self.outcome is Outcome.TRUNCATED:
            return True
        if self.aimed.aim is Aim.NODE and self.outcome is Outcome.REFUSED:
            return True  # of a node it is asked whether packets get there
        return self.outcome is Outcome.OK and (self.own or not self.gateway_error)

    @property
    def status(self) -> int | None:
        """The status of an HTTP answer."""
        status = self.observed.observation.detail.get("status")
        return status if isinstance(status, int) else None

    @property
    def gateway_error(self) -> bool:
        """Whether a proxy answered what proxies say where they have no rule, or nothing behind it."""
        invalid = self.aimed.invalid and self.status == _INVALID
        return self.aimed.aim is Aim.RULE and (invalid or self.status in _GATEWAY)

    @property
    def neutral(self) -> bool:
        """Whether a pod sent it that no policy can mean."""
        return self.observed.position.role is Role.NEUTRAL

    @property
    def tried(self) -> bool:
        """Whether it was sent at all."""
        return self.observed.outcome not in (Outcome.SKIPPED, Outcome.ERROR)

    @property
    def hung(self) -> bool:
        """Whether it connected and then nothing came."""
        return self.outcome is Outcome.TIMEOUT and bool(self.observed.observation.detail.get("connected"))

    @property
    def inconclusive(self) -> bool:
        """Silence on UDP proves nothing alone: the server may have had nothing to say (RFC 768 has no answer)."""
        silent = self.observed.probe.kind == "udp" and self.outcome is Outcome.TIMEOUT and not self.contrasted
        return silent and not self.observed.observation.detail.get("passed")


_OF_WHOLE = (Aim.RULE, Aim.CERTIFICATE)
_INVALID = 500  # Gateway API reference, HTTPRouteRule.backendRefs: one that is not valid
_GATEWAY = (404, 502, 503, 504)  # RFC 9110, 15.5.5, 15.6.3 to 15.6.5


class Reach(StrEnum):
    """What a set of probes says together."""

    ALL = "all passed"
    SOME = "some passed"
    NONE = "none passed"
    UNTESTED = "untested"


def reach(seen: Sequence[Seen]) -> Reach:
    """Sum up probes that differ in nothing that matters."""
    passed = [s.ok for s in seen if s.tried and not s.inconclusive]
    if not passed:
        return Reach.UNTESTED
    return Reach.ALL if all(passed) else Reach.SOME if any(passed) else Reach.NONE


_THROUGH = (Aim.VIP, Aim.VIP_SAMPLE, Aim.FIXED_PORT, Aim.NODE_PORT, Aim.LOAD_BALANCER)


def _contrasted(silent: Seen, seen: Sequence[Seen]) -> bool:
    """Whether the same datagram was answered elsewhere: by each endpoint behind a ClusterIP, or for a neutral pod."""
    route, position = silent.aimed.route, silent.observed.position
    direct = [
        s for s in seen if s.aimed.aim is Aim.BACKEND and s.aimed.route == route and s.observed.position == position
    ]
    if silent.aimed.aim in _THROUGH and direct and all(s.ok for s in direct):
        return True
    return any(s.ok and s.aimed == replace(silent.aimed, required=s.aimed.required) for s in seen if s.neutral)


def _own(error: Seen, seen: Sequence[Seen]) -> bool:
    """Whether an endpoint, asked for the same itself, gives the same answer."""
    return any(s.aimed.aim is Aim.DIRECT and s.aimed.ask == error.aimed.ask and s.status == error.status for s in seen)


def _follows(one: Seen, failed: Sequence[Seen]) -> bool:
    """Whether an entrance from outside fails as the way inside does, from the same place or on the entrance's node."""
    entrance = one.aimed.entrance
    return entrance is not None and any(
        s.aimed.entrance is None
        and s.aimed.route == one.aimed.route
        and (s.observed.position.id == one.observed.position.id or s.observed.node == entrance.node)
        for s in failed
    )


def _sums_up(sample: Seen, seen: Sequence[Seen]) -> bool:
    """Whether a sample fails as a single probe beside it does, and so asks for no explanation of its own."""
    if sample.aimed.aim not in SAMPLES:
        return False
    beside = [s for s in seen if s.observed.position.id == sample.observed.position.id and s.tried and not s.ok]
    if sample.aimed.aim in (Aim.DNS_PAIRS, Aim.DNS_SINGLES):
        return any(s.aimed.aim in (Aim.NAME, Aim.DNS_VIP, Aim.DNS_SERVER, Aim.CLUSTER_NAME) for s in beside)
    same = [s for s in beside if s.aimed.route == sample.aimed.route and s.aimed.aim in (Aim.VIP, Aim.BACKEND)]
    return any(sample.aimed.backend in (None, s.aimed.backend) for s in same)


_NOT_CONNECTED = (
    Outcome.TIMEOUT,
    Outcome.REFUSED,
    Outcome.REJECTED,
    Outcome.UNRESOLVABLE,
    Outcome.SERVFAIL,
    Outcome.TRUNCATED,
)
_BELOW = (Aim.NAME, Aim.VIP, Aim.BACKEND, Aim.UNREADY, Aim.HEADLESS_PORT, Aim.HOST)  # what a URL needs first


def _needs_what_failed(one: Seen, failed: Sequence[Seen]) -> bool:
    """Whether a URL or its handshake fails as what it needs does from the same place: a name, a connection, TLS."""
    if one.aimed.aim not in (Aim.TLS, Aim.URL):
        return False
    needed: tuple[Aim, ...] = (Aim.TLS,) if one.aimed.aim is Aim.URL else ()
    if one.outcome in _NOT_CONNECTED and not one.observed.observation.detail.get("connected"):
        needed += _BELOW
    return any(
        s.aimed.aim in needed
        and s.aimed.route in (None, one.aimed.route)
        and s.observed.position.id == one.observed.position.id
        for s in failed
    )


@dataclass(frozen=True)
class Case:
    """One check, ready to be explained. `probed` is False where no probe was to be sent (`--no-probe`)."""

    snapshot: Snapshot
    path: Path
    expectation: Expectation
    aims: Mapping[str, Aimed]
    observed: tuple[Observed, ...]
    not_tested: tuple[NotTested, ...]
    probed: bool
    logs: Mapping[ObjectRef, str]

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """All observations with their purpose."""
        seen = tuple(Seen(self.aims[o.id], o) for o in self.observed)
        seen = tuple(replace(s, contrasted=True) if s.inconclusive and _contrasted(s, seen) else s for s in seen)
        return tuple(replace(s, own=True) if s.gateway_error and _own(s, seen) else s for s in seen)

    @cached_property
    def failed(self) -> tuple[Seen, ...]:
        """Required probes that failed: what causes have to explain."""
        failed = [s for s in self.seen if s.aimed.required and s.tried and not s.ok and not s.inconclusive]
        failed = [s for s in failed if s.aimed.aim is not Aim.SMALL or s.hung]
        return tuple(
            s for s in failed if not (_follows(s, failed) or _sums_up(s, self.seen) or _needs_what_failed(s, failed))
        )

    @cached_property
    def parts(self) -> tuple[Case, ...]:
        """The parts of the way through a proxy, as cases of their own: the proxy, then its backends."""
        return tuple(
            replace(self, path=path, expectation=expectation, observed=self._of_part(number))
            for number, (path, expectation) in enumerate(zip(self.path.parts, self.expectation.parts, strict=True))
        )

    def _of_part(self, number: int) -> tuple[Observed, ...]:
        """What was seen of a part; what was asked of the proxy's rules is of the whole."""
        return tuple(o for o in self.observed if self.aims[o.id].part == number and self.aims[o.id].aim is not Aim.RULE)

    @property
    def service(self) -> Service | None:
        """The target's Service, where it is one and exists."""
        return self.path.target.service

    @property
    def backing(self) -> Service | None:
        """The Service whose endpoints count: the target's, or the one that it is an ExternalName of."""
        service = self.path.target.service
        backing = aliased(self.snapshot, service) if service else None
        return backing if backing is not None and backing.spec.type != "ExternalName" else None

    def of(
        self,
        *aims: Aim,
        route: Route | None = None,
        backend: Backend | None = None,
        role: Role = Role.SOURCE,
        transport: str = "",
    ) -> tuple[Seen, ...]:
        """Observations by purpose; an argument not given does not restrict."""
        return tuple(
            s
            for s in self.seen
            if s.aimed.aim in aims
            and s.observed.position.role is role
            and (route is None or s.aimed.route == route)
            and (backend is None or s.aimed.backend == backend)
            and (not transport or s.observed.probe.transport == transport)
        )

    def to_backend(self, route: Route, backend: Backend) -> tuple[Seen, ...]:
        """Direct probes of a backend at its target port, ready or not, and those by a name that led to it."""
        return self.of(Aim.BACKEND, Aim.UNREADY, Aim.HOST, Aim.URL, route=route, backend=backend)

    def through_service(self, route: Route) -> tuple[Seen, ...]:
        """Probes of a route by ClusterIP or by name."""
        return self.of(Aim.VIP, Aim.HOST, route=route)

    def through_entrances(self, route: Route) -> tuple[Seen, ...]:
        """Probes of a route by NodePort or load balancer; a node's own pods, which prove nothing, are left out."""
        seen = self.of(Aim.NODE_PORT, Aim.LOAD_BALANCER, route=route)
        return tuple(s for s in seen if s.aimed.entrance and s.aimed.entrance.node != (s.observed.node or None))

    def pods_of_service(self) -> tuple[Pod, ...]:
        """Pods that the Service's selector matches, finished ones left out."""
        service = self.backing
        if service is None or not service.spec.selector:
            return ()
        pods = self.snapshot.pods_selected(service.namespace, service.spec.selector)
        return tuple(pod for pod in pods if not pod.finished)
