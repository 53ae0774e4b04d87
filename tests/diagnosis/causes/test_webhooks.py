"""Admission webhooks that the API server cannot reach."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from netdoctor.diagnosis.causes.webhooks import WebhookUnreachable
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    NOW,
    Manifest,
    api,
    cluster,
    codes,
    deployment,
    endpoints,
    event,
    examine,
    found,
    manifest,
    pod,
    policy,
    refs,
    sees,
    service,
)

POST = 'failed calling webhook "guard.example.com": failed to call webhook: Post "https://guard.shop.svc:443/ok?timeout=10s"'
REFUSED = f"Error creating: Internal error occurred: {POST}: dial tcp 10.96.0.60:443: connect: connection refused"
TIMEOUT = f"Error creating: Internal error occurred: {POST}: context deadline exceeded"
NOBODY = sees(VIP=Outcome.REFUSED)


def refused(message: str = REFUSED) -> list[Manifest]:
    """Service api, whose Deployment has no pods: the API server says why at its ReplicaSet."""
    return [service("api"), *deployment("api"), endpoints("api"), event("api-1", "FailedCreate", message, "ReplicaSet")]


def guard(*addresses: str) -> list[Manifest]:
    """The webhook's Service, with pods at these addresses that listen on 9443."""
    named: dict[str, Any] = {"selector": {"app": "guard"}, "clusterIP": "10.96.0.60"}
    return [
        service("guard", {"port": 443, "targetPort": 9443}, **named),
        *(pod(f"guard-{n}", address, {"app": "guard"}) for n, address in enumerate(addresses)),
        endpoints("guard", *addresses, port=9443),
    ]


def control_plane() -> Manifest:
    """The node where the API server runs."""
    labels = {"node-role.kubernetes.io/control-plane": ""}
    addresses = [{"type": "InternalIP", "address": "172.18.0.9"}]
    return manifest("Node", "master", namespace="", labels=labels, status={"addresses": addresses})


@pytest.mark.parametrize("target", ["svc/api", "deploy/api:8080"])
def test_a_webhook_without_endpoints_keeps_a_workload_from_its_pods(target: str) -> None:
    case = examine(cluster(refused(), guard()), target, NOBODY)
    one = found(WebhookUnreachable, case)
    assert one.finding.title == (
        "the API server cannot reach webhook guard.example.com: Service shop/guard has no ready endpoint for port 443"
    )
    assert refs(one) == ["Service shop/guard"]
    assert "dial tcp 10.96.0.60:443: connect: connection refused" in one.finding.explanation
    assert codes(case) == ["WebhookUnreachable"]


def test_a_webhook_whose_service_is_gone() -> None:
    one = found(WebhookUnreachable, examine(cluster(refused()), "svc/api", NOBODY))
    assert one.finding.title.endswith("Service shop/guard does not exist")
    assert one.finding.certainty is Certainty.CERTAIN


def test_a_policy_at_the_webhooks_pods_that_leaves_the_control_plane_out() -> None:
    only_pods = policy("guard-in", {"app": "guard"}, ingress=[{"from": [{"podSelector": {}}]}])
    objects = cluster(control_plane(), refused(TIMEOUT), guard("10.244.2.6"), only_pods)
    one = found(WebhookUnreachable, examine(objects, "svc/api", NOBODY))
    assert refs(one) == ["NetworkPolicy shop/guard-in"]
    assert "does not admit the control plane to pod guard-0 (10.244.2.6:9443)" in one.finding.title


def test_where_nothing_shows_why_the_webhooks_own_port_is_named() -> None:
    one = found(WebhookUnreachable, examine(cluster(refused(TIMEOUT), guard("10.244.2.6")), "svc/api", NOBODY))
    assert "to port 9443 of its pods" in one.finding.title
    assert one.finding.certainty is Certainty.LIKELY


def test_the_webhooks_own_service_may_be_asked_about() -> None:
    only_pods = policy("guard-in", {"app": "guard"}, ingress=[{"from": [{"podSelector": {}}]}])
    recent = event("api-1", "FailedCreate", TIMEOUT, "ReplicaSet") | {
        "lastTimestamp": (NOW - timedelta(minutes=1)).isoformat()
    }
    objects = [control_plane(), recent, *guard("10.244.2.6"), only_pods]
    assert codes(examine(cluster(*objects), "svc/guard", sees())) == ["WebhookUnreachable"]
    old = recent | {"lastTimestamp": (NOW - timedelta(minutes=30)).isoformat()}
    assert codes(examine(cluster(*objects[:1], old, *objects[2:]), "svc/guard", sees())) == []


def test_its_own_service_without_endpoints_has_that_fault() -> None:
    recent = event("api-1", "FailedCreate", REFUSED, "ReplicaSet") | {"lastTimestamp": NOW.isoformat()}
    unready = pod("guard-0", "10.244.2.6", {"app": "guard"}, ready=False)
    objects = cluster(recent, guard()[0], unready, endpoints("guard", "!10.244.2.6", port=9443))
    assert codes(examine(objects, "svc/guard", NOBODY)) == ["NoReadyEndpoints"]


@pytest.mark.parametrize(
    "message",
    [
        'Error creating: admission webhook "guard.example.com" denied the request: no',
        f"Error creating: {POST}: tls: failed to verify certificate: x509: certificate signed by unknown authority",
        'Error creating: pods "api-1-" is forbidden: exceeded quota: few, requested: pods=1',
    ],
    ids=["it denies", "it is not trusted", "a quota"],
)
def test_a_webhook_that_was_reached_is_not_out_of_reach(message: str) -> None:
    case = examine(cluster(refused(message), guard("10.244.2.6")), "svc/api", NOBODY)
    assert WebhookUnreachable().examine(case) is None


def test_a_workload_that_has_its_pods_is_not_concerned_any_more() -> None:
    objects = cluster(api(), event("api-1", "FailedCreate", REFUSED, "ReplicaSet"))
    assert codes(examine(objects, "svc/api", sees())) == []
