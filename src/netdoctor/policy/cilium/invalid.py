"""What Cilium's agents refuse in a policy, or what netdoctor cannot evaluate: either way nobody knows what it allows.

Source: Rule.Sanitize in cilium/cilium pkg/policy/api.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.cilium_objects import CiliumCIDRRule, CiliumNetworkPolicy, CiliumPort, CiliumPorts, CiliumRule
from netdoctor.policy.cilium.ports import is_limited, port_number
from netdoctor.policy.cilium.rules import CiliumPolicy, Entry, entries, written
from netdoctor.policy.invalid import Problem, is_network, selector_problems
from netdoctor.policy.patterns import PatternError, PatternTooHardError, compile_pattern
from netdoctor.policy.rules import Action, Direction

ENTITIES = frozenset(
    """
    all world world-ipv4 world-ipv6 cluster host init remote-node health unmanaged none kube-apiserver ingress
    """.split()  # noqa: SIM905
)
_PROTOCOLS = frozenset({"", "ANY", "TCP", "UDP", "SCTP", "ICMP", "ICMPV6", "VRRP", "IGMP", "GRE", "IPIP"})


def policy_problems(policy: CiliumPolicy) -> Iterator[Problem]:
    """Everything that is wrong with a policy, each with the field that it is about."""
    if policy.spec is None and not policy.specs:
        yield "spec", "the policy has neither spec nor specs"
    for rule, path in written(policy):
        yield from _in_rule(rule, path, namespaced=isinstance(policy, CiliumNetworkPolicy))


def _in_rule(rule: CiliumRule, path: str, *, namespaced: bool) -> Iterator[Problem]:
    if (rule.endpoint_selector is None) == (rule.node_selector is None):
        yield path, "a rule needs either endpointSelector or nodeSelector"
    if namespaced and rule.node_selector is not None:
        yield f"{path}.nodeSelector", "only a CiliumClusterwideNetworkPolicy can select nodes"
    if rule.endpoint_selector is not None:
        yield from selector_problems(rule.endpoint_selector, f"{path}.endpointSelector")
    for direction in Direction:
        found = list(entries(rule, path, direction))
        asked = rule.enable_default_deny
        if not found and (asked.ingress if direction is Direction.INGRESS else asked.egress):
            yield (
                f"{path}.enableDefaultDeny",
                f"without rules for {direction.field}, releases of Cilium differ about it",
            )
        for entry in found:
            yield from _in_entry(entry)


def _in_entry(entry: Entry) -> Iterator[Problem]:
    used = [name for name, given in entry.peer_lists.items() if given]
    if len(used) > 1:
        yield entry.path, f"{' and '.join(used)} cannot be combined in one rule"
    if entry.requires is not None:
        yield f"{entry.path}.{entry.side}Requires", "Cilium 1.19 has removed it; before, it narrowed every other rule"
    if entry.icmp and entry.ports:
        yield entry.path, "icmps and toPorts cannot be combined in one rule"
    if entry.action is Action.DENY and entry.names is not None:
        yield f"{entry.path}.toFQDNs", "a name cannot be denied"
    yield from _in_peers(entry)
    for index, given in enumerate(entry.ports or ()):
        yield from _in_ports(given, f"{entry.path}.toPorts[{index}]", entry)


def _in_peers(entry: Entry) -> Iterator[Problem]:
    for name, selectors in (("Endpoints", entry.endpoints), ("Nodes", entry.nodes)):
        for index, selector in enumerate(selectors or ()):
            yield from selector_problems(selector, f"{entry.path}.{entry.side}{name}[{index}]")
    for index, entity in enumerate(entry.entities or ()):
        if entity not in ENTITIES:
            yield f"{entry.path}.{entry.side}Entities[{index}]", f"no entity is called {entity!r}"
    for index, cidr in enumerate(entry.cidrs or ()):
        if not (parse_address(cidr) or is_network(cidr)):
            yield f"{entry.path}.{entry.side}CIDR[{index}]", f"{cidr!r} is no CIDR"
    for index, rule in enumerate(entry.cidr_set or ()):
        yield from _in_cidr_rule(rule, f"{entry.path}.{entry.side}CIDRSet[{index}]")


def _in_cidr_rule(rule: CiliumCIDRRule, path: str) -> Iterator[Problem]:
    if bool(rule.cidr) + bool(rule.cidr_group_ref) + (rule.cidr_group_selector is not None) != 1:
        yield path, "it needs one of cidr, cidrGroupRef and cidrGroupSelector"
    for field, cidr in (("cidr", rule.cidr), *((f"except[{n}]", one) for n, one in enumerate(rule.except_))):
        if cidr and not is_network(cidr):
            yield f"{path}.{field}", f"{cidr!r} is no CIDR"


def _in_ports(given: CiliumPorts, path: str, entry: Entry) -> Iterator[Problem]:
    if not given.ports:
        yield f"{path}.ports", "without ports it is not known what it is about"
    for index, port in enumerate(given.ports):
        yield from _in_port(port, f"{path}.ports[{index}]")
    rules = given.rules
    if rules is None or not is_limited(rules):
        return
    if entry.action is Action.DENY:
        yield f"{path}.rules", "requests cannot be denied"
    if rules.dns and entry.direction is Direction.INGRESS:
        yield f"{path}.rules.dns", "rules for DNS are for egress only"
    if bool(rules.http) + bool(rules.dns) + bool(rules.kafka) + bool(rules.l7proto) > 1:
        yield f"{path}.rules", "rules of one protocol only can stand here"
    if not rules.dns and any(port.protocol.upper() != "TCP" for port in given.ports):
        yield f"{path}.ports", "rules for requests need protocol TCP"
    for index, http in enumerate(rules.http or ()):
        for field, text in (("path", http.path), ("method", http.method), ("host", http.host)):
            yield from _in_pattern(text, f"{path}.rules.http[{index}].{field}")


def _in_port(port: CiliumPort, path: str) -> Iterator[Problem]:
    if port.protocol.upper() not in _PROTOCOLS:
        yield f"{path}.protocol", f"{port.protocol!r} is no protocol"
    try:
        number = port_number(port)
    except ValueError:
        yield f"{path}.port", f"{port.port!r} is neither a number nor a name"
        return
    if number is not None and not 0 <= number <= 65535:
        yield f"{path}.port", f"{number} is no port"
    if number and port.end_port and not number <= port.end_port <= 65535:
        yield f"{path}.endPort", f"{port.end_port} is not between {number} and 65535"


def _in_pattern(text: str, path: str) -> Iterator[Problem]:
    try:
        compile_pattern(text)
    except PatternError as error:
        yield path, f"it is no regular expression: {error}"
    except PatternTooHardError:
        return  # may be right: it is said where it matters
