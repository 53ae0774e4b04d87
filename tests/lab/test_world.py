"""A lab as a whole: who reaches whom, as whose address, and what a change of its objects changes in its kernel."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from netdoctor.lab.client import Lab
from netdoctor.lab.place import Place
from netdoctor.lab.session import run_kubectl
from tests.lab.builders import container, pod, service, workload
from tests.lab.living import PATIENCE, SCENARIOS, SILENCE, asked, client_seen_by, defined, inside, lab_of, pods_of

VERSIONS = pytest.mark.parametrize("version", [4, 6])
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
DUAL = {"ipFamilyPolicy": "RequireDualStack"}
NAMES = ("older", "other", "other.headless.shop.svc.cluster.local")
OUTSIDE, NOBODY, OUTSIDE6 = "198.51.100.7", "198.51.100.8", "2001:db8::7"
DNS = {
    "dnsPolicy": "None",
    "dnsConfig": {
        "nameservers": ["10.96.0.10"],
        "searches": ["x.example"],
        "options": [{"name": "ndots", "value": "2"}],
    },
}


def on(node: str, name: str, **spec: Any) -> dict[str, Any]:
    return pod(name, labels={"app": name}, nodeName=node, **spec)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Dual-stack: client and near on one node, far on another; a Service for each of the servers."""
    documents = [
        SHOP,
        on("worker-1", "client"),
        on("worker-1", "near"),
        on("worker-2", "far"),
        on(
            "worker-2",
            "named",
            hostname="other",
            subdomain="headless",
            hostAliases=[{"ip": "192.0.2.5", "hostnames": ["old", "older"]}],
        ),
        on("worker-2", "own-dns", **DNS),
        on("worker-2", "host-dns", dnsPolicy="Default"),
        on("worker-2", "on-host", hostNetwork=True, containers=[container("http:9090")]),
        service("near", {"port": 80, "targetPort": 8080, "nodePort": 30080}, type="NodePort", **DUAL),
        service("far", **DUAL),
        service("headless", selector={"app": "far"}, clusterIP="None", **DUAL),
    ]
    directory = defined(
        tmp_path_factory.mktemp("shop"),
        *documents,
        nodes=3,
        dualStack=True,
        outside={"web.example": [OUTSIDE, OUTSIDE6]},
    )
    with lab_of(directory) as lab:
        yield lab


def found(lab: Lab, kind: str, name: str) -> dict[str, Any]:
    return lab.objects()[0][kind, "shop", name]


def address(lab: Lab, name: str, version: int = 4) -> str:
    """Of a pod, in one family."""
    ips = [entry["ip"] for entry in found(lab, "Pod", name)["status"]["podIPs"]]
    return str(next(ip for ip in ips if ip_address(ip).version == version))


def vip(lab: Lab, name: str, version: int = 4) -> str:
    return str(
        next(ip for ip in found(lab, "Service", name)["spec"]["clusterIPs"] if ip_address(ip).version == version)
    )


def node_address(lab: Lab, name: str, version: int) -> str:
    entries = lab.objects()[0]["Node", "", name]["status"]["addresses"]
    internal = (str(entry["address"]) for entry in entries if entry["type"] == "InternalIP")
    return next(one for one in internal if ip_address(one).version == version)


def place(lab: Lab, name: str) -> Place:
    return lab.place("pod", "shop", name)


def resolved(name: str) -> list[str]:
    """The addresses of a name as a program of the pod sees it; none where there is no such name."""
    try:
        return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)})
    except socket.gaierror:
        return []


# Who reaches whom -----------------------------------------------------------------------------------------------


@VERSIONS
@pytest.mark.parametrize("server", ["near", "far"])
def test_pods_reach_each_other_with_their_own_addresses(shop: Lab, server: str, version: int) -> None:
    target, own = address(shop, server, version), address(shop, "client", version)
    assert inside(shop, place(shop, "client"), lambda: client_seen_by(target, 8080)) == own


@VERSIONS
@pytest.mark.parametrize("server", ["near", "far"])
def test_a_cluster_ip_leads_to_the_pod_which_sees_the_client(shop: Lab, server: str, version: int) -> None:
    target, own = vip(shop, server, version), address(shop, "client", version)
    assert inside(shop, place(shop, "client"), lambda: client_seen_by(target, 80)) == own


@VERSIONS
def test_a_pod_reaches_itself_through_its_service(shop: Lab, version: int) -> None:
    target = vip(shop, "near", version)
    seen = inside(shop, place(shop, "near"), lambda: client_seen_by(target, 80))
    assert ip_address(seen).version == version


@VERSIONS
def test_from_outside_a_node_port_is_open_on_every_node(shop: Lab, version: int) -> None:
    nodes = {name: node_address(shop, name, version) for name in shop.nodes}
    seen = inside(shop, shop.place("outside"), lambda: {name: client_seen_by(ip, 30080) for name, ip in nodes.items()})
    assert set(seen) == set(nodes)
    assert {ip_address(client).version for client in seen.values()} == {version}


