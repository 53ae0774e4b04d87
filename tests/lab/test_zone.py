"""From the cluster's objects to the document of the DNS server."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import dns.name
import dns.rdatatype
import pytest

from netdoctor.cluster.files import load
from netdoctor.lab.zone import zone
from netdoctor_apps.dns.records import answer
from netdoctor_apps.dns.zone import zone_of
from tests.cluster.manifests import snapshot

SCENARIOS = Path(__file__).parents[2] / "e2e/scenarios"
OBJECTS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7, "fd00::7", nonsense], ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: site, namespace: shop}
spec: {type: ExternalName, externalName: www.example.com, clusterIP: ""}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, ports: [{port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{port: 5432}]
endpoints:
- {addresses: [10.244.1.5], hostname: db-0, conditions: {ready: true}}
- {addresses: [10.244.1.6], conditions: {ready: false, serving: true}}
- {addresses: [10.244.1.7], targetRef: {kind: Pod, name: db-2}}
---
apiVersion: v1
kind: Pod
metadata: {name: db-2, namespace: shop}
status: {phase: Running, podIP: 10.244.1.7, podIPs: [{ip: 10.244.1.7}]}
---
apiVersion: v1
kind: Node
metadata: {name: worker-1}
spec: {podCIDR: 10.244.1.0/24}
"""


def document(corefile: str = "", **outside: list[str]) -> dict[str, Any]:
    config = f"""---
apiVersion: v1
kind: ConfigMap
metadata: {{name: coredns, namespace: kube-system}}
data:
  Corefile: |
{indent(corefile or "# nothing", "    ")}
"""
    return zone(snapshot(OBJECTS + (config if corefile else "")), outside)


def test_services_and_their_ready_endpoints() -> None:
    services = {service["name"]: service for service in document()["services"]}
    assert services["web"]["addresses"] == ["10.96.0.7", "fd00::7"]
    assert services["web"]["ports"] == [{"name": "http", "protocol": "TCP", "port": 80}]
    assert services["site"]["externalName"] == "www.example.com"
    assert services["db"]["headless"] is True
    assert [(e["hostname"], e["address"]) for e in services["db"]["endpoints"]] == [
        ("db-0", "10.244.1.5"),
        ("10-244-1-7", "10.244.1.7"),
    ]


def test_a_corefile_may_pin_a_service_to_an_address() -> None:
    pinned = (
        "cluster.local {\n hosts {\n 10.0.0.9 web.shop.svc.cluster.local other.example.com\n ttl 60\n }\n kubernetes\n}"
    )
    services = {service["name"]: service for service in document(pinned)["services"]}
    assert services["web"]["addresses"] == ["10.0.0.9"]
    assert services["db"]["addresses"] == []


def test_a_corefile_may_name_endpoints_by_their_pods() -> None:
    services = document("cluster.local {\n kubernetes {\n endpoint_pod_names\n }\n}")["services"]
    (db,) = (service for service in services if service["name"] == "db")
    assert [endpoint["hostname"] for endpoint in db["endpoints"]] == ["db-0", "db-2"]


@pytest.mark.parametrize(
    ("corefile", "expected"),
    [
        ("", {"zones": ["cluster.local", "in-addr.arpa", "ip6.arpa"], "ttl": 5, "pods": "insecure"}),
        (
            ".:53 {\n kubernetes corp.internal in-addr.arpa {\n ttl 30\n pods verified\n fallthrough\n }\n}",
            {
                "zones": ["corp.internal", "in-addr.arpa"],
                "fallthrough": ["corp.internal", "in-addr.arpa"],
                "ttl": 30,
                "pods": "verified",
                "podAddresses": [["shop", "10.244.1.7"]],
            },
        ),
        (
            "corp.internal:53 {\n kubernetes {\n ttl 9999\n }\n}",
            {"zones": ["corp.internal"], "ttl": 5, "pods": "disabled"},
        ),
        (
            "cluster.local {\n kubernetes cluster.local in-addr.arpa {\n fallthrough in-addr.arpa\n }\n}",
            {"fallthrough": ["in-addr.arpa"], "podAddresses": []},
        ),
    ],
)
def test_what_the_corefile_decides(corefile: str, expected: dict[str, Any]) -> None:
    whole = document(corefile)
    assert {key: whole[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("servers", "upstream"),
    [
        ("127.0.0.1:5300", "failing"),
        ("dns://127.0.0.1", "failing"),
        ("[::1]:53", "failing"),
        ("192.0.2.53", "failing"),
        ("10.244.1.99", "failing"),
        ("10.244.1.7:53", "answering"),
        ("8.8.8.8", "answering"),
        ("10.0.0.2:53", "answering"),
        ("203.0.113.53", "answering"),
        ("127.0.0.1:5300 8.8.8.8", "answering"),
        ("/etc/resolv.conf", "answering"),
        ("tls://[2001:db8::1]:853", "failing"),
    ],
)
def test_whether_names_outside_can_be_asked_for(servers: str, upstream: str) -> None:
    corefile = f"cluster.local {{\n kubernetes\n}}\n. {{\n forward . {servers} {{\n max_fails 0\n }}\n}}"
    assert document(corefile, resolver=["203.0.113.53"])["upstream"] == upstream


def test_servers_of_other_zones_are_no_matter() -> None:
    assert document(".:53 {\n forward corp.example 127.0.0.1\n}")["upstream"] == "answering"
    assert document("corp.example:53 {\n forward . 127.0.0.1\n}")["upstream"] == "answering"


@pytest.mark.parametrize(
    ("scenario", "name", "expected"),
    [
        ("dns-upstream-failing", "www.example.org", "SERVFAIL"),
        ("dns-upstream-failing", "web.dns-upstream.svc.cluster.local", "NOERROR"),
        ("dns-air-gapped-healthy", "www.example.com", "NXDOMAIN"),
        ("headless-service-healthy", "store-1.store.headless-equal.svc.cluster.local", "NOERROR"),
        ("headless-service-healthy", "store-2.store.headless-equal.svc.cluster.local", "NXDOMAIN"),
    ],
)
def test_recorded_clusters_are_served(scenario: str, name: str, expected: str) -> None:
    whole = zone(load([str(SCENARIOS / scenario / "snapshot.yaml")]), {})
    served = zone_of(json.loads(json.dumps(whole)))
    assert answer(served, dns.name.from_text(name), dns.rdatatype.A).rcode.name == expected
