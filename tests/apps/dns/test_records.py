"""What a question is answered, by the rules of CoreDNS' kubernetes plugin."""

from __future__ import annotations

from typing import Any

import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from netdoctor_apps.dns.records import Answer, answer
from netdoctor_apps.dns.zone import zone_of

from .documents import SHOP, document, service


def ask(name: str, kind: str = "A", /, **fields: Any) -> Answer:
    zone = zone_of(SHOP | fields)
    return answer(zone, dns.name.from_text(name), dns.rdatatype.from_text(kind))


def texts(records: Any) -> set[str]:
    return {f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}" for rrset in records for rdata in rrset}


SVC = "svc.cluster.local."


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("web.shop.svc.cluster.local", "A", {f"web.shop.{SVC} A 10.96.0.7"}),
        ("web.shop.svc.cluster.local", "AAAA", {f"web.shop.{SVC} AAAA fd00:10:96::7"}),
        ("WEB.Shop.SVC.cluster.LOCAL", "A", {"WEB.Shop.SVC.cluster.LOCAL. A 10.96.0.7"}),
        ("_http._tcp.web.shop.svc.cluster.local", "A", {f"_http._tcp.web.shop.{SVC} A 10.96.0.7"}),
        ("10-244-1-5.web.shop.svc.cluster.local", "A", {f"10-244-1-5.web.shop.{SVC} A 10.244.1.5"}),
        ("db.shop.svc.cluster.local", "A", {f"db.shop.{SVC} A 10.244.1.6", f"db.shop.{SVC} A 10.244.2.6"}),
        ("db-1.db.shop.svc.cluster.local", "A", {f"db-1.db.shop.{SVC} A 10.244.2.6"}),
        ("portless.shop.svc.cluster.local", "A", {f"portless.shop.{SVC} A 10.244.1.9"}),
        ("alias.shop.svc.cluster.local", "CNAME", {f"alias.shop.{SVC} CNAME web.shop.{SVC}"}),
        (
            "second.shop.svc.cluster.local",
            "A",
            {
                f"second.shop.{SVC} CNAME alias.shop.{SVC}",
                f"alias.shop.{SVC} CNAME web.shop.{SVC}",
                f"web.shop.{SVC} A 10.96.0.7",
            },
        ),
        (
            "site.shop.svc.cluster.local",
            "A",
            {f"site.shop.{SVC} CNAME www.example.com.", "www.example.com. A 203.0.113.80"},
        ),
        ("gone.shop.svc.cluster.local", "A", {f"gone.shop.{SVC} CNAME nowhere.example.com."}),
        ("10-1-2-3.shop.pod.cluster.local", "A", {"10-1-2-3.shop.pod.cluster.local. A 10.1.2.3"}),
        ("fd00--1.shop.pod.cluster.local", "AAAA", {"fd00--1.shop.pod.cluster.local. AAAA fd00::1"}),
        ("7.0.96.10.in-addr.arpa", "PTR", {f"7.0.96.10.in-addr.arpa. PTR web.shop.{SVC}"}),
        ("6.2.244.10.in-addr.arpa", "PTR", {f"6.2.244.10.in-addr.arpa. PTR db-1.db.shop.{SVC}"}),
        ("dns-version.cluster.local", "TXT", {'dns-version.cluster.local. TXT "1.1.0"'}),
        ("ns.dns.cluster.local", "A", {"ns.dns.cluster.local. A 10.96.0.10"}),
        ("cluster.local", "NS", {f"cluster.local. NS kube-dns.kube-system.{SVC}"}),
        ("www.example.com", "AAAA", {"www.example.com. AAAA 2001:db8::80"}),
    ],
)
def test_records(name: str, kind: str, records: set[str]) -> None:
    given = ask(name, kind)
    assert (given.rcode, texts(given.answer)) == (dns.rcode.NOERROR, records)
    assert {rrset.ttl for rrset in given.answer} == {30}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cluster.local", "A"),
        ("svc.cluster.local", "A"),
        ("shop.svc.cluster.local", "A"),
        ("shop.pod.cluster.local", "A"),
        ("web.shop.svc.cluster.local", "MX"),
        ("db.shop.svc.cluster.local", "AAAA"),
        ("10-1-2-3.shop.pod.cluster.local", "AAAA"),
        ("broken.shop.svc.cluster.local", "A"),
        ("loop.shop.svc.cluster.local", "A"),
        ("alias.shop.svc.cluster.local", "SRV"),
        ("portless.shop.svc.cluster.local", "SRV"),
    ],
)
def test_a_name_without_such_records_exists(name: str, kind: str) -> None:
    given = ask(name, kind)
    assert (given.rcode, given.answer) == (dns.rcode.NOERROR, ())
    assert texts(given.authority) == {
        "cluster.local. SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 30"
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("shop.cluster.local", "A"),
        ("web.cluster.local", "A"),
        ("missing.shop.svc.cluster.local", "A"),
        ("web.other.svc.cluster.local", "A"),
        ("other.svc.cluster.local", "A"),
        ("nobody.shop.svc.cluster.local", "A"),
        ("number.shop.svc.cluster.local", "A"),
        ("_https._tcp.web.shop.svc.cluster.local", "SRV"),
        ("_http._udp.web.shop.svc.cluster.local", "SRV"),
        ("db-2.db.shop.svc.cluster.local", "A"),
        ("x.alias.shop.svc.cluster.local", "A"),
        ("a.b.c.web.shop.svc.cluster.local", "A"),
        ("web.shop.pod.cluster.local", "A"),
        ("10-1-2-3.other.pod.cluster.local", "A"),
        ("fe80--1%25.shop.pod.cluster.local", "AAAA"),
        ("8.0.96.10.in-addr.arpa", "PTR"),
        ("x.in-addr.arpa", "PTR"),
        ("7.0.96.10.in-addr.arpa", "A"),
    ],
)
def test_a_name_that_does_not_exist(name: str, kind: str) -> None:
    given = ask(name, kind)
    assert (given.rcode, given.answer, given.authoritative) == (dns.rcode.NXDOMAIN, (), True)
    assert [rrset.rdtype for rrset in given.authority] == [dns.rdatatype.SOA]


