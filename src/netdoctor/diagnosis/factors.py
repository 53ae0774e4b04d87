"""Pairs of probes that differ in one factor, and of which one passed and the other failed: the factor flipped it.

What flips the outcome is where the fault is; what does not is where it is not (Mill's method of difference).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.model.probe import Role
from netdoctor.model.report import Contrast
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim

_WAYS: Mapping[Aim, str] = MappingProxyType(
    {
        Aim.NAME: "the name",
        Aim.HOST: "the name",
        Aim.VIP: "the ClusterIP",
        Aim.BACKEND: "the endpoint's own address",
        Aim.UNREADY: "the pod's own address",
        Aim.OTHER_PORT: "the endpoint's own address",
        Aim.OTHER_PROTOCOL: "the endpoint's own address",
        Aim.HEADLESS_PORT: "the endpoint's own address",
        Aim.NODE_PORT: "the NodePort",
        Aim.LOAD_BALANCER: "the load balancer",
        Aim.DNS_VIP: "the DNS Service's ClusterIP",
        Aim.DNS_SERVER: "the DNS server's own address",
    }
)
_DNS = (Aim.DNS_VIP, Aim.DNS_SERVER)
_MAY_FAIL = (Aim.OTHER_PORT, Aim.OTHER_PROTOCOL)  # nobody has to serve these
_SENDERS = {Role.SOURCE: "as the source", Role.NEUTRAL: "as a neutral pod", Role.NODE: "as the node itself"}


@dataclass(frozen=True, slots=True)
class _Factors:
    """What one probe differs in from others; a factor's value is what a reader is told."""

    way: str
    address: str
    port: str
    protocol: str
    sender: str
    node: str


_NAMES = {
    "way": "name, ClusterIP or endpoint",
    "address": "which of several",
    "port": "port",
    "protocol": "protocol",
    "sender": "who asks",
    "node": "from which node",
}


def flipped(case: Case) -> tuple[Contrast, ...]:
    """For each factor and each pair of its values the first pair of probes in which it alone flipped the outcome."""
    groups: list[Sequence[Seen]] = [[s for s in case.seen if s.aimed.aim in _DNS]]
    names = [s for s in case.seen if s.aimed.aim is Aim.NAME]
    groups += [[*names, *_of(case, route)] for route in case.path.routes]
    found: dict[tuple[str, str], Contrast] = {}
    for group in groups:
        for contrast in _flips([s for s in group if s.tried and not s.inconclusive and s.aimed.aim in _WAYS]):
            found.setdefault((contrast.factor, contrast.text), contrast)
    return tuple(found.values())


def _of(case: Case, route: Route) -> Iterator[Seen]:
    return (s for s in case.seen if s.aimed.route == route)


def _flips(seen: Sequence[Seen]) -> Iterator[Contrast]:
    factors = {one.id: _factors(one) for one in seen}
    for failed in seen:
        for passed in seen:
            if failed.ok or not passed.ok or failed.aimed.aim in _MAY_FAIL:
                continue
            factor = _one_factor(factors[failed.id], factors[passed.id])
            if factor:
                yield _contrast(factor, factors[failed.id], factors[passed.id], failed, passed)


def _factors(seen: Seen) -> _Factors:
    aim, probe = seen.aimed.aim, seen.observed.probe
    other = aim is Aim.OTHER_PORT
    dns = aim in _DNS
    transport = probe.transport if dns else "udp" if probe.kind == "udp" else "tcp"
    backend, entrance = seen.aimed.backend, seen.aimed.entrance
    address = backend.address if backend else entrance.address if entrance else ""
    return _Factors(
        _WAYS[aim],
        address,
        str(probe.port) if other or aim is Aim.HEADLESS_PORT else "",
        "" if aim is Aim.NAME else transport.upper(),
        _SENDERS.get(seen.observed.position.role, ""),
        seen.observed.node or "",
    )


def _one_factor(failed: _Factors, passed: _Factors) -> str:
    """The name of the factor in which they differ, if it is only one; the way there and its address are one."""
    differing = [name for name in _Factors.__slots__ if getattr(failed, name) != getattr(passed, name)]
    if "way" in differing:
        same = {"address", *(() if failed.protocol and passed.protocol else ("protocol",))}  # a lookup has several
        differing = [name for name in differing if name not in same]
    return differing[0] if len(differing) == 1 else ""


def _contrast(factor: str, lost: _Factors, got: _Factors, failed: Seen, passed: Seen) -> Contrast:
    outcome = failed.outcome
    bad, good = _value(factor, lost, failed), _value(factor, got, passed)
    text = f"{good} it works, {bad} it does not ({outcome})"
    return Contrast(_NAMES[factor], text[:1].upper() + text[1:], passed.id, failed.id)


def _value(factor: str, factors: _Factors, seen: Seen) -> str:
    value = getattr(factors, factor)
    if factor == "way":
        return f"by {value}"
    if factor == "address":
        return f"at {value or 'its address'}"
    if factor == "port":
        return f"on port {value or seen.observed.probe.port}"
    if factor == "protocol":
        return f"over {value}"
    return f"from {value or 'another node'}" if factor == "node" else str(value)
