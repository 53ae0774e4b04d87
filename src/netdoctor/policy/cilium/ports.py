"""toPorts of a Cilium policy to ports and requests.

Source: "Layer 4 Policies" and "Layer 7 Policies" of Cilium's documentation; PortProtocol.sanitize in cilium/cilium
pkg/policy/api.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.cluster.cilium_objects import CiliumHTTP, CiliumL7, CiliumPort, CiliumPorts
from netdoctor.policy.l7 import DNSPattern, HTTPPattern, Requests
from netdoctor.policy.rules import PROTOCOLS, NamedPort, PortRange, RulePort

ANY = "ANY"
_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-zA-Z])[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*")  # IANA service name


def ports(given: CiliumPorts, path: str) -> tuple[RulePort, ...]:
    """The ports of an element of toPorts, as far as they are of TCP, UDP or SCTP."""
    return tuple(port for index, one in enumerate(given.ports) for port in _ports(one, f"{path}.ports[{index}]"))


def port_number(port: CiliumPort) -> int | None:
    """The number; None for a name. Raises ValueError for what is neither."""
    if _NAME.fullmatch(port.port):
        return None
    return int(port.port, 0)


def requests(given: CiliumPorts, path: str) -> Requests | None:
    """What is admitted of the requests on these ports; None where all of them are."""
    rules = given.rules
    if rules is None or not is_limited(rules):
        return None
    where = f"{path}.rules"
    if rules.http is not None:
        return Requests("http", http=tuple(_http(one, f"{where}.http[{n}]") for n, one in enumerate(rules.http)))
    if rules.dns is not None:
        dns = (DNSPattern(f"{where}.dns[{n}]", d.match_name, d.match_pattern) for n, d in enumerate(rules.dns))
        return Requests("dns", dns=tuple(dns))
    return Requests(rules.l7proto or "kafka")


def is_limited(rules: CiliumL7) -> bool:
    """Whether rules for requests admit less than everything: a list without elements is none."""
    return bool(rules.http or rules.dns or rules.kafka or rules.l7 or rules.l7proto)


def _ports(port: CiliumPort, path: str) -> Iterator[RulePort]:
    protocol = port.protocol.upper() or ANY
    number = port_number(port)
    if number is None:
        yield NamedPort(path, "" if protocol == ANY else protocol, port.port.lower())
        return
    first, last = (number, max(number, port.end_port)) if number else (1, 65535)
    for one in PROTOCOLS if protocol == ANY else (protocol,):
        if one in PROTOCOLS:
            yield PortRange(path, one, first, last)


def _http(one: CiliumHTTP, path: str) -> HTTPPattern:
    headers = [_header(text) for text in one.headers]
    headers += [(m.name, m.value or None) for m in one.header_matches if not m.mismatch]
    secret = any(m.secret is not None and not m.value and not m.mismatch for m in one.header_matches)
    return HTTPPattern(path, one.path, one.method, one.host, tuple(headers), secret)


def _header(text: str) -> tuple[str, str | None]:
    """`Name`, or `Name value` with a colon or without."""
    name, space, value = text.partition(" ")
    return name.rstrip(":"), value if space else None
