"""Policies for the whole cluster that an API server would refuse, and those that it cannot order."""

from __future__ import annotations

import pytest

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.rules import Direction
from tests.policy.clusters import Manifest, admin, ask, baseline, cluster, cluster_policy, endpoint, pod, policy, wide

POD = pod("db/pg", "10.0.1.1", {"app": "pg"})
PEER: Manifest = {"namespaces": {}}
BAD = {"matchExpressions": [{"key": "a", "operator": "In"}]}


def to(peer: Manifest, action: str = "Deny", **rest: object) -> Manifest:
    return {"egress": [{"action": action, "to": [peer], **rest}]}


def ports(entry: Manifest) -> Manifest:
    return to(PEER, ports=[entry])


def protocols(entry: Manifest) -> Manifest:
    return to(PEER, protocols=[entry])


def numbers(start: int, end: int) -> Manifest:
    return {"portRange": {"start": start, "end": end, "protocol": "TCP"}}


TO, PORT = "spec.egress[0].to[0]", "spec.egress[0].ports[0]"
ENTRY = "spec.egress[0].protocols[0]"


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (wide("AdminNetworkPolicy", "x"), "spec.priority"),
        (admin("x", -1), "spec.priority"),
        (admin("x", 1001), "spec.priority"),
        (cluster_policy("x", "admin"), "spec.tier"),
        (cluster_policy("x", "Baseline", 1001), "spec.priority"),
        (wide("BaselineAdminNetworkPolicy", "x"), "metadata.name"),
        (admin("x", subject={}), "spec.subject"),
        (admin("x", subject={"namespaces": {}, "pods": {"namespaceSelector": {}, "podSelector": {}}}), "spec.subject"),
        (admin("x", subject={"pods": {"namespaceSelector": {}}}), "spec.subject.pods.podSelector"),
        (admin("x", subject={"namespaces": BAD}), "spec.subject.namespaces.matchExpressions[0].values"),
        (admin("x", **to(PEER, "Accept")), "spec.egress[0].action"),
        (admin("x", **to(PEER, "")), "spec.egress[0].action"),
        (baseline(**to(PEER, "Pass")), "spec.egress[0].action"),
        (cluster_policy("x", **to(PEER, "Allow")), "spec.egress[0].action"),
        (admin("x", egress=[{"action": "Deny"}]), "spec.egress[0].to"),
        (admin("x", ingress=[{"action": "Deny", "to": [PEER]}]), "spec.ingress[0].from"),
        (admin("x", **to({**PEER, "nodes": {}})), TO),
        (admin("x", **to({"nodes": BAD})), f"{TO}.nodes.matchExpressions[0].values"),
        (admin("x", **to({"pods": {"namespaceSelector": {}}})), f"{TO}.pods.podSelector"),
        (admin("x", **to({"networks": ["10.0.0.0/8", "10.0.0.0"]})), f"{TO}.networks[1]"),
        (admin("x", **to({"domainNames": ["example.com"]}, "Deny")), f"{TO}.domainNames"),
        (cluster_policy("x", **to({"domainNames": ["example.com"]}, "Pass")), f"{TO}.domainNames"),
        (baseline(**to({"domainNames": ["example.com"]}, "Allow")), f"{TO}.domainNames"),
        (admin("x", **to({"domainNames": ["localhost"]}, "Allow")), f"{TO}.domainNames[0]"),
        (admin("x", **to({"domainNames": ["a.*.example.com"]}, "Allow")), f"{TO}.domainNames[0]"),
        (admin("x", ingress=[{"action": "Deny", "from": [{"nodes": {}}]}]), "spec.ingress[0].from[0]"),
        (admin("x", **to({"nodes": {}}, ports=[{"namedPort": "http"}])), TO),
        (admin("x", **to(PEER, ports=[])), "spec.egress[0].ports"),
        (cluster_policy("x", **to(PEER, protocols=[])), "spec.egress[0].protocols"),
        (admin("x", **ports({})), PORT),
        (admin("x", **ports({"namedPort": "http", **numbers(1, 2)})), PORT),
        (admin("x", **ports({"portNumber": {"port": 0, "protocol": "TCP"}})), f"{PORT}.portNumber.port"),
        (admin("x", **ports({"portNumber": {"port": 1, "protocol": "ICMP"}})), f"{PORT}.portNumber.protocol"),
        (admin("x", **ports(numbers(0, 2))), f"{PORT}.portRange.start"),
        (admin("x", **ports(numbers(80, 80))), f"{PORT}.portRange.end"),
        (admin("x", **ports(numbers(80, 65536))), f"{PORT}.portRange.end"),
        (cluster_policy("x", **protocols({})), ENTRY),
        (cluster_policy("x", **protocols({"icmp": {}})), ENTRY),
        (cluster_policy("x", **protocols({"tcp": {}})), f"{ENTRY}.tcp.destinationPort"),
        (
            cluster_policy("x", **protocols({"udp": {"destinationPort": {"number": 65536}}})),
            f"{ENTRY}.udp.destinationPort.number",
        ),
        (
            cluster_policy("x", **protocols({"sctp": {"destinationPort": {"range": {"start": 9, "end": 8}}}})),
            f"{ENTRY}.sctp.destinationPort.range.end",
        ),
    ],
)
def test_what_is_wrong_is_reported_with_its_path_and_decides_nothing(bad: Manifest, path: str) -> None:
    snapshot = cluster(POD, bad, admin("good", ingress=[{"action": "Allow", "from": [PEER]}]))
    compiled = compile_policies(snapshot)
    assert [ref for ref, _ in compiled.problems] == [ObjectRef(bad["kind"], bad["metadata"]["name"], path=path)]
    assert [ruleset.policy.name for ruleset in compiled.rulesets[""]] == ["good"]
    verdict = ask(snapshot, "192.0.2.1", "db/pg")
    assert verdict.allowed is None
    assert any(f"{path} is invalid" in text for text in verdict.assumptions)


