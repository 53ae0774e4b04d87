"""Reading a whole cluster: pages, expiry, missing rights, missing APIs."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.client import ApiError, Client
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.facts import CONFIG_MAPS, NETWORK_CONFIG_MAPS
from netdoctor.cluster.lists import PAGE_SIZE
from netdoctor.cluster.read import EXTENSION_KINDS, LISTED_KINDS, WELCOME_KINDS, read
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import AccessError
from netdoctor.model.refs import ObjectRef
from tests.cluster.fake_api import FakeAPI, status

PODS = "/api/v1/pods"
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"


def named(name: str, namespace: str = "shop", **rest: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, **rest}


@pytest.fixture
def full(api: FakeAPI) -> FakeAPI:
    """A server with an empty list of every kind."""
    api.served |= {KINDS[kind].path() for kind in LISTED_KINDS}
    api.served |= {KINDS["Endpoints"].path()}
    return api


def read_shop(client: Client) -> Snapshot:
    return read(client, ["shop"], lambda _: None)


def forbid(api: FakeAPI, *paths: str) -> None:
    for path in paths:
        api.refusals[path] = status(403, "Forbidden", f"cannot list {path}")


def test_an_empty_cluster_is_read_completely_and_nothing_else_is_asked_for(full: FakeAPI, client: Client) -> None:
    told: list[str] = []
    snapshot = read(client, None, told.append)
    assert (snapshot.source, snapshot.unread, snapshot.from_files) == ("fake", (), False)
    kinds = (*LISTED_KINDS, *EXTENSION_KINDS, *WELCOME_KINDS)
    assert len(told) == len(kinds) + len(CONFIG_MAPS) + len(NETWORK_CONFIG_MAPS)
    asked = {path for _, path, _, _, _ in full.requests}
    assert not any("secrets" in path or path.endswith(("/configmaps", "/endpoints")) for path in asked)
    assert {method for method, *_ in full.requests} == {"GET"}


def test_what_a_network_plugin_is_set_to_is_not_missed_by_who_may_not_read_it(full: FakeAPI, client: Client) -> None:
    forbid(full, *(KINDS[kind].discovery_path for kind in WELCOME_KINDS), *(KINDS[k].path() for k in WELCOME_KINDS))
    forbid(full, *(KINDS["ConfigMap"].path(*name) for name in NETWORK_CONFIG_MAPS))
    snapshot = read_shop(client)
    assert snapshot.unread == ()
    missing = {unread.kind for unread in snapshot.unread_settings}
    assert missing == {*WELCOME_KINDS, "ConfigMap"}


def pools_served(api: FakeAPI, *versions: str) -> None:
    for version in versions:
        api.singles[f"/apis/{version}"] = {"kind": "APIResourceList", "resources": [{"name": "ippools"}]}
        api.served.add(f"/apis/{version}/ippools")
        api.objects[f"/apis/{version}/ippools"] = [{"metadata": {"name": version}, "spec": {"cidr": "10.0.0.0/8"}}]


CALICO, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"


@pytest.mark.parametrize(
    ("served", "refused", "read_from"),
    [
        ((CALICO, STORED), (), CALICO),  # never both: they are the same objects
        ((STORED,), (), STORED),
        ((CALICO, STORED), (CALICO,), STORED),  # rights are given per group
        ((), (), None),
    ],
)
def test_settings_of_calico_are_read_in_one_of_its_two_groups(
    full: FakeAPI, client: Client, served: tuple[str, ...], refused: tuple[str, ...], read_from: str | None
) -> None:
    pools_served(full, *served)
    forbid(full, *(f"/apis/{version}/ippools" for version in refused))
    snapshot = read_shop(client)
    assert [pool.name for pool in snapshot.ip_pools] == ([read_from] if read_from else [])
    assert snapshot.unread_settings == ()


def test_who_may_read_neither_group_is_told_so(full: FakeAPI, client: Client) -> None:
    pools_served(full, CALICO, STORED)
    forbid(full, f"/apis/{CALICO}/ippools", f"/apis/{STORED}/ippools")
    (unread,) = read_shop(client).unread_settings
    assert (unread.kind, unread.because) == ("IPPool", f"cannot list /apis/{CALICO}/ippools")


ACCOUNTS = "/api/v1/serviceaccounts"
BY_ACCOUNT = {"serviceAccountSelector": "team == 'a'"}
OF_ACCOUNT = {"ingress": [{"action": "Allow", "source": {"serviceAccounts": {"selector": "team == 'a'"}}}]}
BY_LABEL = {"egress": [{"action": "Deny", "destination": {"selector": "pcsa.team == 'a'"}}]}
BY_NAME = {"ingress": [{"action": "Allow", "source": {"serviceAccounts": {"names": ["robot"]}}}]}


def calico_policy(api: FakeAPI, spec: dict[str, Any]) -> None:
    api.singles[f"/apis/{CALICO}"] = {"kind": "APIResourceList", "resources": [{"name": "globalnetworkpolicies"}]}
    path = f"/apis/{CALICO}/globalnetworkpolicies"
    api.served |= {path, ACCOUNTS}
    api.objects[path] = [{"metadata": {"name": "p"}, "spec": spec}]
    api.objects[ACCOUNTS] = [named("robot")]


@pytest.mark.parametrize(("spec", "read"), [(BY_ACCOUNT, 1), (OF_ACCOUNT, 1), (BY_LABEL, 1), (BY_NAME, 0), ({}, 0)])
def test_service_accounts_are_read_only_where_a_policy_is_about_their_labels(
    full: FakeAPI, client: Client, spec: dict[str, Any], read: int
) -> None:
    calico_policy(full, spec)
    assert len(read_shop(client).service_accounts) == len(full.asked(ACCOUNTS)) == read


def test_service_accounts_that_may_not_be_read_are_not_missed_by_other_checks(full: FakeAPI, client: Client) -> None:
    calico_policy(full, BY_ACCOUNT)
    forbid(full, ACCOUNTS)
    full.served.add("/api/v1/namespaces/shop/serviceaccounts")
    full.objects["/api/v1/namespaces/shop/serviceaccounts"] = [named("mine")]
    snapshot = read_shop(client)
    assert [one.name for one in snapshot.service_accounts] == ["mine"]
    assert snapshot.unread == ()
    assert {unread.kind for unread in snapshot.unread_settings} == {"ServiceAccount"}


def test_lists_come_in_pages(full: FakeAPI, client: Client) -> None:
    full.objects[PODS] = [named(f"p{i}") for i in range(2 * PAGE_SIZE + 1)]
    assert len(read_shop(client).pods) == 2 * PAGE_SIZE + 1
    assert [query.get("continue") for query in full.asked(PODS)] == [None, str(PAGE_SIZE), str(2 * PAGE_SIZE)]
    assert {query["limit"] for query in full.asked(PODS)} == {str(PAGE_SIZE)}


def test_a_list_that_expires_is_read_again_in_one_piece(full: FakeAPI, client: Client) -> None:
    full.objects[PODS] = [named(f"p{i}") for i in range(2 * PAGE_SIZE)]
    full.expired_tokens = {str(PAGE_SIZE)}
    snapshot = read_shop(client)
    assert len(snapshot.pods) == 2 * PAGE_SIZE
    assert snapshot.was_read("Pod")
    assert full.asked(PODS)[-1] == {}


def test_only_warning_events(full: FakeAPI, client: Client) -> None:
    read_shop(client)
    assert [query["fieldSelector"] for query in full.asked("/api/v1/events")] == ["type=Warning"]


def test_config_maps_are_read_by_name(full: FakeAPI, client: Client) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps/coredns"
    full.singles[path] = {"kind": "ConfigMap", **named("coredns", "kube-system", data={"Corefile": "."})}
    forbid(full, "/api/v1/namespaces/kube-system/configmaps/kube-proxy")
    snapshot = read_shop(client)
    assert [each.data for each in snapshot.config_maps] == [{"Corefile": "."}]
    assert not snapshot.was_read("ConfigMap", "kube-system")


def test_what_is_forbidden_cluster_wide_is_read_in_namespaces(full: FakeAPI, client: Client) -> None:
    forbid(full, PODS, "/api/v1/namespaces/kube-system/pods")
    full.objects["/api/v1/namespaces/shop/pods"] = [named("mine")]
    snapshot = read_shop(client)
    assert [pod.name for pod in snapshot.pods] == ["mine"]
    assert snapshot.was_read("Pod", "shop")
    for namespace in ("kube-system", "other", ""):
        unread = snapshot.unread_for("Pod", namespace)
        assert unread is not None
        assert unread.because.startswith("cannot list /api/v1/")


def test_forbidden_namespaces_are_read_by_name(full: FakeAPI, client: Client) -> None:
    forbid(full, "/api/v1/namespaces", "/api/v1/namespaces/kube-system")
    full.singles["/api/v1/namespaces/shop"] = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}
    snapshot = read_shop(client)
    assert snapshot.namespace_labels("shop")["a"] == "b"
    assert snapshot.was_read("Namespace", "shop")
    assert not snapshot.was_read("Namespace", "kube-system")


def test_forbidden_nodes(full: FakeAPI, client: Client) -> None:
    forbid(full, "/api/v1/nodes")
    snapshot = read_shop(client)
    assert not snapshot.was_read("Node")
    assert len(snapshot.unread) == 1


def test_an_api_that_is_not_served_and_a_failing_one(full: FakeAPI, client: Client) -> None:
    full.served.remove("/apis/networking.k8s.io/v1/networkpolicies")
    full.refusals["/api/v1/services"] = status(500, "InternalError", "etcd is down")
    snapshot = read_shop(client)
    assert {u.kind: u.because for u in snapshot.unread} == {
        "NetworkPolicy": "the API server does not serve it",
        "Service": "etcd is down",
    }


ADMIN = "/apis/policy.networking.k8s.io/v1alpha1"


def test_policies_of_the_whole_cluster_are_read_where_they_are_served(full: FakeAPI, client: Client) -> None:
    full.singles[ADMIN] = {"kind": "APIResourceList", "resources": [{"name": "adminnetworkpolicies"}]}
    full.objects[f"{ADMIN}/adminnetworkpolicies"] = [{"metadata": {"name": "deny"}, "spec": {"priority": 7}}]
    snapshot = read_shop(client)
    assert [(policy.name, policy.spec.priority) for policy in snapshot.admin_network_policies] == [("deny", 7)]
    assert snapshot.unread == ()
    assert full.asked(f"{ADMIN}/baselineadminnetworkpolicies") == []


GATEWAY = "/apis/gateway.networking.k8s.io"


def test_the_gateway_api_is_read_in_the_version_that_is_served(full: FakeAPI, client: Client) -> None:
    """Before release 1.0 there was only v1beta1; where both are served, each object is read once."""
    full.singles[f"{GATEWAY}/v1"] = {"resources": [{"name": "gateways"}]}
    full.singles[f"{GATEWAY}/v1beta1"] = {"resources": [{"name": "gateways"}, {"name": "httproutes"}]}
    full.objects[f"{GATEWAY}/v1/gateways"] = [named("new")]
    full.objects[f"{GATEWAY}/v1beta1/gateways"] = [named("new")]
    full.objects[f"{GATEWAY}/v1beta1/httproutes"] = [named("old")]
    snapshot = read_shop(client)
    assert [gateway.name for gateway in snapshot.gateways] == ["new"]
    assert [route.name for route in snapshot.http_routes] == ["old"]
    assert (snapshot.unread, snapshot.reference_grants) == ((), ())


def test_routes_that_may_not_be_listed_are_unread(full: FakeAPI, client: Client) -> None:
    full.singles[f"{GATEWAY}/v1"] = {"resources": [{"name": "httproutes"}]}
    forbid(full, f"{GATEWAY}/v1/httproutes", f"{GATEWAY}/v1/namespaces/shop/httproutes")
    unread = read_shop(client).unread_for("HTTPRoute", "shop")
    assert unread is not None
    assert unread.because == f"cannot list {GATEWAY}/v1/namespaces/shop/httproutes"


def test_policies_that_cannot_be_read_are_part_of_the_snapshot(full: FakeAPI, client: Client) -> None:
    version = {"groupVersion": "crd.antrea.io/v1beta1"}
    full.singles["/apis"] = {"groups": [{"name": "crd.antrea.io", "versions": [version], "preferredVersion": version}]}
    full.objects["/apis/crd.antrea.io/v1beta1/networkpolicies"] = [named("x")]
    forbid(full, "/apis/crd.antrea.io/v1beta1/clusternetworkpolicies")
    snapshot = read_shop(client)
    assert snapshot.unsupported_policies == (ObjectRef("NetworkPolicy.v1beta1.crd.antrea.io", "x", "shop"),)
    assert [unread.kind for unread in snapshot.unread] == ["ClusterNetworkPolicy.v1beta1.crd.antrea.io"]


CILIUM = "/apis/cilium.io/v2"


def test_policies_of_cilium_are_read(full: FakeAPI, client: Client) -> None:
    full.singles[CILIUM] = {
        "resources": [{"name": "ciliumnetworkpolicies"}, {"name": "ciliumclusterwidenetworkpolicies"}]
    }
    full.objects[f"{CILIUM}/ciliumnetworkpolicies"] = [
        {"metadata": {"name": "x", "namespace": "shop"}, "spec": {"endpointSelector": {}, "ingress": [{}]}}
    ]
    snapshot = read_shop(client)
    (policy,) = snapshot.cilium_network_policies
    assert policy.spec is not None
    assert policy.spec.ingress is not None
    assert (len(policy.spec.ingress), policy.spec.egress) == (1, None)
    assert (snapshot.unread, snapshot.unsupported_policies) == ((), ())


def test_policies_of_cilium_that_may_not_be_listed_everywhere_are_read_in_the_namespaces(
    full: FakeAPI, client: Client
) -> None:
    full.singles[CILIUM] = {"resources": [{"name": "ciliumnetworkpolicies"}]}
    forbid(full, f"{CILIUM}/ciliumnetworkpolicies", f"{CILIUM}/namespaces/kube-system/ciliumnetworkpolicies")
    full.objects[f"{CILIUM}/namespaces/shop/ciliumnetworkpolicies"] = [
        {"metadata": {"name": "x", "namespace": "shop"}, "spec": {"endpointSelector": {}}}
    ]
    snapshot = read_shop(client)
    assert [policy.name for policy in snapshot.cilium_network_policies] == ["x"]
    assert snapshot.was_read("CiliumNetworkPolicy", "shop")
    assert not snapshot.was_read("CiliumNetworkPolicy", "kube-system")
    assert not snapshot.was_read("CiliumNetworkPolicy", "elsewhere")


@pytest.mark.parametrize("granted", [CALICO, STORED])
@pytest.mark.parametrize("plural", ["networkpolicies", "networksets"])
def test_kinds_of_calico_that_may_not_be_listed_everywhere_are_read_in_the_namespaces(
    full: FakeAPI, client: Client, plural: str, granted: str
) -> None:
    """From the group in which they may be read there: rights are given per group."""
    for version in (CALICO, STORED):
        full.singles[f"/apis/{version}"] = {"kind": "APIResourceList", "resources": [{"name": plural}]}
        path = f"/apis/{version}/namespaces/{{}}/{plural}"
        forbid(full, f"/apis/{version}/{plural}", path.format("kube-system"))
        full.objects[path.format("shop")] = [named(version)]
        if version != granted:
            forbid(full, path.format("shop"))
    snapshot = read_shop(client)
    kind = {"networkpolicies": "NetworkPolicy.v3.projectcalico.org", "networksets": "NetworkSet"}[plural]
    assert [one.name for one in getattr(snapshot, KINDS[kind].field)] == [granted]
    assert snapshot.was_read(kind, "shop")
    assert not snapshot.was_read(kind, "kube-system")
    assert not snapshot.was_read(kind, "elsewhere")


def test_kinds_that_are_not_served_need_no_right(full: FakeAPI, client: Client) -> None:
    forbid(full, *(KINDS[kind].path() for kind in EXTENSION_KINDS))
    assert read_shop(client).unread == ()


@pytest.mark.parametrize(
    "discovery",
    [
        (200, {"resources": [{"name": "adminnetworkpolicies"}, {"name": "adminnetworkpolicies/status"}]}),
        status(403, "Forbidden", "cannot get path"),
        (200, b"no JSON"),
    ],
)
def test_served_kinds_that_may_not_be_listed_are_unread(full: FakeAPI, client: Client, discovery: Any) -> None:
    """As are those of which nobody can say whether they are served."""
    full.refusals[ADMIN] = discovery
    forbid(full, f"{ADMIN}/adminnetworkpolicies")
    unread = read_shop(client).unread_for("AdminNetworkPolicy")
    assert unread is not None
    assert unread.because == f"cannot list {ADMIN}/adminnetworkpolicies"


def test_a_kind_that_is_not_served_after_all_has_no_objects(full: FakeAPI, client: Client) -> None:
    forbid(full, *{KINDS[kind].discovery_path for kind in EXTENSION_KINDS})
    assert read_shop(client).unread == ()


def test_endpoints_stand_in_for_slices(full: FakeAPI, client: Client) -> None:
    full.served.remove(SLICES)
    full.objects["/api/v1/services"] = [named("web")]
    full.objects["/api/v1/endpoints"] = [named("web", subsets=[{"addresses": [{"ip": "10.0.0.1"}]}])]
    snapshot = read_shop(client)
    (piece,) = snapshot.slices_of(snapshot.services[0])
    assert piece.endpoints[0].addresses == ("10.0.0.1",)
    assert snapshot.unread == ()


def test_slices_of_one_namespace_count_without_the_right_to_endpoints(full: FakeAPI, client: Client) -> None:
    spaces = ("shop", "kube-system")
    forbid(full, SLICES, "/api/v1/endpoints", *(f"/api/v1/namespaces/{n}/endpoints" for n in spaces))
    full.served |= {f"/apis/discovery.k8s.io/v1/namespaces/{n}/endpointslices" for n in spaces}
    snapshot = read_shop(client)
    assert snapshot.was_read("EndpointSlice", "shop")
    assert not snapshot.was_read("EndpointSlice", "other")


def test_an_undecodable_object_is_recorded(full: FakeAPI, client: Client) -> None:
    full.objects[PODS] = [named("good"), named("bad", spec={"hostNetwork": 3})]
    snapshot = read_shop(client)
    assert [pod.name for pod in snapshot.pods] == ["good"]
    unread = snapshot.unread_for("Pod", "shop")
    assert unread is not None
    assert unread.because.startswith("Pod shop/bad: spec.hostNetwork: ")


def test_refused_credentials_end_it(full: FakeAPI, client: Client) -> None:
    full.token = "another"
    with pytest.raises(ApiError, match="401 Unauthorized"):
        read_shop(client)


def test_an_answer_that_is_no_api_servers(full: FakeAPI, client: Client) -> None:
    full.refusals[PODS] = (200, b"<html>please log in</html>")
    with pytest.raises(AccessError, match="not that of an API server"):
        read_shop(client)
