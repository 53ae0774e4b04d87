"""Answers that need TCP where a policy allows DNS over UDP only."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.dns_transport import DNSOverTCPDenied, DNSPolicyPortMismatch
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    cluster_dns,
    codes,
    endpoints,
    examine,
    found,
    labels_matter,
    lookup,
    pod,
    policy,
    refs,
    ruled_out,
    sees,
    service,
    web,
)

DNS_PODS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
TO_API = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}
NAME = "api.shop.svc.cluster.local"


def out(*protocols: str) -> Manifest:
    """A policy that lets web reach api, and DNS by these protocols."""
    ports = [{"port": 53, "protocol": protocol} for protocol in protocols]
    return policy("web-out", {"app": "web"}, egress=[{"to": [DNS_PODS], "ports": ports}, TO_API])


def truncated(*after: tuple[str, Outcome], outcome: Outcome = Outcome.TIMEOUT) -> See:
    """Every answer is truncated, and TCP to the DNS servers times out."""
    names = sees(NAME=lookup(outcome, (NAME, Outcome.TRUNCATED), *after))

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        over_tcp = probe.kind == "dns" and probe.transport == "tcp"
        return Outcome.TIMEOUT if over_tcp else names(aimed, probe, position)

    return labels_matter(see)


def headless(pods: int) -> list[Manifest]:
    """A headless Service with so many pods."""
    same = {"port": 8080, "targetPort": 8080}
    addresses = [f"10.244.1.{number}" for number in range(10, 10 + pods)]
    members = [pod(f"api-{number}", address) for number, address in enumerate(addresses)]
    return [service("api", same, clusterIP="None"), *members, endpoints("api", *addresses)]


def test_a_truncated_answer_that_has_no_way_over_tcp() -> None:
    case = examine(cluster(api(), web(), out("UDP")), "svc/api", truncated(), source="deploy/web")
    one = found(DNSOverTCPDenied, case)
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0]"]
    assert one.finding.title == (
        "NetworkPolicy shop/web-out allows DNS over UDP only, and the answer for api needs TCP"
    )
    assert "exceeds the 512 octets that a resolver without EDNS takes over UDP" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["DNSOverTCPDenied"]


def test_tcp_is_allowed_beside_udp() -> None:
    case = examine(cluster(api(), web(), out("UDP")), "svc/api", truncated(), source="deploy/web")
    fix = next(fix for fix in found(DNSOverTCPDenied, case).finding.fixes if fix.title.startswith("add port"))
    assert fix.patch == {"op": "add", "path": "/spec/egress/0/ports/-", "value": {"port": 53, "protocol": "TCP"}}
    assert fix.command.startswith("kubectl patch networkpolicy web-out -n shop --type=json -p ")


def test_glibc_then_says_that_there_is_no_such_name() -> None:
    see = truncated(("api", Outcome.UNRESOLVABLE), outcome=Outcome.UNRESOLVABLE)
    case = examine(cluster(api(), web(), out("UDP")), "svc/api", see, source="deploy/web")
    assert codes(case) == ["DNSOverTCPDenied"]


@pytest.mark.parametrize(("pods", "expected"), [(30, ["DNSOverTCPDenied"]), (29, [])])
def test_objects_show_how_large_the_answer_is(pods: int, expected: list[str]) -> None:
    case = examine(cluster(headless(pods), web(), out("UDP")), "svc/api", source="deploy/web")
    assert codes(case) == expected


def test_objects_alone_are_likely() -> None:
    case = examine(cluster(headless(40), web(), out("UDP")), "svc/api", source="deploy/web")
    assert found(DNSOverTCPDenied, case).finding.certainty is Certainty.LIKELY


def test_one_address_of_a_cluster_ip_fits() -> None:
    case = examine(cluster(api(), web(), out("UDP")), "svc/api", source="deploy/web")
    assert ruled_out(DNSOverTCPDenied, case) == "the answer fits into a UDP datagram"


def test_without_a_truncated_answer_udp_alone_does_no_harm() -> None:
    see = truncated()
    fits = sees(NAME=lookup(Outcome.OK, (NAME, Outcome.OK)))

    def seen(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return fits(aimed, probe, position) if probe.kind == "lookup" else see(aimed, probe, position)

    case = examine(cluster(headless(40), web(), out("UDP")), "svc/api", seen, source="deploy/web")
    assert ruled_out(DNSOverTCPDenied, case) == "the answer fits into a UDP datagram"
    assert codes(case) == []


def test_a_truncated_answer_over_udp_is_one_where_tcp_completes_it() -> None:
    see = sees(NAME=lookup(Outcome.OK, (NAME, Outcome.TRUNCATED)), DNS_SERVER=Outcome.TRUNCATED)
    case = examine(cluster(headless(40), web()), "svc/api", see, source="deploy/web")
    assert ruled_out(DNSOverTCPDenied, case) == "no policy keeps the source from asking over TCP"
    assert codes(case) == []


def test_a_policy_that_is_not_enforced() -> None:
    see = sees(NAME=lookup(Outcome.OK, (NAME, Outcome.TRUNCATED)))
    case = examine(cluster(api(), web(), out("UDP")), "svc/api", see, source="deploy/web")
    assert ruled_out(DNSOverTCPDenied, case) == "the DNS servers answer over TCP"


def test_a_policy_that_allows_both() -> None:
    case = examine(cluster(api(), web(), out("UDP", "TCP")), "svc/api", truncated(), source="deploy/web")
    assert ruled_out(DNSOverTCPDenied, case) == "no policy keeps the source from asking over TCP"


def test_a_policy_that_allows_neither_is_another_cause() -> None:
    silent = labels_matter(sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT))
    closed = policy("web-out", {"app": "web"}, egress=[TO_API])
    case = examine(cluster(api(), web(), closed), "svc/api", silent, source="deploy/web")
    assert DNSOverTCPDenied().examine(case) is None
    assert codes(case) == ["DNSEgressDenied"]


def test_does_not_apply_without_a_truncated_answer_or_a_policy() -> None:
    assert DNSOverTCPDenied().examine(examine(cluster(api(), web()), "svc/api", sees(), source="deploy/web")) is None


def dns_on(port: int) -> list[Manifest]:
    """The cluster's DNS with servers that listen on this port; its Service has 53 all the same."""
    made = cluster_dns("10.244.2.2")
    for item in made:
        if item["kind"] == "EndpointSlice":
            item["ports"] = [{**one, "port": port} for one in item["ports"]]
        if item["kind"] == "Service":
            item["spec"]["ports"] = [{**one, "targetPort": port} for one in item["spec"]["ports"]]
    return made


