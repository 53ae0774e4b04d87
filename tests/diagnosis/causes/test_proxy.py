"""Endpoints that answer where their ClusterIP does not."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.proxy import InternalTrafficPolicyNoLocalEndpoint, ServiceProxyBroken
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    cluster_dns,
    codes,
    container,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    policy,
    refs,
    report,
    ruled_out,
    sees,
    service,
    unless,
    web,
)

NO_VIP = sees(VIP=Outcome.TIMEOUT)
NO_VIPS = sees(VIP=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, NAME=Outcome.TIMEOUT)


def only_on(node: str, see: See) -> See:
    """The same on one node; everything passes on others."""

    def seen(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return see(aimed, probe, position) if position.node == node else Outcome.OK

    return seen


def agent(node: int, name: str = "kube-proxy", ready: bool = True, **fields: Any) -> Manifest:
    """A pod that programs a node."""
    labels, address = {"k8s-app": name}, f"172.18.0.{node}"
    one = pod(f"{name}-{node}", address, labels, (container(name),), ready, node=f"worker-{node}", **fields)
    one["metadata"]["namespace"] = "kube-system"
    return one


def daemon_set(name: str) -> Manifest:
    template = {"metadata": {"labels": {"k8s-app": name}}, "spec": {"containers": [container(name)]}}
    spec = {"selector": {"matchLabels": {"k8s-app": name}}, "template": template}
    return manifest("DaemonSet", name, "apps/v1", "kube-system", uid=name, spec=spec)


def test_one_node_whose_proxy_is_down() -> None:
    objects = cluster(api(), agent(1), agent(2, ready=False))
    case = examine(objects, "svc/api", only_on("worker-2", NO_VIPS))
    one = found(ServiceProxyBroken, case)
    assert refs(one) == ["DaemonSet kube-system/kube-proxy", "Pod kube-system/kube-proxy-2"]
    assert one.finding.title == "ClusterIP 10.96.0.50:80 of Service shop/api leads nowhere on worker-2"
    assert "and the ClusterIP does not; from worker-1 it works" in one.finding.explanation
    assert "The ClusterIP of the DNS Service fails there as well" in one.finding.explanation
    assert "its pod kube-proxy-2 is not Ready" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert [fix.command for fix in one.finding.fixes] == [
        "kubectl logs pod/kube-proxy-2 -n kube-system --tail=50",
        "kubectl delete pod/kube-proxy-2 -n kube-system",
    ]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["ServiceProxyBroken"]


def test_a_proxy_that_is_ready_all_the_same() -> None:
    case = examine(cluster(api(), agent(1), agent(2)), "svc/api", only_on("worker-1", NO_VIP))
    one = found(ServiceProxyBroken, case)
    assert refs(one) == ["DaemonSet kube-system/kube-proxy"]
    assert "it is only this Service's rules that are missing or wrong" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY


def test_every_node() -> None:
    case = examine(cluster(api(), agent(1), agent(2)), "svc/api", NO_VIP)
    one = found(ServiceProxyBroken, case)
    assert one.finding.title.endswith("leads nowhere on worker-1, worker-2")
    assert one.explains == {s.id for s in case.failed}


def test_a_node_on_which_no_proxy_runs() -> None:
    case = examine(cluster(api(), agent(1)), "svc/api", only_on("worker-2", NO_VIP))
    commands = [fix.command for fix in found(ServiceProxyBroken, case).finding.fixes]
    assert commands == ["kubectl describe daemonset/kube-proxy -n kube-system"]


def test_a_plugin_in_kube_proxys_place() -> None:
    config = manifest("ConfigMap", "cilium-config", namespace="kube-system", data={"kube-proxy-replacement": "true"})
    owner = [{"kind": "DaemonSet", "name": "cilium", "controller": True}]
    agents = [agent(1, "cilium", ownerReferences=owner), agent(2, "cilium", ownerReferences=owner)]
    objects = cluster(api(), config, daemon_set("cilium"), agents)
    one = found(ServiceProxyBroken, examine(objects, "svc/api", only_on("worker-2", NO_VIP)))
    assert refs(one) == ["DaemonSet kube-system/cilium"]
    assert one.finding.fixes[1].command == "kubectl delete pod/cilium-2 -n kube-system"


def test_a_proxy_that_is_part_of_the_nodes_own_process() -> None:
    nodes = [
        manifest("Node", f"worker-{n}", namespace="", status={"nodeInfo": {"kubeletVersion": "v1.33.1+k3s1"}})
        for n in (1, 2)
    ]
    case = examine(cluster(api(), nodes), "svc/api", NO_VIP, source="node/worker-2")
    one = found(ServiceProxyBroken, case)
    assert refs(one) == ["Node worker-2"]
    assert one.finding.fixes == ()


def test_where_no_dns_server_was_asked_the_extent_is_not_known() -> None:
    case = examine(cluster(api(), dns=[]), "svc/api", NO_VIP)
    assert "The ClusterIP of the DNS Service" not in found(ServiceProxyBroken, case).finding.explanation


@pytest.mark.parametrize(
    "see",
    [
        sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT),
        sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED),
        sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.SKIPPED),
    ],
    ids=["endpoints are silent", "endpoints refuse", "endpoints were not tried"],
)
def test_without_the_contrast_it_is_not_the_proxy(see: See) -> None:
    assert ServiceProxyBroken().examine(examine(cluster(api()), "svc/api", see)) is None


def test_ruled_out_by_an_answer() -> None:
    assert ruled_out(ServiceProxyBroken, examine(cluster(api()), "svc/api", sees())) == "the ClusterIP answers"


@pytest.mark.parametrize("target", ["svc/api", "pod/api-1:8080"])
def test_it_takes_probes_of_a_service(target: str) -> None:
    see = None if target == "svc/api" else sees()
    assert ServiceProxyBroken().examine(examine(cluster(api()), target, see)) is None


def test_one_of_two_endpoints_fails_and_the_proxy_is_not_to_blame() -> None:
    objects = [
        service("api"),
        pod("api-1", "10.244.1.5"),
        pod("api-2", "10.244.2.6"),
        endpoints("api", "10.244.1.5", "10.244.2.6"),
    ]
    see = unless(NO_VIP, **{"10.244.2.6": Outcome.TIMEOUT})
    assert ServiceProxyBroken().examine(examine(cluster(objects), "svc/api", see)) is None


def test_a_port_that_the_service_lacks_leads_nowhere_in_good_order() -> None:
    assert codes(examine(cluster(api()), "svc/api:443", NO_VIP)) == ["ServicePortMissing"]


LOCAL: dict[str, Any] = {"internalTrafficPolicy": "Local"}


def test_a_node_without_an_endpoint() -> None:
    case = examine(cluster(api(**LOCAL)), "svc/api", only_on("worker-2", NO_VIP))
    one = found(InternalTrafficPolicyNoLocalEndpoint, case)
    assert refs(one) == ["Service shop/api spec.internalTrafficPolicy"]
    assert "worker-2 has no ready endpoint (only worker-1)" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    (fix,) = one.finding.fixes
    assert fix.patch == {"spec": {"internalTrafficPolicy": "Cluster"}}
    assert fix.command.startswith("kubectl patch service/api -n shop --type=merge -p ")
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["InternalTrafficPolicyNoLocalEndpoint"]


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(api(**LOCAL)), "svc/api")
    assert found(InternalTrafficPolicyNoLocalEndpoint, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["InternalTrafficPolicyNoLocalEndpoint"]


def test_a_source_on_a_node_without_an_endpoint() -> None:
    case = examine(cluster(api(**LOCAL), web()), "svc/api", NO_VIP, source="pod/web-1")
    assert "worker-2 has none" in found(InternalTrafficPolicyNoLocalEndpoint, case).finding.title


def test_a_drop_on_a_node_with_an_endpoint_is_the_proxys_fault() -> None:
    case = examine(cluster(api(**LOCAL)), "svc/api", only_on("worker-1", NO_VIP))
    assert codes(case) == ["ServiceProxyBroken"]


def test_a_policy_that_drops_is_no_traffic_policy() -> None:
    closed = policy("api-in", {"app": "api"}, ingress=[])
    dropped = sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT)
    case = examine(cluster(api(), closed), "svc/api", dropped)
    assert InternalTrafficPolicyNoLocalEndpoint().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_proxy_that_does_not_heed_it() -> None:
    case = examine(cluster(api(**LOCAL)), "svc/api", sees())
    because = ruled_out(InternalTrafficPolicyNoLocalEndpoint, case)
    assert because == "the ClusterIP answers on worker-2 all the same"


@pytest.mark.parametrize("see", [None, sees()], ids=["not probed", "probed"])
def test_an_endpoint_on_each_node(see: See | None) -> None:
    objects = [
        service("api", **LOCAL),
        pod("api-1", "10.244.1.5"),
        pod("api-2", "10.244.2.6"),
        endpoints("api", "10.244.1.5", "10.244.2.6"),
    ]
    because = ruled_out(InternalTrafficPolicyNoLocalEndpoint, examine(cluster(objects), "svc/api", see))
    assert because == "each node from which it was asked has a ready endpoint"


def test_an_endpoint_whose_node_is_not_known_may_be_anywhere() -> None:
    objects = [service("api", selector={}, **LOCAL), endpoints("api", "192.0.2.1")]
    assert codes(examine(cluster(objects), "svc/api")) == []


def test_a_headless_service_has_no_proxy() -> None:
    case = examine(cluster(api(clusterIP="None", **LOCAL)), "svc/api", sees())
    assert InternalTrafficPolicyNoLocalEndpoint().examine(case) is None


def udp_api() -> list[Manifest]:
    """A UDP Service with one pod behind it."""
    objects = api(
        {"port": 53, "targetPort": 8080, "protocol": "UDP"},
        containers=(container("app", {"containerPort": 8080, "protocol": "UDP"}),),
    )
    objects[-1]["ports"][0]["protocol"] = "UDP"
    return objects


def test_silence_on_udp_tells_where_each_endpoint_answers_the_same_datagram() -> None:
    case = examine(cluster(udp_api()), "svc/api", sees(VIP=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.REFUSED))
    assert codes(case) == ["ServiceProxyBroken"]


def test_silence_on_udp_tells_nothing_where_an_endpoint_is_silent_too() -> None:
    silent = sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT, OTHER_PROTOCOL=Outcome.REFUSED)
    assert codes(examine(cluster(udp_api()), "svc/api", silent)) == []


@pytest.mark.parametrize("headless", [False, True])
def test_where_only_the_dns_service_is_not_translated(headless: bool) -> None:
    no_dns = sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT)
    objects = api(clusterIP="None") if headless else api()
    case = examine(cluster(objects), "svc/api", only_on("worker-2", no_dns))
    one = found(ServiceProxyBroken, case)
    assert one.finding.title == "ClusterIP 10.96.0.10:53 of Service kube-system/kube-dns leads nowhere on worker-2"
    assert "from worker-1 it works" in one.finding.explanation
    assert codes(case) == ["ServiceProxyBroken"]


def test_dns_servers_that_are_silent_themselves_are_no_matter_of_the_proxy() -> None:
    nothing = sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT)
    assert "ServiceProxyBroken" not in codes(examine(cluster(api()), "svc/api", nothing))


def test_a_local_policy_will_drop_once_the_pods_on_other_nodes_are_ready() -> None:
    objects = [
        service("api", internalTrafficPolicy="Local"),
        pod("api-1", "10.244.1.5", ready=False),
        endpoints("api", "!10.244.1.5"),
    ]
    case = examine(cluster(objects), "svc/api", NO_VIP)
    assert codes(case) == ["InternalTrafficPolicyNoLocalEndpoint", "NoReadyEndpoints"]


def test_a_local_policy_is_not_ruled_out_where_nobody_knows_on_which_nodes_pods_will_run() -> None:
    case = examine(cluster([service("api", internalTrafficPolicy="Local")]), "svc/api", NO_VIP)
    assert InternalTrafficPolicyNoLocalEndpoint().examine(case) is None


def test_a_dns_server_that_knows_no_such_name_answers_all_the_same() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.DNS_SERVER and probe.server.endswith(".3"):
            return Outcome.UNRESOLVABLE  # it lost the API server, and has not heard of the Service
        return Outcome.TIMEOUT if aimed.aim in (Aim.NAME, Aim.DNS_VIP) else Outcome.OK

    servers = cluster_dns("10.244.2.2", "10.244.2.3")
    told = report(examine(cluster(api(), dns=servers), "svc/api", see))
    assert [cause.code for cause in told.causes] == ["ServiceProxyBroken"]
    assert {evidence.text.rpartition(": ")[2] for evidence in told.unexplained} == {"unresolvable"}
