"""What carries out a Gateway."""

from __future__ import annotations

from netdoctor.path.gateway.proxies import GatewayProxy, proxy_of
from tests.diagnosis.builders import Manifest, cluster, service
from tests.diagnosis.gateway_builders import DOOR, LABELS, edge
from tests.path.gateway.builders import gateway, listener


def _proxy(*objects: Manifest | list[Manifest]) -> GatewayProxy | None:
    snapshot = cluster(*objects)
    return proxy_of(snapshot, snapshot.gateways[0])


def _with_address(value: str, kind: str = "IPAddress") -> Manifest:
    return gateway(listener(), namespace="shop", status={"addresses": [{"type": kind, "value": value}]})


def test_by_the_label_of_its_service() -> None:
    """GEP-1762: resources in the Gateway's namespace have the label gateway-name."""
    found = _proxy(edge())
    assert found is not None
    assert (found.service and found.service.name, str(found.owner and found.owner.ref)) == (
        "edge",
        "Deployment shop/edge",
    )
    assert [pod.name for pod in found.pods] == ["edge-1"]
    assert found.label == "Gateway shop/edge (Deployment shop/edge)"


def test_a_label_in_another_namespace_is_another_gateways() -> None:
    made = edge()
    made[1]["metadata"]["namespace"] = "infra"
    assert _proxy(made) is None


def test_a_labelled_service_without_a_port_of_a_listener_is_another_one() -> None:
    """Such as one for metrics."""
    metrics = service("metrics", {"port": 9090}, selector=LABELS, clusterIP="10.96.0.81")
    metrics["metadata"]["labels"] = LABELS
    found = _proxy(metrics, edge())
    assert found is not None
    assert found.service is not None
    assert found.service.name == "edge"


def test_by_an_address_that_a_service_of_any_namespace_has() -> None:
    made = edge()
    made[1] = _with_address(DOOR)
    for one in made[2:]:
        one["metadata"].pop("labels", None)
    found = _proxy(made)
    assert found is not None
    assert found.service is not None
    assert found.owner is not None


def test_by_the_name_of_a_service_as_its_address() -> None:
    made = edge()
    made[1] = _with_address("edge.shop.svc.cluster.local", "Hostname")
    made[4]["metadata"].pop("labels")
    found = _proxy(made)
    assert found is not None
    assert found.service is not None


def test_pods_without_a_service() -> None:
    """On the nodes' own network."""
    found = _proxy([one for one in edge() if one["kind"] not in ("Service", "EndpointSlice")])
    assert found is not None
    assert (found.service, str(found.owner and found.owner.ref)) == (None, "Deployment shop/edge")


def test_an_address_outside_the_cluster() -> None:
    found = _proxy(_with_address("203.0.113.9"))
    assert found is not None
    assert (found.service, found.owner, found.addresses) == (None, None, ("203.0.113.9",))


def test_a_service_without_a_selector_is_asked_by_its_address() -> None:
    """Cilium's: its endpoints are none that anything connects to."""
    made = service("cilium-gateway-edge", {"port": 80}, selector={}, clusterIP="10.96.0.82")
    made["metadata"]["labels"] = LABELS
    found = _proxy(gateway(listener(), namespace="shop"), made)
    assert found is not None
    assert (found.service, found.addresses) == (None, ("10.96.0.82",))


def test_nothing_is_known() -> None:
    assert _proxy(gateway(listener(), namespace="shop")) is None
    assert _proxy(_with_address("lb.example.com", "Hostname")) is None
