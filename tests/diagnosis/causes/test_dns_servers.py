"""DNS servers of the cluster that do not answer, all of them or some."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.cause import Cause
from netdoctor.diagnosis.causes.dns_servers import DNSServerDown, DNSServerPartiallyDown
from netdoctor.model.probe import Outcome, Position, Probe, Role
from netdoctor.model.refs import ObjectRef
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
    examine,
    found,
    policy,
    refs,
    ruled_out,
    sees,
    web,
)

SILENT = sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT)
COREDNS = "Deployment kube-system/coredns"
TWO = ("10.244.1.3", "10.244.2.2")


def dead(server: str, *nodes: str) -> See:
    """Questions to this server get no answer, asked from these nodes (none: from all)."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        silent = probe.server == server and (not nodes or position.node in nodes)
        return Outcome.TIMEOUT if silent else Outcome.OK

    return see


def test_the_servers_are_scaled_to_zero() -> None:
    case = examine(cluster(api(), dns=cluster_dns(replicas=0)), "svc/api", SILENT)
    one = found(DNSServerDown, case)
    assert refs(one) == [f"{COREDNS} spec.replicas"]
    assert one.finding.title == f"no DNS server answers: {COREDNS} is scaled to 0"
    assert one.finding.certainty is Certainty.CERTAIN
    assert [fix.command for fix in one.finding.fixes] == [
        "kubectl scale deployment/coredns -n kube-system --replicas=2",
        "kubectl logs deployment/coredns -n kube-system --tail=20",
    ]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["DNSServerDown"]


def crashing() -> list[Manifest]:
    """One DNS server in a crash loop."""
    objects = cluster_dns("!10.244.2.2")
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    pod = next(item for item in objects if item["kind"] == "Pod")
    pod["status"]["containerStatuses"] = [
        {"name": "coredns", "ready": False, "restartCount": 4, "state": state, "lastState": last}
    ]
    return objects


@pytest.mark.parametrize(
    ("servers", "why"),
    [
        (cluster_dns("!10.244.2.2"), "pod coredns-1: it is Running and not Ready"),
        (cluster_dns("!10.244.1.3", "!10.244.2.2"), "2 pods (coredns-1, coredns-2): it is Running and not Ready"),
        (crashing(), "pod coredns-1: container coredns is in CrashLoopBackOff (exit code 1"),
        (cluster_dns(replicas=2), "Service kube-system/kube-dns has no ready endpoint"),
    ],
    ids=["not ready", "two of them", "a crash", "no pod"],
)
def test_objects_alone_show_that_no_server_is_ready(servers: list[Manifest], why: str) -> None:
    case = examine(cluster(api(), dns=servers), "svc/api")
    one = found(DNSServerDown, case)
    assert refs(one) == [COREDNS]
    assert why in one.finding.title
    assert one.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["DNSServerDown"]


def test_servers_that_are_ready_and_silent() -> None:
    case = examine(cluster(api()), "svc/api", SILENT)
    one = found(DNSServerDown, case)
    assert refs(one) == [COREDNS]
    assert one.finding.certainty is Certainty.LIKELY
    assert one.finding.fixes[0].command == "kubectl describe deployment/coredns -n kube-system"
    assert one.explains == {s.id for s in case.failed}
    assert not one.proven
    assert codes(case) == ["DNSServerDown"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[FATAL] plugin/loop: Loop (127.0.0.1:1 -> :53) detected", "its queries come back to itself"),
        ("[ERROR] plugin/kubernetes: Unauthorized", "the API server refuses its credentials"),
        ("dial tcp 10.96.0.1:443: i/o timeout", "it cannot reach the API server"),
        ("listen udp :53: bind: permission denied", "it cannot listen on its port"),
        ("/etc/coredns/Corefile:7 - Error during parsing", "its Corefile is malformed"),
    ],
)
def test_what_the_servers_log(line: str, why: str) -> None:
    logs = {ObjectRef("Pod", "coredns-1", "kube-system"): f"[INFO] plugin/ready\n{line}\n"}
    case = examine(cluster(api()), "svc/api", SILENT, logs=logs)
    assert why in found(DNSServerDown, case).finding.title


def test_a_server_error_is_no_answer() -> None:
    failing = sees(NAME=Outcome.SERVFAIL, DNS_VIP=Outcome.SERVFAIL, DNS_SERVER=Outcome.SERVFAIL)
    assert codes(examine(cluster(api()), "svc/api", failing)) == ["DNSServerDown"]


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.UNRESOLVABLE, Outcome.TRUNCATED])
def test_any_answer_rules_it_out(outcome: Outcome) -> None:
    case = examine(cluster(api()), "svc/api", sees(NAME=Outcome.TIMEOUT, DNS_SERVER=outcome))
    assert ruled_out(DNSServerDown, case) == "1 of 1 DNS servers answer"


