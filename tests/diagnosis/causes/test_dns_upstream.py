"""DNS servers that know the cluster's names and no others."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.dns_upstream import DNSUpstreamFailing
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    See,
    api,
    cluster,
    cluster_dns,
    codes,
    examine,
    found,
    labels_matter,
    manifest,
    policy,
    refs,
    ruled_out,
    sees,
    web,
)

COREFILE = """.:53 {
    errors
    kubernetes cluster.local in-addr.arpa
    forward . 192.0.2.53 192.0.2.54 {
        max_concurrent 1000
    }
    # forward . /etc/resolv.conf
}
"""


def corefile(text: str) -> Manifest:
    return manifest("ConfigMap", "coredns", namespace="kube-system", data={"Corefile": text})


def upstream(outcome: Outcome, **others: Outcome) -> See:
    """No name outside has another outcome; names of the cluster are answered."""
    outside = {"NAME": outcome, "HOST": outcome, "DNS_SERVER": outcome, "DNS_VIP": outcome}
    return sees(**{**outside, **others})


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.TIMEOUT])
def test_the_servers_have_no_answer_for_a_name_outside(outcome: Outcome) -> None:
    case = examine(cluster(corefile(COREFILE)), "example.com:443", upstream(outcome))
    one = found(DNSUpstreamFailing, case)
    assert refs(one) == ["ConfigMap kube-system/coredns data.Corefile"]
    assert one.finding.title == (
        "the DNS servers have no answer for example.com, while they know the cluster's own names"
    )
    assert f"none has an answer for example.com ({outcome})" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert [fix.command for fix in one.finding.fixes] == [
        "kubectl edit configmap/coredns -n kube-system",
        "kubectl logs deployment/coredns -n kube-system --tail=20",
    ]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["DNSUpstreamFailing"]


def test_the_servers_asked_in_turn_are_quoted() -> None:
    case = examine(cluster(corefile(COREFILE)), "example.com:443", upstream(Outcome.SERVFAIL))
    finding = found(DNSUpstreamFailing, case).finding
    assert "The Corefile forwards them with `forward . 192.0.2.53 192.0.2.54`." in finding.explanation
    assert [e.text for e in finding.evidence if "forward" in e.text] == ["forward . 192.0.2.53 192.0.2.54"]


def test_a_name_of_the_cluster_that_is_answered_is_evidence() -> None:
    case = examine(cluster(), "example.com:443", upstream(Outcome.SERVFAIL))
    last = found(DNSUpstreamFailing, case).finding.evidence[-1].text
    assert last.startswith("kubernetes.default.svc.cluster.local asked of 10.244.2.2 over udp")
    assert last.endswith(": ok")


def test_without_a_corefile_the_servers_are_named() -> None:
    case = examine(cluster(), "example.com:443", upstream(Outcome.SERVFAIL))
    one = found(DNSUpstreamFailing, case)
    assert refs(one) == ["Deployment kube-system/coredns"]
    assert [fix.command for fix in one.finding.fixes] == [
        "",
        "kubectl logs deployment/coredns -n kube-system --tail=20",
    ]


def test_a_corefile_that_forwards_nothing_is_edited_too() -> None:
    case = examine(cluster(corefile(".:53 {\n    errors\n}\n")), "example.com:443", upstream(Outcome.SERVFAIL))
    one = found(DNSUpstreamFailing, case)
    assert one.finding.fixes[0].command == "kubectl edit configmap/coredns -n kube-system"


def test_a_cluster_that_is_meant_to_have_no_way_out() -> None:
    case = examine(cluster(), "example.com:443", upstream(Outcome.TIMEOUT))
    explanation = found(DNSUpstreamFailing, case).finding.explanation
    assert "meant to have no way out (air-gapped), this is no fault" in explanation


def test_the_name_behind_an_alias() -> None:
    spec = {"type": "ExternalName", "externalName": "db.example.com", "ports": [{"port": 5432}]}
    case = examine(cluster(manifest("Service", "db", spec=spec)), "svc/db", upstream(Outcome.SERVFAIL))
    assert codes(case) == ["DNSUpstreamFailing"]


def test_that_there_is_no_such_name_is_an_answer() -> None:
    case = examine(cluster(), "example.com:443", upstream(Outcome.UNRESOLVABLE))
    because = ruled_out(DNSUpstreamFailing, case)
    assert because == "the DNS servers have an answer for example.com: unresolvable"
    assert codes(case) == []


def test_a_host_that_resolves_and_is_silent_is_something_else() -> None:
    case = examine(cluster(), "example.com:443", sees(HOST=Outcome.TIMEOUT))
    assert ruled_out(DNSUpstreamFailing, case) == "the DNS servers have an answer for example.com: ok"


def test_servers_that_do_not_know_the_clusters_names_are_down() -> None:
    case = examine(cluster(), "example.com:443", upstream(Outcome.TIMEOUT, CLUSTER_NAME=Outcome.TIMEOUT))
    assert DNSUpstreamFailing().examine(case) is None
    assert codes(case) == ["DNSServerDown"]


def test_one_answer_of_two_servers_is_enough() -> None:
    servers = cluster_dns("10.244.1.3", "10.244.2.2")
    failing = upstream(Outcome.SERVFAIL, NAME=Outcome.OK)
    case = examine(
        cluster(dns=servers),
        "example.com:443",
        lambda aimed, probe, position: failing(aimed, probe, position) if probe.server == "10.244.1.3" else Outcome.OK,
    )
    ruled_out(DNSUpstreamFailing, case)


def test_a_policy_that_holds_queries_back_is_another_cause() -> None:
    silent = labels_matter(upstream(Outcome.TIMEOUT, CLUSTER_NAME=Outcome.TIMEOUT))
    objects = cluster(web(), policy("out", {"app": "web"}, egress=[]))
    case = examine(objects, "example.com:443", silent, source="deploy/web")
    assert DNSUpstreamFailing().examine(case) is None
    assert codes(case) == ["DNSEgressDenied"]


@pytest.mark.parametrize("target", ["svc/api", "192.0.2.1:443", "pod/api-1:8080"])
def test_does_not_apply_to_names_of_the_cluster(target: str) -> None:
    case = examine(cluster(api()), target, upstream(Outcome.SERVFAIL))
    assert DNSUpstreamFailing().examine(case) is None


def test_without_a_probe_nothing_is_known() -> None:
    assert DNSUpstreamFailing().examine(examine(cluster(), "example.com:443")) is None