@pytest.mark.parametrize("name", ["example.com", "*.example.com", "a-b.x_y.example.", "10.example"])
def test_domain_names(name: str) -> None:
    assert compile_policies(cluster(admin("x", **to({"domainNames": [name]}, "Allow")))).problems == ()


def test_a_range_may_be_of_every_port() -> None:
    everything = cluster_policy("x", **protocols({"tcp": {"destinationPort": {"range": {"start": 1, "end": 65535}}}}))
    assert compile_policies(cluster(everything)).rulesets[""][0].rules[0].ports_text == "TCP"


def test_rulesets_come_in_the_order_of_evaluation() -> None:
    rules = {"ingress": [{"action": "Deny", "from": [PEER]}]}
    snapshot = cluster(
        POD,
        policy("db/p"),
        baseline(**rules),
        admin("z", 3, **rules),
        admin("a", 20, **rules),
        cluster_policy("m", "Admin", 4, **rules),
        cluster_policy("b", "Baseline", 1, **rules),
    )
    found = compile_policies(snapshot).selecting(endpoint(snapshot, "db/pg"), Direction.INGRESS)
    names = [ruleset.policy.name for ruleset in found]
    assert names == ["z", "m", "a", "p", "default", "b"]


# Warnings ----------------------------------------------------------------------------------------------------


def named(app: str) -> Manifest:
    return {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": app}}}}


def warnings(*policies: Manifest) -> list[tuple[str, str]]:
    compiled = compile_policies(cluster(POD, pod("db/web", "10.0.1.2", {"app": "web"}), *policies))
    assert (compiled.problems, compiled.unknown) == ((), {})
    return [(str(ref), text) for ref, text in compiled.warnings]


def denying(name: str, priority: int = 10, **spec: object) -> Manifest:
    return admin(name, priority, **{"ingress": [{"action": "Deny", "from": [PEER]}], **spec})


def test_equal_priorities_that_select_a_common_pod_are_a_warning() -> None:
    assert warnings(denying("a"), denying("b", subject=named("pg"))) == [
        (
            "AdminNetworkPolicy a",
            "has the tier and the priority (10) of AdminNetworkPolicy b, and both select Pod db/pg: "
            "the API leaves open which of them comes first",
        )
    ]


def test_equal_priorities_in_both_directions_are_one_warning() -> None:
    both: Manifest = {"egress": [{"action": "Deny", "to": [PEER]}]}
    assert len(warnings(denying("a", **both), denying("b", **both))) == 1


@pytest.mark.parametrize(
    "other",
    [
        denying("b", 11),
        denying("b", subject=named("web")),
        denying("b", ingress=[], egress=[{"action": "Deny", "to": [PEER]}]),
        cluster_policy("b", "Baseline", 10, ingress=[{"action": "Deny", "from": [PEER]}]),
    ],
)
def test_what_cannot_meet_is_no_warning(other: Manifest) -> None:
    assert warnings(denying("a", subject=named("pg")), other) == []