def test_an_answer_although_no_endpoint_is_listed() -> None:
    case = examine(cluster(api(), dns=cluster_dns(replicas=2)), "svc/api", sees())
    assert ruled_out(DNSServerDown, case) == "Service kube-system/kube-dns answers although no endpoint is listed"


def test_a_policy_that_holds_queries_back_is_another_cause() -> None:
    closed = policy("web-out", {"app": "web"}, egress=[{"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}])
    case = examine(cluster(api(), web(), closed), "svc/api", SILENT, source="deploy/web")
    assert ruled_out(DNSServerDown, case) == "policies keep the source from the DNS servers"
    assert codes(case) == ["DNSEgressDenied"]


def test_servers_that_know_the_clusters_names_are_up() -> None:
    outside = sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT, HOST=Outcome.TIMEOUT)
    case = examine(cluster(), "example.com:443", outside)
    assert ruled_out(DNSServerDown, case) == "1 of 1 DNS servers answer"
    assert codes(case) == ["DNSUpstreamFailing"]


def test_servers_that_could_not_be_read_are_not_absent() -> None:
    unread = (Unread("EndpointSlice", "kube-system", "forbidden"),)
    servers = [item for item in cluster_dns("10.244.2.2") if item["kind"] != "EndpointSlice"]
    assert DNSServerDown().examine(examine(cluster(api(), dns=servers, unread=unread), "svc/api")) is None


def test_manifests_without_the_clusters_dns() -> None:
    only_service = [item for item in cluster_dns("10.244.2.2") if item["kind"] == "Service"]
    assert DNSServerDown().examine(examine(cluster(api(), dns=only_service), "svc/api")) is None


@pytest.mark.parametrize("cause", [DNSServerDown, DNSServerPartiallyDown])
@pytest.mark.parametrize(
    ("target", "source"),
    [("pod/api-1:8080", None), ("svc/api", "deploy/web")],
    ids=["no name", "other servers are asked"],
)
def test_nobody_asks_the_clusters_dns(cause: type[Cause], target: str, source: str | None) -> None:
    objects = cluster(api(), web(dnsPolicy="Default"))
    assert cause().examine(examine(objects, target, SILENT, source=source)) is None


def test_one_of_two_servers_answers_nobody() -> None:
    case = examine(cluster(api(), dns=cluster_dns(*TWO)), "svc/api", dead("10.244.1.3"))
    one = found(DNSServerPartiallyDown, case)
    assert refs(one) == [COREDNS, "Pod kube-system/coredns-1"]
    assert one.finding.title == "1 of 2 DNS servers do not answer: pod coredns-1 (10.244.1.3:53) on worker-1"
    assert "kube-proxy sends 1 in 2 queries there" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert [fix.command for fix in one.finding.fixes] == ["kubectl delete pod/coredns-1 -n kube-system"]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["DNSServerPartiallyDown"]


def test_a_server_that_answers_from_somewhere_is_not_dead() -> None:
    case = examine(cluster(api(), dns=cluster_dns(*TWO)), "svc/api", dead("10.244.1.3", "worker-2"))
    assert ruled_out(DNSServerPartiallyDown, case) == "2 of 2 DNS servers answer"


def test_a_server_that_answers_a_neutral_pod_is_not_dead() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        neutral = position.role is Role.NEUTRAL
        return Outcome.OK if neutral or probe.server != "10.244.1.3" else Outcome.TIMEOUT

    objects = cluster(api(), web(), policy("db", {"app": "db"}, ingress=[]), dns=cluster_dns(*TWO))
    case = examine(objects, "svc/api", see, source="deploy/web")
    assert ruled_out(DNSServerPartiallyDown, case) == "2 of 2 DNS servers answer"


def test_a_server_that_is_not_ready_gets_no_queries() -> None:
    case = examine(cluster(api(), dns=cluster_dns("10.244.1.3", "!10.244.2.2")), "svc/api", sees())
    assert ruled_out(DNSServerPartiallyDown, case) == "1 of 1 DNS servers answer"
    assert codes(case) == []


def test_all_of_them_are_another_cause() -> None:
    case = examine(cluster(api(), dns=cluster_dns(*TWO)), "svc/api", SILENT)
    assert DNSServerPartiallyDown().examine(case) is None
    assert codes(case) == ["DNSServerDown"]


def test_for_a_name_outside_the_clusters_own_names_are_asked() -> None:
    case = examine(cluster(dns=cluster_dns(*TWO)), "example.com:443", dead("10.244.1.3"))
    assert refs(found(DNSServerPartiallyDown, case)) == [COREDNS, "Pod kube-system/coredns-1"]
    assert codes(case) == ["DNSServerPartiallyDown"]