def test_what_leaves_the_cluster_comes_from_the_node(shop: Lab) -> None:
    answer = inside(shop, place(shop, "client"), lambda: client_seen_by(OUTSIDE, 80))
    assert answer == node_address(shop, "worker-1", 4)


def test_outside_only_the_named_addresses_answer(shop: Lab) -> None:
    places = (place(shop, "client"), shop.place("node", name="worker-2"))
    for one in places:
        assert inside(shop, one, lambda: [asked(OUTSIDE, 80, "\r\n\r\n", PATIENCE)[:8], asked(NOBODY, 80)]) == [
            "HTTP/1.1",
            "silent",
        ]


def test_a_host_network_pod_listens_on_its_node(shop: Lab) -> None:
    target = node_address(shop, "worker-2", 4)
    assert inside(shop, place(shop, "client"), lambda: client_seen_by(target, 9090))


# Names and files ------------------------------------------------------------------------------------------------


def test_names_lead_to_services_and_to_pods_of_headless_ones(shop: Lab) -> None:
    names = ("far", "far.shop", "headless", "web.example", "nothing")
    seen = inside(shop, place(shop, "client"), lambda: {name: resolved(name) for name in names})
    service_ips = sorted(vip(shop, "far", version) for version in (4, 6))
    assert seen == {
        "far": service_ips,
        "far.shop": service_ips,
        "headless": sorted(address(shop, "far", version) for version in (4, 6)),
        "web.example": sorted([OUTSIDE, OUTSIDE6]),
        "nothing": [],
    }


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "client",
            [
                "nameserver 10.96.0.10",
                "search shop.svc.cluster.local svc.cluster.local cluster.local",
                "options ndots:5",
            ],
        ),
        ("own-dns", ["nameserver 10.96.0.10", "search x.example", "options ndots:2"]),
        ("host-dns", ["nameserver 172.18.0.1", "nameserver fd00:172:18::1"]),
        ("on-host", ["nameserver 172.18.0.1", "nameserver fd00:172:18::1"]),
    ],
)
def test_resolv_conf_is_that_of_the_dns_policy(shop: Lab, name: str, lines: list[str]) -> None:
    text = inside(shop, place(shop, name), lambda: Path("/etc/resolv.conf").read_text(encoding="utf-8"))
    assert text.splitlines() == lines


def test_a_node_asks_its_own_nameserver_which_knows_only_the_outside(shop: Lab) -> None:
    node = shop.place("node", name="worker-1")
    assert inside(shop, node, lambda: [resolved("web.example"), resolved("far.shop.svc.cluster.local")]) == [
        sorted([OUTSIDE, OUTSIDE6]),
        [],
    ]


def test_a_pod_has_its_host_name_and_its_aliases(shop: Lab) -> None:
    own = sorted(address(shop, "named", version) for version in (4, 6))
    seen = inside(shop, place(shop, "named"), lambda: [socket.gethostname(), *map(resolved, NAMES)])
    assert seen == ["other", ["192.0.2.5"], own, own]


def test_a_pod_sees_nothing_of_the_hosts_network(shop: Lab) -> None:
    def seen() -> list[Any]:
        links = sorted(name for _, name in socket.if_nameindex())
        return [links, Path("/proc/self/ns/net").stat().st_ino, asked("127.0.0.1", host_port, patience=PATIENCE)]

    with socket.create_server(("127.0.0.1", 0)) as server:
        host_port = server.getsockname()[1]
        links, namespace, answer = inside(shop, place(shop, "client"), seen)
    assert {"eth0", "lo"} <= set(links)
    assert not set(links) & ({name for _, name in socket.if_nameindex()} - {"lo", "eth0", "sit0", "ip6tnl0"})
    assert namespace != Path("/proc/self/ns/net").stat().st_ino
    assert answer == "refused"


# Changes --------------------------------------------------------------------------------------------------------


def changed(lab: Lab, *arguments: str, stdin: Sequence[dict[str, Any]] = ()) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(stdin)}) if stdin else ""
    code, _, complaint = run_kubectl(lab, arguments, given, lambda _: given)
    assert code == 0, complaint


def policy(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Lab]:
    """A server of two replicas with a Service, and a client; all on one node."""
    documents = [SHOP, workload("Deployment", "web", replicas=2), service("web"), on("worker-1", "client")]
    with lab_of(defined(tmp_path, *documents, nodes=2)) as lab:
        yield lab


def servers(lab: Lab) -> set[str]:
    """Which pods answer at the Service's ClusterIP."""
    target, request = vip(lab, "web"), "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"

    def names() -> list[str]:
        answers = [asked(target, 80, request, PATIENCE) for _ in range(12)]
        return [json.loads(a.partition("\r\n\r\n")[2])["pod"] if a.startswith("HTTP") else a for a in answers]

    return set(inside(lab, place(lab, "client"), names))


