"""A document as netdoctor.lab.zone makes it, for a cluster with one Service of each sort."""

from __future__ import annotations

from typing import Any

HTTP = {"name": "http", "protocol": "TCP", "port": 80}
WEB = {"name": "web", "protocol": "TCP", "port": 8080}


def service(name: str, namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "namespace": namespace,
        "name": name,
        "headless": False,
        "addresses": [],
        "externalName": "",
        "ports": [],
        "endpoints": [],
    }
    return empty | fields


def endpoint(hostname: str, address: str, *ports: dict[str, Any]) -> dict[str, Any]:
    return {"hostname": hostname, "address": address, "ports": list(ports)}


def document(*services: dict[str, Any], **fields: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "zones": ["cluster.local", "in-addr.arpa", "ip6.arpa"],
        "fallthrough": [],
        "ttl": 30,
        "pods": "insecure",
        "podAddresses": [],
        "namespaces": ["kube-system", "shop"],
        "services": list(services),
        "nameServers": {"kube-dns.kube-system.svc.cluster.local": ["10.96.0.10"]},
        "outside": {"www.example.com": ["203.0.113.80", "2001:db8::80"]},
        "upstream": "answering",
    }
    return whole | fields


SHOP = document(
    service(
        "kube-dns", "kube-system", addresses=["10.96.0.10"], ports=[{"name": "dns", "protocol": "UDP", "port": 53}]
    ),
    service(
        "web",
        addresses=["10.96.0.7", "fd00:10:96::7"],
        ports=[HTTP, {"name": "metrics", "protocol": "TCP", "port": 9090}],
        endpoints=[endpoint("10-244-1-5", "10.244.1.5", WEB)],
    ),
    service(
        "db",
        headless=True,
        ports=[HTTP],
        endpoints=[endpoint("db-0", "10.244.1.6", HTTP), endpoint("db-1", "10.244.2.6", HTTP)],
    ),
    service("portless", headless=True, endpoints=[endpoint("10-244-1-9", "10.244.1.9")]),
    service("nobody", headless=True, ports=[HTTP]),
    service("alias", externalName="web.shop.svc.cluster.local"),
    service("second", externalName="alias.shop.svc.cluster.local"),
    service("loop", externalName="pool.shop.svc.cluster.local"),
    service("pool", externalName="loop.shop.svc.cluster.local"),
    service("broken", externalName="missing.shop.svc.cluster.local"),
    service("site", externalName="www.example.com"),
    service("gone", externalName="nowhere.example.com"),
    service("number", externalName="192.0.2.1"),
)
