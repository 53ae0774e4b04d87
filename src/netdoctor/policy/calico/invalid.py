"""What Calico's API server would refuse in a policy: files may hold it all the same.

Source: libcalico-go/lib/validator/v3 and the validation rules of the types in calico/api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from netdoctor.cluster.calico_objects import CalicoNetworkPolicy, CalicoRule, EntityRule, GlobalNetworkPolicy
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.calico.domains import meanings
from netdoctor.policy.calico.entities import read_selector
from netdoctor.policy.calico.nets import parse_net
from netdoctor.policy.calico.ports import parse_port, protocol_name
from netdoctor.policy.calico.selector import SelectorError
from netdoctor.policy.invalid import Problem
from netdoctor.policy.rules import PROTOCOLS, Direction

_ACTIONS = ("Allow", "Deny", "Log", "Pass")
_ICMP = ("ICMP", "ICMPv6")
_PORTLESS = "ports need a protocol that has ports"


def calico_problems(
    policy: CalicoNetworkPolicy | GlobalNetworkPolicy, tiers: Mapping[str, object]
) -> tuple[tuple[ObjectRef, str], ...]:
    """Everything that is wrong with a policy, each with the field that it is about."""
    return tuple((policy.ref.at(path), text) for path, text in _in_policy(policy, tiers))


def _in_policy(policy: CalicoNetworkPolicy | GlobalNetworkPolicy, tiers: Mapping[str, object]) -> Iterator[Problem]:
    spec = policy.spec
    if spec.tier not in tiers:
        yield "spec.tier", f"there is no Tier {spec.tier!r}, so it has no effect"
    for index, name in enumerate(spec.types):
        if name not in tuple(Direction):
            yield f"spec.types[{index}]", f"{name!r} is neither Ingress nor Egress"
    yield from _in_selector(spec.selector, "spec.selector")
    yield from _in_selector(spec.service_account_selector, "spec.serviceAccountSelector")
    if isinstance(policy, GlobalNetworkPolicy):
        yield from _in_global(policy)
    for direction, rules in ((Direction.INGRESS, spec.ingress), (Direction.EGRESS, spec.egress)):
        for index, rule in enumerate(rules):
            path = f"spec.{direction.field}[{index}]"
            yield from _in_rule(rule, path, namespaced=bool(policy.namespace))
            side = "destination" if direction is Direction.INGRESS else "source"
            if getattr(rule, side).services is not None:
                yield f"{path}.{side}.services", f"{direction.field} rules have services on the other side only"


def _in_global(policy: GlobalNetworkPolicy) -> Iterator[Problem]:
    spec = policy.spec
    yield from _in_selector(spec.namespace_selector, "spec.namespaceSelector")
    if spec.do_not_track and spec.pre_dnat:
        yield "spec.preDNAT", "preDNAT and doNotTrack cannot both be true"
    if (spec.do_not_track or spec.pre_dnat) and not spec.apply_on_forward:
        yield "spec.applyOnForward", "it must be true where preDNAT or doNotTrack is"
    if spec.pre_dnat and (spec.egress or Direction.EGRESS in spec.types):
        yield "spec.preDNAT", "a preDNAT policy has no egress"


def _in_rule(rule: CalicoRule, path: str, *, namespaced: bool) -> Iterator[Problem]:
    if rule.action not in _ACTIONS:
        yield f"{path}.action", f"{rule.action!r} is none of {', '.join(_ACTIONS)}"
    if rule.ip_version not in (None, 4, 6):
        yield f"{path}.ipVersion", f"{rule.ip_version} is neither 4 nor 6"
    for field, protocol in (("protocol", rule.protocol), ("notProtocol", rule.not_protocol)):
        if protocol is not None and not protocol_name(protocol):
            yield f"{path}.{field}", f"{protocol!r} is no protocol that Calico knows"
    if rule.icmp is not None and protocol_name(rule.protocol) not in _ICMP:
        yield f"{path}.icmp", "icmp needs the protocol ICMP or ICMPv6"
    if rule.http is not None and rule.action != "Allow":
        yield f"{path}.http", "http is for rules that allow only"
    for side, entity in (("source", rule.source), ("destination", rule.destination)):
        yield from _in_entity(entity, f"{path}.{side}")
        yield from _in_ports(entity, rule, f"{path}.{side}")
        if entity.services is not None:
            yield from _in_services(entity, f"{path}.{side}", namespaced=namespaced)
    if rule.destination.services and (rule.destination.ports or rule.destination.not_ports):
        yield f"{path}.destination.ports", "ports cannot stand beside services, which have their own"


def _in_entity(entity: EntityRule, path: str) -> Iterator[Problem]:
    for field, nets in (("nets", entity.nets), ("notNets", entity.not_nets)):
        for index, net in enumerate(nets):
            yield from _attempt(f"{path}.{field}[{index}]", partial(parse_net, net))
    yield from _in_selector(entity.selector, f"{path}.selector")
    yield from _in_selector(entity.not_selector, f"{path}.notSelector")
    yield from _in_selector(entity.namespace_selector, f"{path}.namespaceSelector", may_be_global=True)
    if entity.service_accounts is not None:
        yield from _in_selector(entity.service_accounts.selector, f"{path}.serviceAccounts.selector")


def _in_services(entity: EntityRule, path: str, *, namespaced: bool) -> Iterator[Problem]:
    beside = (entity.nets, entity.not_nets, entity.selector, entity.not_selector, entity.namespace_selector)
    if any(beside) or entity.service_accounts is not None:
        yield f"{path}.services", "services cannot stand beside selectors, serviceAccounts and nets"
    match = entity.services
    if match is not None and not match.name:
        yield f"{path}.services.name", "the name is missing"
    if match is not None and not (match.namespace or namespaced):
        yield f"{path}.services.namespace", "a policy without a namespace has to name that of the Service"


def _in_ports(entity: EntityRule, rule: CalicoRule, path: str) -> Iterator[Problem]:
    for field, ports in (("ports", entity.ports), ("notPorts", entity.not_ports)):
        named = True
        for index, port in enumerate(ports):
            yield from _attempt(f"{path}.{field}[{index}]", partial(parse_port, port))
            named = named and not str(port)[:1].isdecimal()
        protocol = protocol_name(rule.protocol)
        if ports and (protocol not in PROTOCOLS if rule.protocol is not None else not named):
            yield f"{path}.{field}", _PORTLESS


def _in_selector(text: str, path: str, *, may_be_global: bool = False) -> Iterator[Problem]:
    yield from _attempt(path, lambda: meanings(read_selector(text, may_be_global=may_be_global)))


def _attempt(path: str, reading: Callable[[], object]) -> Iterator[Problem]:
    try:
        reading()
    except SelectorError as error:
        yield path, f"no selector: {error}"
    except ValueError as error:
        yield path, str(error)
