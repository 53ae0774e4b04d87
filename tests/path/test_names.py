"""What a name means from where it is asked (resolv.conf(5), "DNS for Services and Pods")."""

import pytest

from netdoctor.path.names import ServiceName, candidates, search_list, service_of

SEARCH = search_list("shop", "cluster.local")


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("api", "api.shop.svc.cluster.local", 4),
        ("api.prod", "api.prod.shop.svc.cluster.local", 4),
        ("api.prod.svc.cluster.local", "api.prod.svc.cluster.local.shop.svc.cluster.local", 4),
        ("a.b.c.d.e.f", "a.b.c.d.e.f", 4),  # five dots: as it is first
        ("api.prod.", "api.prod", 1),  # a trailing dot: never the search list
    ],
)
def test_names_are_tried_in_the_order_of_glibc(name: str, first: str, count: int) -> None:
    tried = candidates(name, SEARCH)
    assert (tried[0], len(tried)) == (first, count)


def test_only_two_labels_under_svc_are_a_service() -> None:
    assert service_of("api.shop.svc.cluster.local", "cluster.local") == ServiceName("api", "shop")
    assert service_of("pod-0.api.shop.svc.cluster.local", "cluster.local") is None
    assert service_of("api.shop.svc.other.domain", "cluster.local") is None