def test_scaling_changes_who_answers(changing: Lab) -> None:
    assert servers(changing) == set(pods_of(changing, "web"))
    changed(changing, "scale", "deploy/web", "-n", "shop", "--replicas=4")
    assert len(pods_of(changing, "web")) == 4
    gone = [address(changing, name) for name in pods_of(changing, "web")]
    changed(changing, "scale", "deploy/web", "-n", "shop", "--replicas=0")
    assert servers(changing) == {"refused"}
    answers = inside(changing, place(changing, "client"), lambda: [asked(ip, 8080, "\r\n\r\n") for ip in gone[:1]])
    assert "HTTP/1.1" not in answers[0]


def test_a_service_comes_changes_and_goes_with_its_name(changing: Lab) -> None:
    def name_leads_to() -> list[str]:
        return list(inside(changing, place(changing, "client"), lambda: resolved("more")))

    assert name_leads_to() == []
    changed(changing, "apply", "-f", "-", stdin=[service("more", selector={"app": "web"})])
    assert name_leads_to() == [vip(changing, "more")]
    target = vip(changing, "more")
    assert inside(changing, place(changing, "client"), lambda: client_seen_by(target, 80)) == address(
        changing, "client"
    )
    changed(changing, "patch", "svc/more", "-n", "shop", "-p", '{"spec":{"selector":{"app":"nobody"}}}')
    assert inside(changing, place(changing, "client"), lambda: asked(target, 80, patience=PATIENCE)) == "refused"
    changed(changing, "delete", "svc/more", "-n", "shop")
    assert name_leads_to() == []


def test_policies_deny_and_allow_as_soon_as_they_are_there(changing: Lab) -> None:
    assert servers(changing) == set(pods_of(changing, "web"))
    changed(changing, "apply", "-f", "-", stdin=[policy("deny", podSelector={}, policyTypes=["Ingress"])])
    assert _one_try(changing) == "silent"
    clients = [{"podSelector": {"matchLabels": {"app": "client"}}}]
    allow = policy("allow", podSelector={"matchLabels": {"app": "web"}}, ingress=[{"from": clients}])
    changed(changing, "apply", "-f", "-", stdin=[allow])
    assert _one_try(changing, PATIENCE) == "HTTP/1.1"
    changed(changing, "delete", "networkpolicy/allow", "-n", "shop")
    assert _one_try(changing) == "silent"


def _one_try(lab: Lab, patience: float = SILENCE) -> str:
    target = vip(lab, "web")
    return str(inside(lab, place(lab, "client"), lambda: asked(target, 80, "\r\n\r\n", patience)[:8]))


def test_connections_elsewhere_go_on_while_objects_change(changing: Lab) -> None:
    target = address(changing, pods_of(changing, "web")[0])

    reading, writing = os.pipe()
    go_on, gone_on = os.pipe()

    def hold() -> int:
        with socket.create_connection((target, 8080), PATIENCE) as client:
            os.write(writing, b"open")
            os.read(go_on, 1)
            client.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            os.write(writing, client.recv(8))
        return 0

    process = changing.run(place(changing, "client"), hold)
    os.close(writing)
    assert os.read(reading, 4) == b"open"
    changed(changing, "scale", "deploy/web", "-n", "shop", "--replicas=3")
    os.write(gone_on, b".")
    assert os.read(reading, 8) == b"HTTP/1.1"
    os.waitpid(process, 0)
    for descriptor in (reading, go_on, gone_on):
        os.close(descriptor)


# Recorded clusters ----------------------------------------------------------------------------------------------


def test_a_replay_has_the_recorded_addresses_nodes_and_services() -> None:
    with lab_of(SCENARIOS / "headless-service-healthy" / "snapshot.yaml") as lab:
        objects, _ = lab.objects()
        nodes = [name for kind, _, name in objects if kind == "Node"]
        assert sorted(lab.nodes) == sorted(nodes)
        pods = [manifest for (kind, _, _), manifest in objects.items() if kind == "Pod" and _has_own_network(manifest)]
        assert pods
        for manifest in pods:
            recorded = [entry["ip"] for entry in manifest["status"]["podIPs"]]
            where = lab.place("pod", manifest["metadata"]["namespace"], manifest["metadata"]["name"])
            assert inside(lab, where, partial(_bindable, recorded)) == recorded
        (dns,) = (m["spec"]["clusterIP"] for k, m in objects.items() if k == ("Service", "kube-system", "kube-dns"))
        node = lab.place("node", name=lab.nodes[0])
        assert inside(lab, node, lambda: asked(dns, 53, "\0")) == "silent"  # connected: it waits for more


def _has_own_network(pod: dict[str, Any]) -> bool:
    return bool(pod["status"].get("podIP")) and not pod["spec"].get("hostNetwork")


def _bindable(addresses: list[str]) -> list[str]:
    """Those that are this host's own."""
    own = []
    for one in addresses:
        with socket.socket(socket.AF_INET6 if ":" in one else socket.AF_INET) as sock:
            sock.bind((one, 0))
            own.append(one)
    return own
