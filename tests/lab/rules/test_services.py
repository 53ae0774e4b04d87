"""Services in real kernels: where connections to them come out, as whose, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.nft.table import VerdictMap
from netdoctor.lab.objects import Objects, key_of, snapshot_of
from netdoctor.lab.rules.details import ServiceDetails, details_of
from netdoctor.lab.rules.nat import nat_table
from netdoctor.lab.rules.policies import PolicyTables
from netdoctor.lab.rules.services import service_table
from netdoctor.policy.compile import compile_policies
from tests.lab.nft.sandbox import sandboxed
from tests.lab.rules.topology import Topology, Trial
from tests.policy.clusters import CALICO

Manifest = dict[str, Any]
VIP, VIP6, BALANCED, EXTERNAL = "10.96.0.10", "fd00:10:96::10", "198.51.100.7", "198.51.100.8"
NODES = {"n1": ("172.18.0.2", "fd12::2"), "n2": ("172.18.0.3", "fd12::3")}
GATEWAY = "172.18.0.1"
CLIENT, NEAR, FAR = "10.244.0.2", "10.244.0.3", "10.244.1.3"
CLIENT6, NEAR6, FAR6 = "fd00:10:244::2", "fd00:10:244::3", "fd00:10:244:1::3"
OUTSIDE = "192.0.2.1"


def a_node(name: str, number: int) -> Manifest:
    addresses = [{"type": "InternalIP", "address": address} for address in NODES[name]]
    cidrs = [f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64"]
    return {"kind": "Node", "metadata": {"name": name}, "spec": {"podCIDRs": cidrs}, "status": {"addresses": addresses}}


def a_pod(name: str, where: str, *ips: str) -> Manifest:
    status = {"phase": "Running", "podIPs": [{"ip": ip} for ip in ips]}
    spec = {"nodeName": where, "containers": [{"name": "main"}]}
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "a"}, "spec": spec, "status": status}


def service(status: Manifest | None = None, **spec: Any) -> Manifest:
    """Port 80 at the usual addresses, but for what the test is about."""
    given = {"clusterIP": VIP, "clusterIPs": [VIP, VIP6], "ports": [{"port": 80, "nodePort": 30080}], **spec}
    return {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "a"},
        "spec": given,
        "status": status or {},
    }


def endpoint(address: str, node: str = "", **conditions: bool) -> Manifest:
    return {"addresses": [address], "nodeName": node, "conditions": conditions}


def a_slice(*endpoints: Manifest, family: str = "IPv4") -> Manifest:
    """Of the Service, at port 8080."""
    labels = {"kubernetes.io/service-name": "web"}
    metadata = {"name": f"web-{family.lower()}", "namespace": "a", "labels": labels}
    ports = [{"name": "", "port": 8080, "protocol": "TCP"}]
    return {
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": family,
        "ports": ports,
        "endpoints": endpoints,
    }


EVERYWHERE = a_slice(endpoint(NEAR, "n1"), endpoint(FAR, "n2"))
CLUSTER = [
    a_node("n1", 0),
    a_node("n2", 1),
    a_pod("client", "n1", CLIENT, CLIENT6),
    a_pod("near", "n1", NEAR, NEAR6),
    a_pod("far", "n2", FAR, FAR6),
]


def read(*manifests: Manifest) -> tuple[Snapshot, dict[tuple[str, str], ServiceDetails]]:
    versions = {"EndpointSlice": "discovery.k8s.io/v1"}
    complete = [{"apiVersion": versions.get(m["kind"], "v1"), **m} for m in (*CLUSTER, *manifests)]
    objects: Objects = {key_of(manifest): manifest for manifest in complete}
    return snapshot_of(objects, "test"), details_of(objects)


class Lab:
    """The nodes and pods, with whatever Services."""

    def __init__(self) -> None:
        snapshot, _ = read()
        self.topology = Topology(snapshot, [OUTSIDE])
        self.topology.serve([("TCP", 8080)])
        self.topology.reach_from_outside([VIP, BALANCED, EXTERNAL], via=NODES["n1"][0])

    def has(self, *manifests: Manifest, nat: bool = False) -> None:
        snapshot, details = read(*manifests)
        more = [nat_table(snapshot)] if nat else []
        self.topology.filter({name: [service_table(snapshot, name, details), *more] for name in NODES})

    def peers(self, source: str, destination: str, port: int = 80, times: int = 1) -> list[tuple[str, str]]:
        return self.topology.peers(Trial(source, destination, port, "TCP"), times)

    def chosen(self, source: str, destination: str, port: int = 80, times: int = 30) -> set[str]:
        return {came_to for came_to, _ in self.peers(source, destination, port, times)}

    def outcome(self, source: str, destination: str, port: int = 80) -> str:
        return self.topology.outcome(Trial(source, destination, port, "TCP"))


@sandboxed
def test_a_cluster_ip_leads_to_every_ready_endpoint_and_pods_keep_their_address() -> None:
    lab = Lab()
    six = a_slice(endpoint(NEAR6, "n1"), endpoint(FAR6, "n2"), family="IPv6")
    lab.has(service(), EVERYWHERE, six)
    assert lab.chosen(CLIENT, VIP) == {NEAR, FAR}
    assert lab.chosen(CLIENT6, VIP6) == {NEAR6, FAR6}
    assert {who for _, who in lab.peers(CLIENT, VIP, times=5)} == {CLIENT}
    assert lab.chosen(NODES["n1"][0], VIP) == {NEAR, FAR}


@sandboxed
def test_endpoints_that_terminate_are_the_last_resort() -> None:
    lab = Lab()
    terminating = endpoint(FAR, "n2", ready=False, serving=True, terminating=True)
    lab.has(service(), a_slice(endpoint(NEAR, "n1", ready=True), terminating))
    assert lab.chosen(CLIENT, VIP) == {NEAR}
    lab.has(service(), a_slice(endpoint(NEAR, "n1", ready=False), terminating))
    assert lab.chosen(CLIENT, VIP) == {FAR}
    lab.has(service(), a_slice(endpoint(NEAR, "n1", ready=False, serving=True, terminating=False)))
    assert lab.outcome(CLIENT, VIP) == "refused"


@sandboxed
def test_without_endpoints_and_on_other_ports_connections_are_refused() -> None:
    lab = Lab()
    lab.has(service(type="NodePort"))
    assert [lab.outcome(who, VIP) for who in (CLIENT, NODES["n1"][0], OUTSIDE)] == ["refused"] * 3
    assert lab.outcome(CLIENT, NODES["n1"][0], 30080) == "refused"
    lab.has(service(), EVERYWHERE)
    assert (lab.outcome(CLIENT, VIP), lab.outcome(CLIENT, VIP, 81)) == ("open", "refused")


def test_headless_and_external_name_services_are_nothing_here() -> None:
    snapshot, details = read(service(clusterIP="None", clusterIPs=["None"]), EVERYWHERE)
    empty = service_table(read()[0], "n1")
    assert service_table(snapshot, "n1", details) == empty
    snapshot, details = read(service(type="ExternalName", externalName="example.com", clusterIP="", clusterIPs=[]))
    assert service_table(snapshot, "n1", details) == empty


@sandboxed
def test_a_pod_that_is_sent_to_itself_sees_its_node() -> None:
    lab = Lab()
    lab.has(service(), a_slice(endpoint(NEAR, "n1")))
    ((came_to, who),) = lab.peers(NEAR, VIP)
    assert came_to == NEAR
    assert who != NEAR


@sandboxed
def test_clients_from_outside_the_cluster_come_with_the_address_of_the_node() -> None:
    lab = Lab()
    lab.has(service(type="NodePort", externalIPs=[EXTERNAL]), EVERYWHERE)
    assert lab.chosen(OUTSIDE, NODES["n1"][0], 30080) == {NEAR, FAR}
    for address, port in ((NODES["n1"][0], 30080), (EXTERNAL, 80), (VIP, 80)):
        peers = lab.peers(OUTSIDE, address, port, times=20)
        assert {who for came_to, who in peers if came_to == FAR} == {NODES["n1"][0]}
        assert OUTSIDE not in {who for _, who in peers}


@sandboxed
def test_a_node_port_is_not_there_on_loopback() -> None:
    lab = Lab()
    lab.has(service(type="NodePort"), EVERYWHERE)
    assert lab.chosen(NODES["n1"][0], NODES["n1"][0], 30080) == {NEAR, FAR}
    assert lab.topology.outcome(Trial(NODES["n1"][0], "127.0.0.1", 30080, "TCP")) == "refused"


@sandboxed
def test_internal_traffic_policy_local_stays_on_the_node() -> None:
    lab = Lab()
    lab.has(service(internalTrafficPolicy="Local"), EVERYWHERE)
    assert lab.chosen(CLIENT, VIP) == {NEAR}
    assert lab.chosen(FAR, VIP) == {FAR}
    ((came_to, who),) = lab.peers(OUTSIDE, VIP)
    assert came_to == NEAR
    assert who != OUTSIDE
    lab.has(service(internalTrafficPolicy="Local"), a_slice(endpoint(FAR, "n2")))
    assert [lab.outcome(who, VIP) for who in (CLIENT, NODES["n1"][0], FAR)] == ["silent", "silent", "open"]


@sandboxed
def test_external_traffic_policy_local_keeps_the_client_and_concerns_only_outsiders() -> None:
    lab = Lab()
    local: Manifest = {"type": "NodePort", "externalTrafficPolicy": "Local"}
    lab.has(service(**local), EVERYWHERE)
    n1, n2 = NODES["n1"][0], NODES["n2"][0]
    assert set(lab.peers(OUTSIDE, n1, 30080, times=20)) == {(NEAR, OUTSIDE)}
    assert set(lab.peers(OUTSIDE, n2, 30080, times=20)) == {(FAR, OUTSIDE)}
    assert lab.chosen(CLIENT, n1, 30080) == lab.chosen(n1, n1, 30080) == {NEAR, FAR}
    lab.has(service(**local), a_slice(endpoint(FAR, "n2")))
    found = [lab.outcome(who, n1, 30080) for who in (OUTSIDE, CLIENT, n1)]
    assert found == ["silent", "open", "open"]


@sandboxed
def test_a_load_balancer_is_open_to_its_source_ranges() -> None:
    lab = Lab()
    status = {"loadBalancer": {"ingress": [{"ip": BALANCED}]}}
    lab.has(service(status, type="LoadBalancer"), EVERYWHERE)
    assert [lab.outcome(who, BALANCED) for who in (OUTSIDE, GATEWAY)] == ["open", "open"]
    lab.has(service(status, type="LoadBalancer", loadBalancerSourceRanges=["192.0.2.0/24"]), EVERYWHERE)
    assert [lab.outcome(who, BALANCED) for who in (OUTSIDE, GATEWAY, CLIENT)] == ["open", "silent", "silent"]


@sandboxed
def test_a_client_with_affinity_comes_to_the_same_endpoint() -> None:
    lab = Lab()
    chosen = []
    for _ in range(20):  # a new table remembers nobody
        lab.has(service(sessionAffinity="ClientIP"), EVERYWHERE)
        chosen.append(lab.chosen(CLIENT, VIP, times=4))
    assert {len(same) for same in chosen} == {1}
    assert set().union(*chosen) == {NEAR, FAR}


@sandboxed
def test_an_endpoint_outside_the_cluster_is_reached_with_the_address_of_the_node() -> None:
    lab = Lab()
    lab.has(service(), a_slice(endpoint(OUTSIDE)), nat=True)
    assert lab.peers(CLIENT, VIP) == [(OUTSIDE, NODES["n1"][0])]


@sandboxed
def test_policies_see_endpoints_and_let_a_pod_reach_itself_through_a_service() -> None:
    lab = Lab()
    lab.has(service(), a_slice(endpoint(NEAR, "n1")))
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    meta = {"name": "deny", "namespace": "a"}
    deny = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
    tables = PolicyTables(compile_policies(read(deny)[0]), CALICO)
    lab.topology.filter({name: [tables.table(lab.topology.local(read()[0], name))] for name in NODES})
    assert [lab.outcome(who, VIP) for who in (NEAR, CLIENT, FAR, NODES["n1"][0])] == [
        "open",
        "silent",
        "silent",
        "open",
    ]


def test_of_two_services_with_one_node_port_the_first_has_it() -> None:
    other = service(type="NodePort", clusterIP="10.96.0.11", clusterIPs=["10.96.0.11"])
    other["metadata"] = {"name": "other", "namespace": "a"}
    snapshot, details = read(service(type="NodePort"), other, EVERYWHERE)
    (ports,) = (one for one in service_table(snapshot, "n1", details).sets if one.name == "node-ports4")
    assert isinstance(ports, VerdictMap)
    assert len(ports.elements) == 1


def test_ports_and_times_that_packets_cannot_have_are_as_if_they_were_not_there() -> None:
    odd = [{"port": number, "nodePort": node} for number, node in ((0, 0), (70000, 1), (-4, 2), (80, 70000))]
    affinity = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": -1}}}
    nonsense = {**EVERYWHERE, "ports": [*EVERYWHERE["ports"], *({"name": "", "port": n} for n in (0, -1, 99999))]}
    tables = [
        service_table(*_on_n1(service(type="NodePort", ports=ports, **more), endpoints))
        for ports, more, endpoints in (
            ([{"port": 80}], {"sessionAffinity": "ClientIP"}, EVERYWHERE),
            (odd, affinity, nonsense),
        )
    ]
    assert tables[0] == tables[1]


def _on_n1(*manifests: Manifest) -> tuple[Snapshot, str, dict[tuple[str, str], ServiceDetails]]:
    snapshot, details = read(*manifests)
    return snapshot, "n1", details
