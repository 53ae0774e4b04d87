"""What the causes have in common that lie in the way through a proxy itself: in an Ingress, a Gateway or a route."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator

from netdoctor.cluster.certificate import Holding, TLSSecret, tls_secret
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Untested
from netdoctor.path.ingress.way import IngressWay
from netdoctor.path.issuing import ANNOTATIONS
from netdoctor.path.way import Ask
from netdoctor.probing.plan import Aim


class WayCause(Cause):
    """Looks at the whole way of requests; ordinary causes look at its parts, one by one."""


class IngressCause(WayCause):
    """Looks at the way through an Ingress."""

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Does not apply where the target is reached without an Ingress."""
        way = case.path.target.ingress
        return self.examine_way(case, way) if way is not None else None

    @abstractmethod
    def examine_way(self, case: Case, way: IngressWay) -> Found | RuledOut | None:
        """As `examine`."""


def rule_answers(case: Case, asks: Iterable[Ask]) -> tuple[Seen, ...]:
    """What came of these requests to the proxy."""
    way = case.path.target.way
    wanted = list(asks)
    listed = case.of(Aim.RULE) if way is not None else ()
    return tuple(s for s in listed if way and s.aimed.ask is not None and way.asks[s.aimed.ask] in wanted)


def without_backend(case: Case, asks: Iterable[Ask]) -> tuple[Seen, ...]:
    """Those of them for which the proxy had nothing to pass on: 502, 503, 504, or it still waits."""
    return tuple(s for s in rule_answers(case, asks) if s in case.failed and (_said(s) or _waits(case, s)))


def _said(seen: Seen) -> bool:
    return seen.status is not None and seen.status >= 500


def _waits(case: Case, seen: Seen) -> bool:
    """Whether the proxy is reached, and does not answer."""
    asked = seen.observed.probe
    reached = (s for s in case.of(Aim.VIP, Aim.BACKEND, Aim.NODE_PORT, Aim.LOAD_BALANCER) if s.aimed.part == 0)
    silent = seen.outcome in (Outcome.TIMEOUT, Outcome.RESET, Outcome.BAD_RESPONSE)
    return silent and any(s.ok and s.observed.probe.host == asked.host for s in reached)


def issued_by(way: IngressWay) -> str:
    """The annotation by which cert-manager is to make the Secrets of an Ingress; empty for none."""
    return next((key for key in ANNOTATIONS if key in way.ingress.metadata.annotations), "")


def secret_of(case: Case, ref: ObjectRef) -> TLSSecret:
    """What is known of a Secret that is named; files need not have one that cert-manager makes for an Ingress."""
    secret, way = tls_secret(case.snapshot, ref.namespace, ref.name), case.path.target.ingress
    if secret.holding is Holding.ABSENT and ref not in case.snapshot.missing and way is not None and issued_by(way):
        return TLSSecret(ref, Holding.UNKNOWN, because="cert-manager makes it, and it is not among the files")
    return secret


def unread_secrets(case: Case) -> Iterator[Untested]:
    """Certificates of which neither the Secret was read, nor the proxy asked."""
    way = case.path.target.way
    if way is None or any(s.tried for s in case.of(Aim.CERTIFICATE)):
        return
    for ref in way.secrets:
        secret = secret_of(case, ref)
        if secret.holding is Holding.UNKNOWN:
            yield Untested(f"the certificate of {ref}", secret.because)
