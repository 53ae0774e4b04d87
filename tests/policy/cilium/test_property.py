"""Random policies of Cilium's: the engine and an evaluator that reads the documents agree about every flow."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from netdoctor.policy.decide import allows, decide
from netdoctor.policy.profile import profile_for
from netdoctor.policy.rules import Protocol
from tests.policy.cilium.naive import allowed
from tests.policy.cilium.worlds import ENDS, compiled, flow, policy

LABELS = st.sampled_from(
    [
        ("app", "web"),
        ("k8s:app", "api"),
        ("any:app", "pg"),
        ("tier", "front"),
        ("container:app", "web"),
        ("io.kubernetes.pod.namespace", "db"),
        ("k8s:io.kubernetes.pod.namespace", "shop"),
        ("k8s:io.cilium.k8s.namespace.labels.team", "blue"),
        ("io.cilium.k8s.policy.serviceaccount", "web"),
        ("k8s:io.cilium.k8s.policy.cluster", "default"),
        ("k8s:io.cilium.k8s.policy.cluster", "other"),
    ]
)


@st.composite
def selectors(draw: st.DrawFn) -> dict[str, Any]:
    labels = dict(draw(st.lists(LABELS, max_size=2)))
    expressions = []
    for key, value in draw(st.lists(LABELS, max_size=2)):
        operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
        expressions.append({"key": key, "operator": operator, **({"values": [value]} if "In" in operator else {})})
    return {"matchLabels": labels, "matchExpressions": expressions}


RESERVED = st.sampled_from(["host", "remote-node", "world"]).flatmap(
    lambda name: st.sampled_from(
        [
            {"matchLabels": {f"reserved:{name}": ""}},
            {"matchExpressions": [{"key": f"reserved:{name}", "operator": "DoesNotExist"}]},
        ]
    )
)
PEERS = st.one_of(
    st.tuples(st.just("Endpoints"), st.lists(selectors() | RESERVED, max_size=2)),
    st.tuples(
        st.just("Entities"),
        st.lists(st.sampled_from(["world", "cluster", "all", "host", "remote-node", "none"]), max_size=2),
    ),
    st.tuples(st.just("CIDR"), st.lists(st.sampled_from(["0.0.0.0/0", "10.244.0.0/16", "203.0.113.0/24"]), max_size=2)),
    st.tuples(
        st.just("CIDRSet"),
        st.lists(
            st.sampled_from(
                [{"cidr": "203.0.113.0/24"}, {"cidr": "0.0.0.0/0", "except": ["203.0.113.0/28", "10.0.0.0/8"]}]
            ),
            max_size=2,
        ),
    ),
)
PORT = st.fixed_dictionaries(
    {"port": st.sampled_from(["80", "http", "0", "79"])},
    optional={"protocol": st.sampled_from(["TCP", "UDP", "ANY", ""]), "endPort": st.just(81)},
)
PORTS = st.lists(st.fixed_dictionaries({"ports": st.lists(PORT, min_size=1, max_size=2)}), max_size=2)


@st.composite
def rules(draw: st.DrawFn, side: str) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if draw(st.integers(0, 4)):
        name, peers = draw(PEERS)
        rule[f"{side}{name}"] = peers
    if draw(st.booleans()):
        rule["toPorts"] = draw(PORTS)
    elif not draw(st.integers(0, 5)):
        rule["icmps"] = [{"fields": [{"type": 8}]}]
    return rule


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = {"endpointSelector": draw(st.just({}) | selectors())}
    for way, side in (("ingress", "from"), ("egress", "to")):
        for section in (way, f"{way}Deny"):
            if draw(st.integers(0, 2)) > (section != way):
                spec[section] = draw(st.lists(rules(side), max_size=2))
        if not draw(st.integers(0, 3)):
            spec.setdefault("enableDefaultDeny", {})[way] = False
    return spec


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 3))):
        one = policy(draw(specs()), draw(st.sampled_from(["shop", "shop", "db", ""])), f"p{number}")
        if draw(st.booleans()):
            one["specs"] = [draw(specs())]
        found.append(one)
    return found


@given(policies(), st.sampled_from([("TCP", 80), ("TCP", 8080), ("UDP", 80), ("SCTP", 81)]))
@settings(max_examples=300, deadline=None)
def test_the_engine_agrees_with_the_naive_evaluator(documents: list[dict[str, Any]], to: tuple[Protocol, int]) -> None:
    found = compiled(documents)
    assert found.problems == ()
    protocol, port = to
    for source, one in ENDS.items():
        for destination, other in ENDS.items():
            if source == destination or not (one.namespace or other.namespace):
                continue
            asked = flow(found, source, destination, port, protocol)
            expected = allowed(documents, one, other, protocol, port)
            said = decide(found, asked, profile_for("cilium"))
            if other.node == one.node and not (one.namespace and other.namespace):  # what the API leaves open is said
                assert said.allowed in (expected, None)
                continue
            assert said.allowed is expected, (source, destination, said)
            assert allows(found, asked, profile_for("cilium")) is expected
