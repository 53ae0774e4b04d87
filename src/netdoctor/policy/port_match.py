"""Whether a port of a rule is that of a flow, and what speaks against it."""

from __future__ import annotations

from netdoctor.policy.flow import Flow
from netdoctor.policy.pod_match import maybe_pod
from netdoctor.policy.rules import NamedPort, Rule, RulePort
from netdoctor.policy.verdict import Miss, MissKind


def admits_port(rule: Rule, flow: Flow) -> bool:
    """Whether one of the rule's ports is the flow's, and none of those that it leaves out."""
    if any(_port_miss(port, flow) is None for port in rule.not_ports):
        return False
    return not rule.ports or any(_port_miss(port, flow) is None for port in rule.ports)


def port_misses(rule: Rule, flow: Flow) -> tuple[Miss, ...]:
    """Why none of the rule's ports is the flow's: wrong numbers as one miss, the rest one by one."""
    if admits_port(rule, flow):
        return ()
    if not rule.ports or any(_port_miss(port, flow) is None for port in rule.ports):
        left_out = [port for port in rule.not_ports if _port_miss(port, flow) is None]
        found = f"port {flow.port_text}"
        return tuple(Miss(MissKind.PORT_EXCLUDED, port.path, f"any port but {port}", found) for port in left_out)
    by_port = [(port, kind) for port in rule.ports if (kind := _port_miss(port, flow))]
    misses = [
        Miss(kind, port.path, str(port), _declared(flow) if kind is MissKind.NAMED_PORT_UNRESOLVED else flow.port_text)
        for port, kind in by_port
        if kind is not MissKind.PORT
    ]
    if numbers := [_resolved(port, flow) for port, kind in by_port if kind is MissKind.PORT]:
        path = f"{rule.ref.path}.ports"
        misses.append(Miss(MissKind.PORT, path, f"port {', '.join(numbers)}", f"port {flow.port_text}"))
    return tuple(misses)


def named_port_misses(rule: Rule, flow: Flow) -> tuple[Miss, ...]:
    """That it is not known what a destination calls its ports: it may be a pod, and no number settles the matter."""
    if flow.destination.pods_read or any(_port_miss(port, flow) is None for port in rule.not_ports):
        return ()
    asked = rule.not_ports if admits_port(rule, flow) else rule.ports
    named = [port for port in asked if isinstance(port, NamedPort) and port.protocol in (flow.protocol, "")]
    return tuple(Miss(MissKind.POD_UNREAD, port.path, str(port), maybe_pod(flow.destination)) for port in named)


def source_port_misses(rule: Rule, flow: Flow) -> tuple[Miss, ...]:
    """That it is not known whether the client's port is one of those that a rule is about."""
    if not rule.source_ports:
        return ()
    if all(port.protocol != flow.protocol for port in rule.source_ports):
        wanted = ", ".join(map(str, rule.source_ports))
        return (Miss(MissKind.PROTOCOL, rule.source_ports[0].path, wanted, flow.port_text),)
    wanted = f"a client's port of {', '.join(map(str, rule.source_ports))}"
    return (Miss(MissKind.SOURCE_PORT, rule.source_ports[0].path, wanted, "a client whose own port is not known"),)


def _port_miss(port: RulePort, flow: Flow) -> MissKind | None:
    if isinstance(port, NamedPort):
        numbers = _numbers(port, flow)
        if not numbers:
            return MissKind.NAMED_PORT_UNRESOLVED
        in_range = flow.port in numbers
    else:
        in_range = port.first <= flow.port <= port.last
    if not in_range:
        return MissKind.PORT
    return None if port.protocol in (flow.protocol, "") else MissKind.PROTOCOL


def _numbers(port: NamedPort, flow: Flow) -> tuple[int, ...]:
    """What the destination pod declares for a name and protocol; only pods with their own network declare ports."""
    if not flow.destination.selectable:
        return ()
    declared = flow.destination.ports
    protocol = port.protocol or flow.protocol
    return tuple(p.container_port for p in declared if p.name == port.name and p.protocol == protocol)


def _resolved(port: RulePort, flow: Flow) -> str:
    if isinstance(port, NamedPort):
        return f"{port} (= {', '.join(map(str, _numbers(port, flow)))})"
    return str(port)


def _declared(flow: Flow) -> str:
    if not flow.destination.selectable:
        return f"{flow.destination}, which is no pod with its own network"
    named = ", ".join(f"{p.name}={p.container_port}/{p.protocol}" for p in flow.destination.ports if p.name)
    return f"{flow.destination}, which names {named or 'no port'}"
