from __future__ import annotations

from netdoctor.cluster.endpoints import as_slices
from netdoctor.cluster.objects import Endpoints
from tests.cluster.manifests import objects


def test_one_slice_for_each_family_with_ports_and_readiness() -> None:
    (endpoints,) = objects("""
        {kind: Endpoints, apiVersion: v1, metadata: {name: web, namespace: shop}, subsets: [{
          addresses: [{ip: 10.0.0.1, nodeName: n1, targetRef: {kind: Pod, name: web-1}}, {ip: "fd00::1"}],
          notReadyAddresses: [{ip: 10.0.0.2}], ports: [{name: http, port: 8080}]}]}
        """)
    assert isinstance(endpoints, Endpoints)
    four, six = as_slices(endpoints)
    assert (four.service, four.address_type, six.address_type) == ("web", "IPv4", "IPv6")
    assert [(e.addresses, e.conditions.ready, e.node_name) for e in four.endpoints] == [
        (("10.0.0.1",), True, "n1"),
        (("10.0.0.2",), False, ""),
    ]
    assert four.endpoints[0].target_ref["name"] == "web-1"
    assert [(port.name, port.port) for port in six.ports] == [("http", 8080)]
