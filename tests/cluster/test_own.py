"""Probe pods of other runs are no part of the cluster."""

from __future__ import annotations

from netdoctor.cluster.objects import Service
from netdoctor.probing.kube.manifest import Run
from netdoctor.probing.kube.options import ProbeOptions
from tests.cluster.manifests import snapshot

RUN = Run("0123abcd", 0, ProbeOptions())

CLUSTER = """
{kind: Pod, apiVersion: v1, metadata: {name: web-1, namespace: shop, labels: {app: web}}}
---
{kind: Pod, apiVersion: v1, metadata: {name: NAME-p1, namespace: shop, labels: {app: web, netdoctor.dev/run: x}}}
---
{kind: Service, apiVersion: v1, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}}}
---
{kind: Service, apiVersion: v1, metadata: {name: old, namespace: shop}, spec: {selector: {app: web}}}
---
{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, addressType: IPv4,
 metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}, endpoints: [
 {addresses: [10.0.0.1], targetRef: {kind: Pod, name: web-1}},
 {addresses: [10.0.0.2], targetRef: {kind: Pod, name: NAME-p1}, conditions: {ready: false}},
 {addresses: [10.0.0.3], targetRef: {kind: Pod, name: NAME-p22}, conditions: {ready: false}}]}
---
{kind: Endpoints, apiVersion: v1, metadata: {name: old, namespace: shop}, subsets: [
 {addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: web-1}}],
  notReadyAddresses: [{ip: 10.0.0.2, targetRef: {kind: Pod, name: NAME-p1}}]}]}
"""


def test_probe_pods_are_neither_pods_nor_endpoints_of_the_cluster() -> None:
    cluster = snapshot(CLUSTER.replace("NAME", RUN.name))
    assert [pod.name for pod in cluster.pods] == ["web-1"]
    for name in ("web", "old"):
        service = cluster.get("Service", "shop", name)
        assert isinstance(service, Service)
        listed = [address for item in cluster.slices_of(service) for e in item.endpoints for address in e.addresses]
        assert listed == ["10.0.0.1"], name
