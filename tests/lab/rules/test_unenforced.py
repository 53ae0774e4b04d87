from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import start
from netdoctor.lab.objects import snapshot_of
from netdoctor.lab.rules.unenforced import unenforced
from tests.lab.builders import workload

PORT = {"ports": [{"port": "80", "protocol": "TCP"}]}


def said(spec: dict[str, Any], plugin: str = "cilium") -> tuple[str, ...]:
    policy = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"endpointSelector": {}, **spec},
    }
    return unenforced(snapshot_of(start([workload("DaemonSet", plugin), policy], Shape()), "lab"))


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"ingress": [{"toPorts": [{**PORT, "rules": {"http": [{"method": "GET"}]}}]}]},
            "CiliumNetworkPolicy shop/p: connections are let in by it, requests on them are not looked into",
        ),
        (
            {"egress": [{"toFQDNs": [{"matchName": "example.com"}]}]},
            "CiliumNetworkPolicy shop/p: what names stand for is not known to the lab, so they match nobody",
        ),
        (
            {"egress": [{"toEntities": ["ingress", "host"]}]},
            "CiliumNetworkPolicy shop/p: whom entity ingress means is not known to the lab, so it matches nobody",
        ),
    ],
)
def test_what_is_not_enforced_is_said_where_its_plugin_runs(spec: dict[str, Any], text: str) -> None:
    assert said(spec) == (text,)
    assert said(spec, plugin="calico-node") == ()


def test_a_policy_that_is_not_valid_is_named() -> None:
    (line,) = said({"ingress": [{"fromCIDR": ["10.0.0.0/33"]}]})
    assert line.startswith("CiliumNetworkPolicy shop/p is not enforced: ")


def test_addresses_and_ports_are_enforced() -> None:
    assert said({"ingress": [{"fromEntities": ["all"], "toPorts": [PORT]}]}) == ()
