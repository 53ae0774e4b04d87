"""From a question to records: the sections of an answer, as CoreDNS fills them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype as types
import dns.reversename
import dns.rrset

from .lookup import Found, NoSuchNameError, lookup
from .zone import Zone

_REVERSE = (dns.reversename.ipv4_reverse_domain, dns.reversename.ipv6_reverse_domain)
_SCHEMA_VERSION = "1.1.0"  # https://github.com/kubernetes/dns/blob/master/docs/specification.md 2.2
_MOST_ALIASES = 8  # one behind the other, as CoreDNS

Records = tuple[dns.rrset.RRset, ...]  # of one record each, so that an answer can be cut between any two


@dataclass(frozen=True, slots=True)
class Answer:
    """Code and sections of an answer."""

    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    answer: Records = ()
    authority: Records = ()
    additional: Records = ()
    authoritative: bool = False


def answer(zone: Zone, name: dns.name.Name, rdtype: types.RdataType) -> Answer:
    """The answer to a question of class IN."""
    origin = zone.origin_of(name)
    if origin is None:
        return _outside(zone, name, rdtype)
    try:
        records, additional = _own(zone, name, rdtype, origin)
    except NoSuchNameError:
        if any(name.is_subdomain(other) for other in zone.fallthrough):
            return _outside(zone, name, rdtype)
        return Answer(dns.rcode.NXDOMAIN, authority=(_soa(zone, origin),), authoritative=True)
    authority = () if records else (_soa(zone, origin),)
    return Answer(answer=records, authority=authority, additional=additional, authoritative=True)


def _own(zone: Zone, name: dns.name.Name, rdtype: types.RdataType, origin: dns.name.Name) -> tuple[Records, Records]:
    """Answer and additional section for a name of the server's own. Raises NoSuchNameError."""
    if name == origin:
        return _apex(zone, rdtype, origin)
    if origin in _REVERSE:
        return _pointers(zone, name, rdtype), ()
    labels = _labels(name, origin)
    if labels == ("ns", "dns"):
        addresses = [address for server in zone.name_servers.values() for address in server]
        return _addresses(zone, name, rdtype, addresses), ()
    if labels == ("dns-version",):
        return (_record(zone, name, types.TXT, f'"{_SCHEMA_VERSION}"'),) if rdtype == types.TXT else (), ()
    found = lookup(zone, labels)
    if rdtype == types.SRV:
        return _services(zone, name, found)
    return _of_type(zone, name, rdtype, found), ()


def _of_type(zone: Zone, name: dns.name.Name, rdtype: types.RdataType, found: tuple[Found, ...]) -> Records:
    if rdtype == types.CNAME:
        return tuple(_record(zone, name, types.CNAME, _absolute(one.alias)) for one in found if one.alias)
    if rdtype not in {types.A, types.AAAA}:
        return ()
    if found and found[0].alias:
        return _alias(zone, name, rdtype, found[0].alias, ())
    return _addresses(zone, name, rdtype, [one.address for one in found])


def _alias(
    zone: Zone, name: dns.name.Name, rdtype: types.RdataType, target: str, before: tuple[dns.name.Name, ...]
) -> Records:
    """The CNAME and what its target has; nothing where a target in the cluster has nothing."""
    other = dns.name.from_text(target)
    if other == name or other in before or len(before) >= _MOST_ALIASES:
        return ()
    alias = _record(zone, name, types.CNAME, _absolute(target))
    if zone.origin_of(other) != zone.domain:
        return (alias, *_outside(zone, other, rdtype).answer)
    try:
        found = lookup(zone, _labels(other, zone.domain))
    except NoSuchNameError:
        return ()
    if found and found[0].alias:
        further = _alias(zone, other, rdtype, found[0].alias, (*before, name))
    else:
        further = _addresses(zone, other, rdtype, [one.address for one in found])
    return (alias, *further) if further else ()


def _services(zone: Zone, name: dns.name.Name, found: tuple[Found, ...]) -> tuple[Records, Records]:
    """SRV records, and the addresses of their targets. The weight is shared, as CoreDNS does."""
    served = [one for one in found if one.port and not one.alias]
    weight = max(1, 100 // len(served)) if served else 0
    targets = {(".".join(one.owner), one.port): _target(zone, one) for one in served}
    records = (_record(zone, name, types.SRV, f"0 {weight} {port} {to}") for (_, port), to in targets.items())
    addresses = {(one.owner, one.address): one for one in served}.values()
    return tuple(records), tuple(_address(zone, _target(zone, one), one.address) for one in addresses)


def _pointers(zone: Zone, name: dns.name.Name, rdtype: types.RdataType) -> Records:
    try:
        address = dns.reversename.to_address(name)
    except (dns.exception.DNSException, ValueError) as error:
        raise NoSuchNameError from error
    names = zone.by_address.get(address, ())
    if not names or rdtype != types.PTR:
        raise NoSuchNameError
    return tuple(_record(zone, name, types.PTR, _absolute(own)) for own in dict.fromkeys(names))


def _apex(zone: Zone, rdtype: types.RdataType, origin: dns.name.Name) -> tuple[Records, Records]:
    if rdtype == types.SOA:
        return (_soa(zone, origin),), ()
    if rdtype == types.NS:
        servers = tuple(_record(zone, origin, types.NS, server.to_text()) for server in zone.name_servers)
        return servers, tuple(_address(zone, s, ip) for s, ips in zone.name_servers.items() for ip in ips)
    return (), ()


def _outside(zone: Zone, name: dns.name.Name, rdtype: types.RdataType) -> Answer:
    if zone.upstream_fails:
        return Answer(dns.rcode.SERVFAIL)
    addresses = zone.outside.get(name)
    if addresses is None:
        return Answer(dns.rcode.NXDOMAIN)
    return Answer(answer=_addresses(zone, name, rdtype, addresses))


def _addresses(zone: Zone, name: dns.name.Name, rdtype: types.RdataType, addresses: Iterable[str]) -> Records:
    """A or AAAA records in random order, as CoreDNS' `loadbalance` plugin gives them."""
    records = list(_of_family(zone, name, rdtype, dict.fromkeys(addresses)))
    random.shuffle(records)
    return tuple(records)


def _of_family(
    zone: Zone, name: dns.name.Name, rdtype: types.RdataType, addresses: Iterable[str]
) -> Iterator[dns.rrset.RRset]:
    for address in addresses:
        record = _address(zone, name, address)
        if record.rdtype == rdtype:
            yield record


def _address(zone: Zone, name: dns.name.Name, address: str) -> dns.rrset.RRset:
    return _record(zone, name, types.AAAA if ":" in address else types.A, address)


def _soa(zone: Zone, origin: dns.name.Name) -> dns.rrset.RRset:
    return _record(zone, origin, types.SOA, f"ns.dns.{origin} hostmaster.{origin} 1 7200 1800 86400 {zone.ttl}")


def _record(zone: Zone, name: dns.name.Name, rdtype: types.RdataType, text: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, zone.ttl, "IN", rdtype, text)


def _target(zone: Zone, found: Found) -> dns.name.Name:
    return dns.name.from_text(".".join(found.owner), zone.domain)


def _labels(name: dns.name.Name, origin: dns.name.Name) -> tuple[str, ...]:
    relative = name.relativize(origin)
    return tuple(label.decode("latin-1").lower() for label in relative.labels)


def _absolute(name: str) -> str:
    return name.rstrip(".") + "."