NO_NAMES = labels_matter(sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT))


def test_port_53_is_allowed_and_the_servers_listen_on_another() -> None:
    objects = cluster(api(), web(), out("UDP", "TCP"), dns=dns_on(5353))
    case = examine(objects, "svc/api", NO_NAMES, source="deploy/web")
    one = found(DNSPolicyPortMismatch, case)
    assert one.finding.title == "NetworkPolicy shop/web-out allows port 53, the DNS servers listen on 5353"
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0]"]
    assert "53 is the port of Service kube-system/kube-dns" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert one.finding.fixes[0].patch == {
        "op": "add",
        "path": "/spec/egress/0/ports/-",
        "value": {"port": 5353, "protocol": "UDP"},
    }
    assert codes(case) == ["DNSPolicyPortMismatch"]


def test_objects_alone_show_the_port_too() -> None:
    objects = cluster(api(), web(), out("UDP"), dns=dns_on(5353))
    assert codes(examine(objects, "svc/api", source="deploy/web")) == ["DNSPolicyPortMismatch"]


@pytest.mark.parametrize(
    ("port", "protocols", "expected"),
    [(53, ("UDP", "TCP"), []), (5353, ("TCP",), ["DNSEgressDenied"]), (5353, (), ["DNSEgressDenied"])],
    ids=["the servers listen on 53", "another protocol is allowed", "no DNS is allowed"],
)
def test_other_rules_are_right_or_another_fault(port: int, protocols: tuple[str, ...], expected: list[str]) -> None:
    chosen = out(*protocols) if protocols else policy("web-out", {"app": "web"}, egress=[TO_API])
    see = NO_NAMES if expected else sees()
    assert (
        codes(examine(cluster(api(), web(), chosen, dns=dns_on(port)), "svc/api", see, source="deploy/web")) == expected
    )


def test_both_ports_in_the_rule_are_right() -> None:
    ports = [{"port": port, "protocol": "UDP"} for port in (53, 5353)]
    both = policy("web-out", {"app": "web"}, egress=[{"to": [DNS_PODS], "ports": ports}, TO_API])
    case = examine(cluster(api(), web(), both, dns=dns_on(5353)), "svc/api", sees(), source="deploy/web")
    assert codes(case) == []
