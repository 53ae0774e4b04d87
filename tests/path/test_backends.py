"""Endpoints of a Service's port, as its EndpointSlices list them."""

from netdoctor.cluster.objects import Service
from netdoctor.path.backends import listed_backends
from netdoctor.path.path import build_path
from tests.path.conftest import Load

CLUSTER = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: prod}
spec:
  clusterIP: 10.96.0.7
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: web}, {name: dns, port: 53, protocol: UDP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: api-1, namespace: prod, labels: {kubernetes.io/service-name: api}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]
endpoints:
- addresses: [10.244.1.9]
  conditions: {ready: true}
  nodeName: a
  targetRef: {kind: Pod, name: api-0, namespace: prod}
- {addresses: [10.244.2.9], conditions: {ready: false}, targetRef: {kind: Pod, name: gone, namespace: prod}}
- {addresses: [10.244.3.9], conditions: {}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: api-2, namespace: prod, labels: {kubernetes.io/service-name: api}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints:
- {addresses: [10.244.2.9], conditions: {ready: true}}
---
apiVersion: v1
kind: Pod
metadata: {name: api-0, namespace: prod, labels: {app: api}}
spec: {nodeName: a, containers: [{name: c, ports: [{name: web, containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.1.9}
"""


def test_slices_are_merged_and_unknown_readiness_counts_as_ready(snapshot: Load) -> None:
    cluster = snapshot(CLUSTER)
    service = cluster.get("Service", "prod", "api")
    assert isinstance(service, Service)
    listed = {
        b.address: (b.port, b.ready, b.pod and b.pod.name)
        for b in listed_backends(cluster, service, service.spec.ports[0])
    }
    assert listed == {
        "10.244.1.9": (8080, True, "api-0"),
        "10.244.2.9": (8080, True, None),  # listed twice; ready in one slice
        "10.244.3.9": (8080, True, None),
    }


def test_each_port_is_a_route_with_its_own_backends(snapshot: Load) -> None:
    path = build_path(snapshot(CLUSTER), "svc/api", None, "prod")
    assert [(r.label, len(r.ready), len(r.unready)) for r in path.routes] == [("80/TCP", 3, 0), ("53/UDP", 2, 1)]
    assert [r.label for r in build_path(snapshot(CLUSTER), "svc/api:http", None, "prod").routes] == ["80/TCP"]


def test_a_port_that_the_service_lacks_has_no_backends(snapshot: Load) -> None:
    (route,) = build_path(snapshot(CLUSTER), "svc/api:8080", None, "prod").routes
    assert (route.service_port, route.backends, route.vips) == (None, (), ("10.96.0.7",))


def test_a_range_of_pods_that_is_none_holds_no_address(snapshot: Load) -> None:
    """Whoever made the file may have written anything there."""
    node = "apiVersion: v1\nkind: Node\nmetadata: {name: NAME}\nspec: {podCIDR: RANGE}\n---\n"
    nodes = node.replace("NAME", "a").replace("RANGE", "anything") + node.replace("NAME", "b").replace(
        "RANGE", "10.244.3.0/24"
    )
    loaded = snapshot(nodes + CLUSTER)
    service = loaded.get("Service", "prod", "api")
    assert isinstance(service, Service)
    gone = {b.address: b.gone for b in listed_backends(loaded, service, service.spec.ports[0])}
    assert gone["10.244.3.9"] == "a pod's address that no pod has"
