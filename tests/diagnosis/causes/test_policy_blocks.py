"""ipBlocks for addresses that policies do not see."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.policy_blocks import PolicyIPBlockOnPods, PolicySourceNATHidesClient
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    Sight,
    api,
    cluster,
    codes,
    examine,
    found,
    labels_matter,
    manifest,
    policy,
    refs,
    sees,
    web,
)

DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
NODE_PORT = {"port": 80, "targetPort": 8080, "nodePort": 30080}


def block(cidr: str, *excepted: str) -> Manifest:
    """A peer."""
    return {"ipBlock": {"cidr": cidr, "except": list(excepted)}}


def out(*peers: Manifest) -> Manifest:
    """A policy at the web pods with DNS and these peers."""
    return policy("web-out", {"app": "web"}, egress=[DNS, {"to": list(peers)}])


@pytest.mark.parametrize(
    ("cidr", "says"),
    [
        ("10.244.1.250/32", "addresses of pods, which change whenever a pod is replaced"),
        ("10.244.2.0/24", "addresses of pods"),
        ("10.96.0.50/32", "after the translation of a ClusterIP"),
        ("10.96.0.0/16", "after the translation of a ClusterIP"),
    ],
)
def test_a_block_of_addresses_inside_the_cluster(cidr: str, says: str) -> None:
    case = examine(cluster(api(), web(), out(block(cidr))), "svc/api", DROPPED, source="deploy/web")
    one = found(PolicyIPBlockOnPods, case)
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[1].to[0]"]
    assert says in one.finding.explanation
    assert f"wants an address in {cidr}, found address 10.244.1.5" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["PolicyIPBlockOnPods"]


def test_cilium_matches_no_pod_by_its_address() -> None:
    agent = manifest("DaemonSet", "cilium", "apps/v1", namespace="kube-system", spec={"template": {}})
    case = examine(cluster(api(), web(), agent, out(block("10.244.0.0/16"))), "svc/api", DROPPED, source="deploy/web")
    one = found(PolicyIPBlockOnPods, case)
    assert "wants an address that is no pod's (cilium)" in one.finding.explanation
    assert "(here cilium)" in one.finding.explanation


@pytest.mark.parametrize(
    "peers",
    [
        (block("203.0.113.0/24"),),
        (block("0.0.0.0/0", "10.244.0.0/16"),),
        (block("10.244.1.250/32"), {"podSelector": {"matchLabels": {"app": "db"}}}),
    ],
    ids=["addresses outside", "all but the pods", "other pods, beside a selector that is as near"],
)
def test_other_blocks_are_meant_as_they_are(peers: tuple[Manifest, ...]) -> None:
    case = examine(cluster(api(), web(), out(*peers)), "svc/api", DROPPED, source="deploy/web")
    assert PolicyIPBlockOnPods().examine(case) is None
    assert codes(case) == ["PolicyDeniesEgress"]


def test_a_block_that_holds_the_pods_admits_them_elsewhere() -> None:
    case = examine(cluster(api(), web(), out(block("10.244.0.0/16"))), "svc/api", sees(), source="deploy/web")
    assert codes(case) == []


def admits(cidr: str) -> Manifest:
    """A policy at the api pods for clients of these addresses."""
    return policy("api-in", {"app": "api"}, ingress=[{"from": [block(cidr)]}])


def entered(aimed: Aimed, probe: Probe, position: Position) -> Sight:
    """The node of the pod answers everybody, the other one drops."""
    if aimed.aim is not Aim.NODE_PORT:
        return Outcome.OK
    return Outcome.OK if aimed.entrance and aimed.entrance.node == "worker-1" else Outcome.TIMEOUT


def test_nodes_replace_the_addresses_of_clients() -> None:
    objects = cluster(api(NODE_PORT, type="NodePort"), admits("198.51.100.0/24"))
    case = examine(objects, "svc/api", entered, source="outside")
    one = found(PolicySourceNATHidesClient, case)
    assert refs(one) == ["NetworkPolicy shop/api-in spec.ingress[0].from[0]"]
    assert "spec.externalTrafficPolicy of Service shop/api is Cluster" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.finding.fixes[0].patch == {"spec": {"externalTrafficPolicy": "Local"}}
    assert codes(case) == ["PolicySourceNATHidesClient"]


def test_with_local_clients_keep_their_addresses() -> None:
    objects = cluster(api(NODE_PORT, type="NodePort", externalTrafficPolicy="Local"), admits("198.51.100.0/24"))
    case = examine(objects, "svc/api", entered, source="outside")
    assert PolicySourceNATHidesClient().examine(case) is None


def test_a_block_of_pods_is_not_meant_for_clients() -> None:
    objects = cluster(api(NODE_PORT, type="NodePort"), admits("10.244.0.0/16"))
    assert PolicySourceNATHidesClient().examine(examine(objects, "svc/api", entered, source="outside")) is None


def test_a_pod_inside_is_nobody_hidden() -> None:
    case = examine(cluster(api(), web(), admits("198.51.100.0/24")), "svc/api", DROPPED, source="deploy/web")
    assert codes(case) == ["PolicyDeniesIngress"]
