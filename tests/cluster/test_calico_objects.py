"""Calico's policies and sets: read in either API group, told from those of Kubernetes, and never counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from netdoctor.cluster.calico_objects import CalicoNetworkPolicy, CalicoTier, GlobalNetworkPolicy, NetworkSet
from netdoctor.cluster.client import Client
from netdoctor.cluster.decode import KINDS, convert, decode_page
from netdoctor.cluster.files import load
from netdoctor.cluster.lists import read_extension
from netdoctor.cluster.objects import NetworkPolicy, Object
from netdoctor.cluster.recording import document
from netdoctor.cluster.snapshot import Unread
from netdoctor.model.refs import ObjectRef
from tests.cluster.fake_api import FakeAPI, status

V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"
NAME = "NetworkPolicy.v3.projectcalico.org"


def calico(kind: str, name: str, version: str = V3, namespace: str = "", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": kind, "apiVersion": version, "metadata": metadata, "spec": spec}


def read(tmp_path: Path, *documents: dict[str, Any]) -> list[Object]:
    (tmp_path / "f.json").write_bytes(msgspec.json.encode({"kind": "List", "items": documents}))
    return list(load([str(tmp_path / "f.json")]).objects())


@pytest.mark.parametrize("version", [V3, STORED])
def test_a_network_policy_of_calico_is_none_of_kubernetes(version: str) -> None:
    found = convert(calico("NetworkPolicy", "a", version, "shop", order=1.5, selector="all()"))
    assert isinstance(found, CalicoNetworkPolicy)
    assert (found.spec.order, found.spec.tier, found.stored) == (1.5, "default", version == STORED)
    assert found.ref == ObjectRef(NAME, "a", "shop")
    other = convert({"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "a"}})
    assert isinstance(other, NetworkPolicy)
    assert other.ref.kind == "NetworkPolicy"


@pytest.mark.parametrize("version", ["projectcalico.org/v4", "crd.projectcalico.org/v3", "x.io/v3"])
def test_a_policy_of_another_version_may_mean_something_else(version: str) -> None:
    assert convert(calico("GlobalNetworkPolicy", "a", version)) is None


def test_both_network_policies_of_one_name_are_found(tmp_path: Path) -> None:
    kubernetes = {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1"}
    objects = read(
        tmp_path,
        calico("NetworkPolicy", "a", namespace="shop"),
        {**kubernetes, "metadata": {"name": "a", "namespace": "shop"}, "spec": {}},
    )
    assert sorted(one.ref.kind for one in objects) == ["NetworkPolicy", NAME]


def test_what_calico_shows_of_kubernetes_is_no_policy_of_its_own(tmp_path: Path) -> None:
    objects = read(
        tmp_path,
        calico("NetworkPolicy", "knp.default.a", namespace="shop"),
        calico("GlobalNetworkPolicy", "kanp.adminnetworkpolicy.a"),
        calico("GlobalNetworkPolicy", "kept"),
    )
    assert [one.name for one in objects] == ["kept"]


def test_of_both_groups_only_what_calicos_own_api_server_shows_counts(tmp_path: Path) -> None:
    objects = read(
        tmp_path,
        calico("NetworkPolicy", "default.a", STORED, "shop"),
        calico("NetworkPolicy", "a", V3, "shop"),
        calico("GlobalNetworkPolicy", "default.b", STORED),
    )
    assert sorted(one.name for one in objects) == ["a", "default.b"]


def test_pages_of_an_api_server_are_read() -> None:
    body = {"items": [calico("Tier", "security", STORED, order=5), calico("Tier", "last", STORED)], "metadata": {}}
    tiers = decode_page("Tier", msgspec.json.encode(body)).objects
    assert all(isinstance(tier, CalicoTier) for tier in tiers)
    assert [tier.spec.order for tier in tiers if isinstance(tier, CalicoTier)] == [5, None]


def test_ports_and_protocols_are_numbers_or_words() -> None:
    rule = {"action": "Allow", "protocol": 6, "destination": {"ports": [80, "81:90", "http"]}, "notICMP": {"type": 8}}
    found = convert(calico("GlobalNetworkPolicy", "a", ingress=[rule]))
    assert isinstance(found, GlobalNetworkPolicy)
    (written,) = found.spec.ingress
    assert (written.protocol, written.destination.ports) == (6, (80, "81:90", "http"))
    assert written.not_icmp is not None


def test_null_is_as_good_as_missing() -> None:
    found = convert(calico("NetworkSet", "a", namespace="shop", nets=None))
    assert isinstance(found, NetworkSet)
    assert found.spec.nets == ()


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    stored = calico("NetworkPolicy", "default.a", STORED, "shop", egress=[{"action": "Allow"}])
    (tmp_path / "f.json").write_bytes(msgspec.json.encode(stored))
    snapshot = load([str(tmp_path / "f.json")])
    (tmp_path / "f.json").write_bytes(msgspec.json.encode(document(snapshot)))
    assert load([str(tmp_path / "f.json")]).calico_network_policies == snapshot.calico_network_policies
    assert snapshot.calico_network_policies[0].stored


def served(version: str) -> dict[str, Any]:
    return {"kind": "APIResourceList", "resources": [{"name": "networkpolicies"}, {"name": version}]}


def test_a_live_cluster_is_asked_in_one_group_only(api: FakeAPI, client: Client) -> None:
    for version in (V3, STORED):
        api.singles[f"/apis/{version}"] = served(version)
        api.objects[f"/apis/{version}/networkpolicies"] = [calico("NetworkPolicy", "a", version, "shop")]
    listing = read_extension(client, NAME)
    assert [one.api_version for one in listing.objects if isinstance(one, CalicoNetworkPolicy)] == [V3]
    assert not any(STORED in path for _, path, *_ in api.requests)


def test_a_cluster_without_calico_misses_nothing(api: FakeAPI, client: Client) -> None:
    for version in (V3, STORED):
        api.refusals[f"/apis/{version}"] = status(404, "NotFound", "no")
    assert read_extension(client, NAME).unread == ()


def test_who_may_not_list_them_is_told_so(api: FakeAPI, client: Client) -> None:
    api.refusals[f"/apis/{V3}"] = status(404, "NotFound", "no")
    api.singles[f"/apis/{STORED}"] = served(STORED)
    api.refusals[f"/apis/{STORED}/networkpolicies"] = status(403, "Forbidden", "cannot list")
    assert read_extension(client, NAME).unread == (Unread(NAME, "", "cannot list"),)


def test_the_kinds_are_asked_for_as_calico_names_them() -> None:
    assert KINDS[NAME].path("shop") == f"/apis/{V3}/namespaces/shop/networkpolicies"
    assert KINDS["Tier"].path() == f"/apis/{V3}/tiers"
    assert KINDS["GlobalNetworkSet"].groups == ("projectcalico.org", "crd.projectcalico.org")
