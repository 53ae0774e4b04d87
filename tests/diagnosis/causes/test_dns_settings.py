"""Sources whose resolver does not lead to the cluster's DNS."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.dns_settings import DNSPolicyHostNetwork, DNSResolvConfBroken
from netdoctor.model.probe import Observation, Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    container,
    examine,
    found,
    manifest,
    refs,
    ruled_out,
    sees,
    service,
    web,
)

UNKNOWN = sees(NAME=Outcome.UNRESOLVABLE)
FALLS_BACK = {"hostNetwork": True}
POLICY = "Deployment shop/web spec.template.spec.dnsPolicy"


def file(*nameservers: str) -> Observation:
    """The resolv.conf of a probe pod."""
    return Observation("", Outcome.OK, 0.0, detail={"nameservers": list(nameservers), "search": ["shop.svc"]})


def alone(*nameservers: str, **config: Any) -> Manifest:
    """A pod spec with dnsPolicy None and these servers."""
    return {"dnsPolicy": "None", "dnsConfig": {"nameservers": list(nameservers), **config}}


def test_host_network_with_the_default_policy() -> None:
    case = examine(cluster(api(), web(**FALLS_BACK)), "svc/api", UNKNOWN, source="deploy/web")
    one = found(DNSPolicyHostNetwork, case)
    assert refs(one) == [POLICY]
    assert "has hostNetwork and dnsPolicy ClusterFirst: it asks its node's DNS servers" in one.finding.title
    assert "The servers in there do not know api, a name of the cluster." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    (fix,) = one.finding.fixes
    assert fix.patch == {"spec": {"template": {"spec": {"dnsPolicy": "ClusterFirstWithHostNet"}}}}
    assert fix.command.startswith("kubectl patch deployment/web -n shop --type=merge -p ")
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["DNSPolicyHostNetwork"]


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(api(), web(**FALLS_BACK)), "svc/api", source="deploy/web")
    assert found(DNSPolicyHostNetwork, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["DNSPolicyHostNetwork"]


def test_a_bare_pod_has_to_be_made_anew() -> None:
    case = examine(cluster(api(), web(**FALLS_BACK)), "svc/api", UNKNOWN, source="pod/web-1")
    one = found(DNSPolicyHostNetwork, case)
    assert refs(one) == ["Pod shop/web-1 spec.dnsPolicy"]
    assert one.finding.fixes[0].command == "kubectl get pod/web-1 -n shop -o yaml"


def test_the_policy_for_such_pods_is_right() -> None:
    source = web(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    case = examine(cluster(api(), source), "svc/api", sees(), source="deploy/web")
    assert ruled_out(DNSPolicyHostNetwork, case) == "dnsPolicy is ClusterFirstWithHostNet"
    assert codes(case) == []


def test_node_servers_that_forward_the_clusters_names() -> None:
    case = examine(cluster(api(), web(**FALLS_BACK)), "svc/api", sees(), source="deploy/web")
    assert ruled_out(DNSPolicyHostNetwork, case) == "the node's own DNS servers know the cluster's names"
    assert codes(case) == []


@pytest.mark.parametrize(
    ("target", "source"),
    [("svc/api", "ns/shop"), ("svc/api", "node/worker-1"), ("example.com:443", "deploy/web"), ("svc/x", "deploy/web")],
    ids=["a neutral pod", "a node", "an outside name", "a Service that is not there"],
)
def test_host_network_does_not_matter(target: str, source: str) -> None:
    case = examine(cluster(api(), web(**FALLS_BACK)), target, UNKNOWN, source=source)
    assert DNSPolicyHostNetwork().examine(case) is None


@pytest.mark.parametrize(
    ("spec", "path", "what"),
    [
        ({"dnsPolicy": "Default"}, "dnsPolicy", "has dnsPolicy Default: it asks its node's DNS servers"),
        (alone("192.0.2.53"), "dnsConfig.nameservers", "asks 192.0.2.53, and the cluster's DNS is not the first"),
        (
            alone("192.0.2.53", "10.96.0.10"),
            "dnsConfig.nameservers",
            "asks 192.0.2.53, 10.96.0.10, and the cluster's DNS is not the first",
        ),
        (alone("10.96.0.10"), "dnsConfig.searches", "has a search list (empty) that does not lead to"),
        (
            alone("10.96.0.10", searches=["example.com"]),
            "dnsConfig.searches",
            "has a search list (example.com) that does not lead to api.shop.svc.cluster.local",
        ),
    ],
)
def test_a_pod_spec_that_leads_elsewhere(spec: Manifest, path: str, what: str) -> None:
    case = examine(cluster(api(), web(**spec)), "svc/api", UNKNOWN, source="deploy/web")
    one = found(DNSResolvConfBroken, case)
    assert refs(one) == [f"Deployment shop/web spec.template.spec.{path}"]
    assert what in one.finding.title
    assert one.finding.certainty is Certainty.CERTAIN
    (fix,) = one.finding.fixes
    assert fix.patch == {"spec": {"template": {"spec": {"dnsPolicy": "ClusterFirst", "dnsConfig": None}}}}
    assert fix.command.startswith("kubectl patch deployment/web -n shop --type=merge -p ")
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["DNSResolvConfBroken"]


def test_a_pod_spec_alone_is_enough_and_likely() -> None:
    case = examine(cluster(api(), web(dnsPolicy="Default")), "svc/api", source="deploy/web")
    assert found(DNSResolvConfBroken, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["DNSResolvConfBroken"]


def test_a_file_that_kubelet_wrote_with_another_server() -> None:
    see = sees(NAME=Outcome.UNRESOLVABLE, RESOLV_CONF=file("192.0.2.53"))
    case = examine(cluster(api(), web()), "svc/api", see, source="deploy/web")
    one = found(DNSResolvConfBroken, case)
    assert refs(one) == ["Node worker-1"]
    assert "gives its pods the nameservers 192.0.2.53, not 10.244.2.2, 10.96.0.10" in one.finding.title
    assert one.finding.fixes[0].title == "correct clusterDNS in the configuration of the node's kubelet"
    assert not one.proven
    assert codes(case) == ["DNSResolvConfBroken"]


def test_the_file_is_evidence() -> None:
    see = sees(NAME=Outcome.UNRESOLVABLE, RESOLV_CONF=file("192.0.2.53"))
    case = examine(cluster(api(), web(dnsPolicy="Default")), "svc/api", see, source="deploy/web")
    evidence = found(DNSResolvConfBroken, case).finding.evidence[-1]
    assert evidence.text == "resolv.conf: nameservers ['192.0.2.53'], search ['shop.svc']"


@pytest.mark.parametrize(
    "spec",
    [
        alone("169.254.20.10", searches=["shop.svc.cluster.local"]),
        alone("10.244.2.2", searches=["shop.svc.cluster.local"]),
        {"dnsConfig": {"nameservers": ["192.0.2.53"], "searches": ["example.com"]}},
    ],
    ids=["NodeLocal DNSCache", "a server's own address", "servers and domains besides"],
)
def test_a_pod_spec_that_leads_to_the_clusters_dns(spec: Manifest) -> None:
    case = examine(cluster(api(), web(**spec)), "svc/api", UNKNOWN, source="deploy/web")
    assert "DNSResolvConfBroken" not in codes(case)


@pytest.mark.parametrize("server", ["10.96.0.10", "169.254.20.10", "10.244.2.2"])
def test_a_file_that_names_the_clusters_dns(server: str) -> None:
    see = sees(NAME=Outcome.UNRESOLVABLE, RESOLV_CONF=file(server, "192.0.2.53"))
    case = examine(cluster(api(), web()), "svc/api", see, source="deploy/web")
    assert ruled_out(DNSResolvConfBroken, case) == "it names the cluster's DNS"


def test_nodelocal_dnscache_with_an_address_of_its_own() -> None:
    one = container("node-cache", args=["-localip", "169.254.25.10,10.96.0.10"])
    spec = {"template": {"spec": {"containers": [one]}}}
    cache = manifest("DaemonSet", "node-local-dns", "apps/v1", "kube-system", spec=spec)
    source = web(**alone("169.254.25.10", searches=["shop.svc.cluster.local"]))
    case = examine(cluster(api(), source, cache), "svc/api", sees(), source="deploy/web")
    assert ruled_out(DNSResolvConfBroken, case) == "it names the cluster's DNS"


@pytest.mark.parametrize("spec", [{"dnsPolicy": "Default"}, alone("192.0.2.53")])
def test_a_server_that_forwards_the_clusters_domain_is_right(spec: Manifest) -> None:
    case = examine(cluster(api(), web(**spec)), "svc/api", sees(), source="deploy/web")
    assert ruled_out(DNSResolvConfBroken, case) == "api resolves all the same"
    assert codes(case) == []


def test_a_full_name_needs_no_search_list() -> None:
    case = examine(cluster(api(), web(**alone("10.96.0.10"))), "http://api.shop.svc.cluster.local", source="deploy/web")
    assert ruled_out(DNSResolvConfBroken, case) == "it names the cluster's DNS"


def test_the_hostnetwork_fallback_is_another_cause() -> None:
    case = examine(cluster(api(), web(**FALLS_BACK)), "svc/api", UNKNOWN, source="deploy/web")
    assert DNSResolvConfBroken().examine(case) is None


def test_a_silent_server_is_not_the_resolvers_fault() -> None:
    silent = sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT)
    case = examine(cluster(api(), web()), "svc/api", silent, source="deploy/web")
    assert ruled_out(DNSResolvConfBroken, case) == "it names the cluster's DNS"
    assert codes(case) == ["DNSServerDown"]


@pytest.mark.parametrize("target", ["example.com:443", "10.96.0.50:80", "svc/nobody"])
def test_no_name_of_a_service_is_asked_for(target: str) -> None:
    case = examine(cluster(api(), web(dnsPolicy="Default")), target, UNKNOWN, source="deploy/web")
    assert DNSResolvConfBroken().examine(case) is None


def test_a_cluster_without_known_dns() -> None:
    case = examine(cluster(service("api"), web(dnsPolicy="Default"), dns=[]), "svc/api", source="deploy/web")
    assert DNSResolvConfBroken().examine(case) is None
