"""NodeLocal DNSCache before the DNS servers, and policies."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.dns_local import NodeLocalDNSBlocked
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    container,
    examine,
    found,
    labels_matter,
    manifest,
    policy,
    refs,
    sees,
    web,
)

CACHE = "169.254.20.10"
DNS_PODS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
PORTS = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
TO_API = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}
SILENT = labels_matter(sees(NAME=Outcome.TIMEOUT, DNS_LOCAL=Outcome.TIMEOUT))


def cache(addresses: str = CACHE) -> Manifest:
    """The DaemonSet."""
    runs = container("node-cache", 53, args=["-localip", addresses])
    spec = {"template": {"spec": {"hostNetwork": True, "containers": [runs]}}}
    made = manifest("DaemonSet", "node-local-dns", "apps/v1", spec=spec)
    made["metadata"]["namespace"] = "kube-system"
    return made


def asking() -> list[Manifest]:
    """The source, whose kubelet gives it the cache as its nameserver."""
    return web(dnsPolicy="None", dnsConfig={"nameservers": [CACHE], "searches": ["shop.svc.cluster.local"]})


def out(*peers: Manifest) -> Manifest:
    """A policy that lets web reach api, and DNS at these peers."""
    dns = [{"to": list(peers), "ports": PORTS}] if peers else []
    return policy("web-out", {"app": "web"}, egress=[*dns, TO_API])


def test_the_dns_pods_are_allowed_and_the_cache_is_not() -> None:
    case = examine(cluster(api(), asking(), cache(), out(DNS_PODS)), "svc/api", SILENT, source="deploy/web")
    one = found(NodeLocalDNSBlocked, case)
    assert one.finding.title == f"NetworkPolicy shop/web-out does not let shop/web ask NodeLocal DNSCache at {CACHE}"
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0].to[0]"]
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert one.finding.fixes[0].patch == {
        "op": "add",
        "path": "/spec/egress/0/to/-",
        "value": {"ipBlock": {"cidr": f"{CACHE}/32"}},
    }
    assert codes(case) == ["NodeLocalDNSBlocked"]


def test_objects_alone_show_it() -> None:
    case = examine(cluster(api(), asking(), cache(), out(DNS_PODS)), "svc/api", source="deploy/web")
    assert found(NodeLocalDNSBlocked, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["NodeLocalDNSBlocked"]


def test_the_cache_may_have_the_dns_services_address() -> None:
    see = labels_matter(sees(NAME=Outcome.TIMEOUT, DNS_LOCAL=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT))
    both = cache(f"{CACHE},10.96.0.10")
    case = examine(cluster(api(), web(), both, out(DNS_PODS)), "svc/api", see, source="deploy/web")
    assert "at 10.96.0.10" in found(NodeLocalDNSBlocked, case).finding.title
    assert codes(case) == ["NodeLocalDNSBlocked"]


def test_the_address_is_enough_and_the_dns_pods_need_not_be_allowed() -> None:
    allowed = out({"ipBlock": {"cidr": f"{CACHE}/32"}})
    see = labels_matter(sees(DNS_SERVER=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT))
    assert codes(examine(cluster(api(), asking(), cache(), allowed), "svc/api", see, source="deploy/web")) == []


def test_no_dns_at_all_is_another_fault() -> None:
    see = labels_matter(
        sees(NAME=Outcome.TIMEOUT, DNS_LOCAL=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT)
    )
    case = examine(cluster(api(), asking(), cache(), out()), "svc/api", see, source="deploy/web")
    assert codes(case) == ["DNSEgressDenied"]


@pytest.mark.parametrize("local", [True, False], ids=["the cache runs", "it does not"])
def test_pods_that_ask_the_dns_service_pass_the_cache_by(local: bool) -> None:
    objects = cluster(api(), web(), *([cache()] if local else []), out(DNS_PODS))
    assert codes(examine(objects, "svc/api", sees(), source="deploy/web")) == []


def test_a_cache_that_answers_is_not_blocked() -> None:
    case = examine(cluster(api(), asking(), cache(), out(DNS_PODS)), "svc/api", sees(), source="deploy/web")
    assert "NodeLocalDNSBlocked" not in codes(case)