def test_the_ports_of_a_headless_service() -> None:
    given = ask("_http._tcp.db.shop.svc.cluster.local", "SRV")
    owner = "_http._tcp.db.shop.svc.cluster.local."
    assert texts(given.answer) == {f"{owner} SRV 0 50 80 db-{number}.db.shop.{SVC}" for number in (0, 1)}
    assert texts(given.additional) == {f"db-0.db.shop.{SVC} A 10.244.1.6", f"db-1.db.shop.{SVC} A 10.244.2.6"}


def test_the_ports_of_a_service_with_addresses_of_both_families() -> None:
    given = ask("web.shop.svc.cluster.local", "SRV")
    owner = f"web.shop.{SVC}"
    assert texts(given.answer) == {f"{owner} SRV 0 25 80 {owner}", f"{owner} SRV 0 25 9090 {owner}"}
    assert texts(given.additional) == {f"{owner} A 10.96.0.7", f"{owner} AAAA fd00:10:96::7"}


@pytest.mark.parametrize(
    ("mode", "name", "rcode"),
    [
        ("disabled", "10-244-1-6", dns.rcode.NXDOMAIN),
        ("verified", "10-244-1-6", dns.rcode.NOERROR),
        ("verified", "10-244-1-7", dns.rcode.NXDOMAIN),
        ("insecure", "10-244-1-7", dns.rcode.NOERROR),
    ],
)
def test_modes_of_pod_names(mode: str, name: str, rcode: dns.rcode.Rcode) -> None:
    given = ask(f"{name}.shop.pod.cluster.local", pods=mode, podAddresses=[["shop", "10.244.1.6"]])
    assert given.rcode == rcode


@pytest.mark.parametrize(
    ("name", "upstream", "rcode"),
    [
        ("www.example.com", "answering", dns.rcode.NOERROR),
        ("www.example.org", "answering", dns.rcode.NXDOMAIN),
        ("www.example.com", "failing", dns.rcode.SERVFAIL),
        ("www.example.org", "failing", dns.rcode.SERVFAIL),
        ("web.shop.svc.cluster.local", "failing", dns.rcode.NOERROR),
        ("missing.shop.svc.cluster.local", "failing", dns.rcode.NXDOMAIN),
    ],
)
def test_names_outside(name: str, upstream: str, rcode: dns.rcode.Rcode) -> None:
    assert ask(name, upstream=upstream).rcode == rcode


def test_a_zone_may_fall_through() -> None:
    assert ask("9.9.9.9.in-addr.arpa", "PTR", fallthrough=["in-addr.arpa"], upstream="failing").rcode == (
        dns.rcode.SERVFAIL
    )


def test_a_chain_of_aliases_has_an_end() -> None:
    chain = [service(f"s{n}", externalName=f"s{n + 1}.shop.svc.cluster.local") for n in range(500)]
    whole = document(
        *chain, service("s500", addresses=["10.96.0.1"], ports=[{"name": "", "protocol": "TCP", "port": 1}])
    )
    zone = zone_of(whole)
    for start, records in ((0, 0), (495, 6)):
        name = dns.name.from_text(f"s{start}.shop.svc.cluster.local")
        assert len(answer(zone, name, dns.rdatatype.A).answer) == records
