"""The pods that a Service evidently means."""

import pytest

from netdoctor.cluster.objects import Service
from netdoctor.path.intended import near_matches
from tests.path.conftest import Load

DEPLOYMENT = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s, namespace: prod}
spec:
  selector: {matchLabels: {app: x}}
  template: {metadata: {labels: {%(labels)s}}, spec: {containers: [{name: c}]}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: prod}
spec: {selector: {app: front-end, tier: web}, ports: [{port: 80}]}
"""


@pytest.mark.parametrize(
    ("labels", "differing"),
    [
        ("app: frontend, tier: web", {"app": ("front-end", "frontend")}),
        ("app: front-end", {"tier": ("web", None)}),
        ("app: Front-end", {"app": ("front-end", "Front-end"), "tier": ("web", None)}),
    ],
)
def test_the_nearest_labels_and_what_differs(snapshot: Load, labels: str, differing: dict[str, object]) -> None:
    text = SERVICE + DEPLOYMENT % {"name": "shop", "labels": labels} + DEPLOYMENT % {"name": "cron", "labels": "job: x"}
    cluster = snapshot(text)
    service = cluster.get("Service", "prod", "api")
    assert isinstance(service, Service)
    (near,) = near_matches(cluster, service)
    assert (near.owner.name, dict(near.differing)) == ("shop", differing)


def test_labels_without_likeness_are_no_near_match(snapshot: Load) -> None:
    cluster = snapshot(SERVICE + DEPLOYMENT % {"name": "cron", "labels": "job: nightly, app: zzz"})
    service = cluster.get("Service", "prod", "api")
    assert isinstance(service, Service)
    assert near_matches(cluster, service) == ()
