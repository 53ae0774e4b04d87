from __future__ import annotations

from typing import Any

import pytest

from netdoctor.model.errors import InputError
from tests.lab.builders import lab, service

TWO = {"dual_stack": True}


def spec(*documents: dict[str, Any], **shape: Any) -> dict[str, Any]:
    found: dict[str, Any] = lab(*documents, **shape)["Service", "shop", documents[0]["metadata"]["name"]]["spec"]
    return found


def test_every_service_has_an_address_of_its_own() -> None:
    objects = lab(service("a"), service("b"), service("c", clusterIP="10.96.1.1"))
    addresses = [objects["Service", "shop", name]["spec"]["clusterIP"] for name in "abc"]
    assert len({*addresses}) == 3
    assert addresses[2] == "10.96.1.1"
    assert all(address.startswith("10.96.") for address in addresses)


def test_what_the_api_server_fills_in() -> None:
    filled = spec(service("web", {"port": 80}))
    assert (filled["type"], filled["sessionAffinity"], filled["internalTrafficPolicy"]) == (
        "ClusterIP",
        "None",
        "Cluster",
    )
    assert filled["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert (filled["ipFamilies"], filled["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_node_ports_are_given_out_once() -> None:
    objects = lab(service("a", type="NodePort"), service("b", {"port": 80, "nodePort": 30080}, type="LoadBalancer"))
    first, second = (objects["Service", "shop", name]["spec"]["ports"][0]["nodePort"] for name in "ab")
    assert 30000 <= first <= 32767
    assert (second, first != second) == (30080, True)


@pytest.mark.parametrize(
    ("fields", "shape", "families", "count"),
    [
        ({"ipFamilyPolicy": "PreferDualStack"}, TWO, ["IPv4", "IPv6"], 2),
        ({"ipFamilyPolicy": "PreferDualStack"}, {}, ["IPv4"], 1),
        ({"ipFamilies": ["IPv6"]}, TWO, ["IPv6"], 1),
        ({"ipFamilies": ["IPv6"], "ipFamilyPolicy": "RequireDualStack"}, TWO, ["IPv6", "IPv4"], 2),
    ],
)
def test_families(fields: dict[str, Any], shape: dict[str, Any], families: list[str], count: int) -> None:
    filled = spec(service("web", **fields), **shape)
    assert (filled["ipFamilies"], len(filled["clusterIPs"])) == (families, count)
    assert (":" in filled["clusterIP"]) == (families[0] == "IPv6")


def test_headless_and_alias() -> None:
    assert spec(service("web", clusterIP="None"))["clusterIPs"] == ["None"]
    assert "clusterIP" not in spec(service("web", type="ExternalName", externalName="example.org"))


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (
            [service("a", clusterIP="10.96.0.10")],
            "Service shop/a: the ClusterIP 10.96.0.10 is already that of Service kube-system/kube-dns",
        ),
        (
            [service(name, {"port": 1, "nodePort": 30001}, type="NodePort") for name in "ab"],
            "Service shop/b: the node port 30001 is already that of Service shop/a",
        ),
        ([service("a", ipFamilies=["IPv6"])], "Service shop/a: the cluster has no IPv6 Services"),
    ],
)
def test_what_cannot_be_given_out(documents: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InputError) as refused:
        lab(*documents)
    assert refused.value.what == said
