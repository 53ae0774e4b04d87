"""Decoding is as forgiving as Go's: nulls and unknown fields do no harm, one broken object does not lose the rest."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.cluster.decode import KINDS, UndecodableError, convert, decode_object, decode_page
from netdoctor.cluster.objects import AdminNetworkPolicy, AdminPort, AdminPortNumber, NetworkPolicy, Pod, Service
from netdoctor.model.errors import AccessError

POD: dict[str, Any] = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "labels": {"app": "web", "tier": "front"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "PASSWORD", "note": "x"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}],
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "managedFields": [{"manager": "kubectl"}],
    },
    "spec": {
        "containers": [
            {
                "name": "main",
                "args": ["--port", "8080"],
                "env": [{"name": "PASSWORD", "value": "hunter2"}],
                "ports": [{"containerPort": 8080, "name": "http"}],
                "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
            }
        ],
        "dnsConfig": {"options": [{"name": "ndots", "value": "5"}], "searches": ["a.example"]},
        "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"disk": "ssd"},
    },
    "status": {
        "phase": "Running",
        "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05.123456Z"}],
        "containerStatuses": [{"name": "main", "ready": True, "state": {"running": {}}}],
    },
}
FORWARD = {"metadata": {"name": "other", "namespace": "shop"}}


def page(*items: Any, token: str | None = None) -> bytes:
    return json.dumps({"kind": "PodList", "metadata": {"continue": token}, "items": items}).encode()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, each in inner for place in ((*path, key), *places(each, (*path, key)))]


def with_nulls(paths: list[tuple[Any, ...]]) -> Any:
    document = copy.deepcopy(POD)
    for *parents, last in paths:
        target: Any = document
        for key in parents:
            target = target[key] if target is not None else None
        if target is not None:
            target[last] = None
    return document


@given(st.lists(st.sampled_from(places(POD)), min_size=1, max_size=6))
def test_nulls_anywhere_never_raise_and_never_lose_another_object(paths: list[tuple[Any, ...]]) -> None:
    decoded = decode_page("Pod", page(FORWARD, with_nulls(paths), FORWARD))
    assert len(decoded.objects) + len(decoded.undecodable) == 3
    assert [each.name for each in decoded.objects].count("other") == 2


# Fields that objects cannot lack, and maps, where a null is a value.
NOT_OPTIONAL = {"metadata", "name", "kind", "type", "ip", "port", "containerPort"}
IN_MAPS = {"labels", "annotations", "nodeSelector", "tolerations"}
OPTIONAL = [
    path
    for path in places(POD)
    if isinstance(path[-1], str)
    and path[-1] not in NOT_OPTIONAL
    and path[-3:] != ("conditions", 0, "status")
    and not IN_MAPS.intersection(path[:-1])
]


@given(st.lists(st.sampled_from(OPTIONAL), min_size=1))
def test_a_null_field_is_a_missing_field(paths: list[tuple[Any, ...]]) -> None:
    nulls = with_nulls(paths)
    (decoded,) = decode_page("Pod", page(nulls)).objects
    assert decoded == decode_page("Pod", page(pruned(nulls))).objects[0]


def pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: pruned(each) for key, each in value.items() if each is not None}
    return [pruned(each) for each in value] if isinstance(value, list) else value


def test_list_items_need_no_kind_and_unknown_fields_are_skipped() -> None:
    (pod,) = decode_page("Pod", page(POD)).objects
    assert isinstance(pod, Pod)
    assert (pod.ips, pod.ready, pod.ports[0].name) == (("10.0.0.1", "fd00::1"), True, "http")
    assert pod.metadata.creation_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    changed = pod.status.conditions[0].last_transition_time
    assert changed == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)


def test_neither_environment_values_nor_kubectls_copy_of_them_are_kept() -> None:
    kept = repr(decode_page("Pod", page(POD)).objects) + repr(convert({"kind": "Pod", "apiVersion": "v1", **POD}))
    assert "hunter2" not in kept
    assert "PASSWORD" not in kept
    assert "note" in kept


def test_the_continue_token() -> None:
    assert decode_page("Pod", page(token="abc")).continue_token == "abc"
    assert decode_page("Pod", page()).continue_token == ""
    assert decode_page("Pod", page(None, token="abc")).continue_token == "abc"


def test_an_undecodable_object_is_recorded_by_name_and_field() -> None:
    broken = {"metadata": {"name": "bad", "namespace": "shop"}, "spec": {"hostNetwork": "yes"}}
    decoded = decode_page("Pod", page(POD, broken, None))
    assert [pod.name for pod in decoded.objects] == ["web-1"]
    assert [str(error) for error in decoded.undecodable] == [
        "Pod shop/bad: spec.hostNetwork: expected `bool`, got `str`",
        "Pod ?: object: expected `object`, got `null`",
    ]
    assert decoded.undecodable[0].namespace == "shop"


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b""])
def test_something_else_than_an_api_server(body: bytes) -> None:
    with pytest.raises(AccessError, match="not that of an API server"):
        decode_page("Pod", body)


def test_nulls_inside_of_a_list_that_may_be_missing() -> None:
    rule = {
        "action": "Deny",
        "from": [{"namespaces": {}, "pods": None}],
        "ports": [{"portNumber": {"port": 1, "protocol": None}}],
    }
    spec = {"priority": 1, "ingress": [rule, {**rule, "ports": None}, {**rule, "ports": []}]}
    policy = decode_object("AdminNetworkPolicy", json.dumps({"metadata": {"name": "a"}, "spec": spec}).encode())
    assert isinstance(policy, AdminNetworkPolicy)
    given, missing, empty = policy.spec.ingress
    assert given.ports == (AdminPort(port_number=AdminPortNumber(port=1, protocol="TCP")),)
    assert (missing.ports, empty.ports) == (None, ())


def test_decode_object_with_null() -> None:
    body = json.dumps({"kind": "Service", "metadata": {"name": "a"}, "spec": {"selector": None}}).encode()
    service = decode_object("Service", body)
    assert isinstance(service, Service)
    assert service.spec.selector == {}


def test_null_elements_are_zero_values_as_in_go() -> None:
    """A null rule is an empty rule, which allows everything; a null label value is the empty string."""
    policy = convert(
        {
            "kind": "NetworkPolicy",
            "apiVersion": "networking.k8s.io/v1",
            "metadata": {"name": "p"},
            "spec": {"podSelector": {"matchLabels": {"app": None}}, "ingress": [None], "egress": None},
        }
    )
    assert isinstance(policy, NetworkPolicy)
    assert policy.spec.pod_selector.match_labels == {"app": ""}
    assert [rule.from_ for rule in policy.spec.ingress] == [()]
    assert policy.spec.egress == ()


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("serving.knative.dev/v1", "Service"), ("crd.antrea.io/v1", "NetworkPolicy"), ("v1", "Binding")],
)
def test_kinds_of_other_groups_are_not_ours(api_version: str, kind: str) -> None:
    assert convert({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}) is None


def test_a_selector_operator_that_does_not_exist() -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "in"}]}
    document = {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "p"}}
    with pytest.raises(
        UndecodableError, match=r"NetworkPolicy p: spec\.podSelector.*operator: invalid enum value 'in'"
    ):
        convert({**document, "spec": {"podSelector": selector}})


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", "/api/v1/namespaces/shop/pods"),
        ("Node", "/api/v1/nodes"),
        ("EndpointSlice", "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"),
        ("NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"),
        ("AdminNetworkPolicy", "/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies"),
        ("BaselineAdminNetworkPolicy", "/apis/policy.networking.k8s.io/v1alpha1/baselineadminnetworkpolicies"),
        ("ClusterNetworkPolicy", "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies"),
    ],
)
def test_paths(kind: str, path: str) -> None:
    assert KINDS[kind].path("shop") == path
    assert KINDS[kind].path("shop", "x") == f"{path}/x"


@pytest.mark.parametrize(
    "body",
    [b'{"metadata": {"name": "\xff"}}', b'{"metadata": {"name": "a"}, "x": ' + b"[" * 100_000],
    ids=["no UTF-8", "nested too deep"],
)
def test_malformed_answers_are_no_crash(body: bytes) -> None:
    with pytest.raises(AccessError, match="not that of an API server"):
        decode_object("Pod", body)
    with pytest.raises(AccessError, match="not that of an API server"):
        decode_page("Pod", b'{"items": [' + body + b"]}")


def test_a_time_without_a_zone_cannot_be_compared_with_others() -> None:
    with pytest.raises(UndecodableError, match=r"metadata\.creationTimestamp"):
        decode_object("Pod", b'{"metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00"}}')


def test_labels_of_a_template_are_text() -> None:
    template = {"metadata": {"labels": ["a"]}}
    with pytest.raises(UndecodableError, match=r"spec\.template\.metadata\.labels: expected `object`"):
        convert(
            {"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": {"name": "a"}, "spec": {"template": template}}
        )


@pytest.mark.parametrize(
    ("port", "because"),
    [
        ({"containerPort": 65536}, "containerPort: expected `int` <= 65535"),
        ({"containerPort": 0}, "containerPort: expected `int` >= 1"),
        ({"containerPort": 80, "protocol": "tcp"}, "protocol: invalid enum value 'tcp'"),
    ],
)
def test_ports_of_containers_are_those_that_an_api_server_accepts(port: dict[str, Any], because: str) -> None:
    """Others have no place among the sets of ports that policies are reasoned about with."""
    spec = {"containers": [{"name": "main", "ports": [port]}]}
    with pytest.raises(UndecodableError) as caught:
        convert({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": spec})
    assert str(caught.value) == f"Pod a: spec.containers[0].ports[0].{because}"
