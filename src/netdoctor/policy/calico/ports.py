"""Protocols and ports of Calico's rules."""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.cluster.calico_objects import CalicoRule
from netdoctor.policy.rules import PROTOCOLS, NamedPort, PortRange, RulePort

_FIRST, _LAST = 1, 65535
#: Those that Calico knows by name, in lower case, as it spells them; others are numbers.
_NAMES = {name.lower(): name for name in (*PROTOCOLS, "ICMP", "ICMPv6", "UDPLite")}
_NUMBERS = {"6": "TCP", "17": "UDP", "132": "SCTP", "1": "ICMP", "58": "ICMPv6", "136": "UDPLite"}


def protocol_name(protocol: int | str | None) -> str:
    """As Calico spells it, or a number; empty where none is given, or it is not valid."""
    text = str(protocol if protocol is not None else "")
    if text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= 255:
        return _NUMBERS.get(text, text)
    return _NAMES.get(text.lower(), "")


@dataclass(frozen=True, slots=True)
class Ports:
    """What a rule says of ports and protocols. An empty `wanted` means every port."""

    wanted: tuple[RulePort, ...] = ()
    unwanted: tuple[RulePort, ...] = ()
    source: tuple[PortRange, ...] = ()


def rule_ports(rule: CalicoRule, path: str) -> Ports | None:
    """The ports of a rule; None where no connection of TCP, UDP or SCTP has them, as with rules of ICMP."""
    protocols = protocols_of(rule)
    if not protocols:
        return None
    destination, source = rule.destination, rule.source
    wanted = _all_of(destination.ports, f"{path}.destination.ports", protocols)
    if destination.ports and not wanted:  # port 0
        return None
    if not destination.ports and len(protocols) < len(PROTOCOLS):
        field = "protocol" if rule.protocol is not None else "notProtocol"
        wanted = tuple(PortRange(f"{path}.{field}", protocol, _FIRST, _LAST) for protocol in protocols)
    unwanted = _all_of(destination.not_ports, f"{path}.destination.notPorts", protocols)
    return Ports(wanted, unwanted, (*_clients(source.ports, f"{path}.source.ports", protocols), *_others(rule, path)))


def parse_port(port: int | str) -> tuple[int, int] | str:
    """A port as numbers from and to, or as a name.

    Raises:
        ValueError: it is neither.
    """
    text = str(port)
    first, colon, last = text.partition(":")
    if not first[:1].isdecimal() or not (first + last).isascii():
        if not text or colon:
            raise ValueError(f"{text!r} is no port")
        return text
    if not (first.isdecimal() and (last.isdecimal() if colon else True)) or len(first) > 5 or len(last) > 5:
        raise ValueError(f"{text!r} is no port and no range of ports")
    numbers = int(first), int(last or first)
    if not 0 <= numbers[0] <= numbers[1] <= _LAST:
        raise ValueError(f"{text} is not between 0 and {_LAST}")
    return numbers


def protocols_of(rule: CalicoRule) -> tuple[str, ...]:
    """The protocols of a rule, of those that connections have."""
    wanted = (protocol_name(rule.protocol),) if rule.protocol is not None else PROTOCOLS
    return tuple(one for one in PROTOCOLS if one in wanted and one != protocol_name(rule.not_protocol))


def _all_of(ports: tuple[int | str, ...], path: str, protocols: tuple[str, ...]) -> tuple[RulePort, ...]:
    found: list[RulePort] = []
    for index, port in enumerate(ports):
        where, parsed = f"{path}[{index}]", parse_port(port)
        for protocol in protocols:
            if isinstance(parsed, str):
                found.append(NamedPort(where, protocol, parsed))
            elif parsed[1] >= _FIRST:
                found.append(PortRange(where, protocol, max(parsed[0], _FIRST), parsed[1]))
    return tuple(found)


def _clients(ports: tuple[int | str, ...], path: str, protocols: tuple[str, ...]) -> tuple[PortRange, ...]:
    """Ports of the client. Of a name it is not known which numbers it means, so it may be any."""
    return tuple(
        one if isinstance(one, PortRange) else PortRange(one.path, one.protocol, _FIRST, _LAST)
        for one in _all_of(ports, path, protocols)
    )


def _others(rule: CalicoRule, path: str) -> tuple[PortRange, ...]:
    """The ports of the client that `notPorts` leaves, which it may have or not."""
    if not rule.source.not_ports or rule.source.ports:
        return ()
    where = f"{path}.source.notPorts"
    return tuple(PortRange(where, protocol, _FIRST, _LAST) for protocol in protocols_of(rule))
