"""What a client outside the cluster may ask for, and who it is to pods."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.model.errors import InputError
from netdoctor.path.path import build_path
from netdoctor.path.source import SourceKind
from tests.diagnosis.builders import api, cluster

PORT = {"port": 80, "targetPort": 8080, "nodePort": 30080}


def path_of(target: str = "svc/api", **spec: Any) -> Any:
    return build_path(cluster(api(PORT, **spec)), target, "outside", "shop")


def test_no_name_is_asked_for() -> None:
    path = path_of(type="NodePort")
    assert path.source.kind is SourceKind.OUTSIDE
    assert path.dns.name == ""


def test_pods_see_the_node_by_which_it_came_in() -> None:
    assert path_of(type="NodePort").source.endpoint.name == "worker-2"


def test_pods_see_the_client_itself_under_local() -> None:
    endpoint = path_of(type="NodePort", externalTrafficPolicy="Local").source.endpoint
    assert (endpoint.kind, endpoint.ips) == ("ip", ())


@pytest.mark.parametrize(
    ("target", "spec", "why"),
    [
        ("svc/api", {}, "is of type ClusterIP, which nobody outside the cluster reaches"),
        ("pod/api-1:8080", {}, "has no address outside the cluster"),
        ("example.com:443", {}, "has no address outside the cluster"),
    ],
)
def test_what_nobody_outside_reaches(target: str, spec: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        path_of(target, **spec)


def test_an_address_may_be_asked_for() -> None:
    assert path_of("192.0.2.1:80").routes[0].port == 80


def test_a_service_that_does_not_exist_is_no_matter_of_where_one_asks() -> None:
    assert path_of("svc/none").target.service is None
