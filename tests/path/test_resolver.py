"""The resolv.conf that kubelet writes ("DNS for Services and Pods")."""

import msgspec
import pytest

from netdoctor.cluster.objects import PodSpec
from netdoctor.path.resolver import Resolver, resolver_of

VIP = "10.96.0.10"
SEARCH = ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local")
NODES_OWN = Resolver(None, None, None)


def resolver(**spec: object) -> Resolver:
    return resolver_of(msgspec.convert(spec, PodSpec), "shop", "cluster.local", (VIP,))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, Resolver((VIP,), SEARCH, 5)),
        ({"dnsPolicy": "Default"}, NODES_OWN),
        ({"hostNetwork": True}, NODES_OWN),  # kubernetes/kubernetes#35761
        ({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}, Resolver((VIP,), SEARCH, 5)),
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["9.9.9.9"]}}, Resolver(("9.9.9.9",), (), 1)),
        (
            {"dnsConfig": {"nameservers": ["1.1.1.1", VIP, "2.2.2.2", "3.3.3.3"], "searches": ["example.org"]}},
            Resolver((VIP, "1.1.1.1", "2.2.2.2"), (*SEARCH, "example.org"), 5),
        ),
        ({"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}}, Resolver((VIP,), SEARCH, 2)),
        ({"dnsConfig": {"options": [{"name": "ndots", "value": "99"}]}}, Resolver((VIP,), SEARCH, 15)),
    ],
)
def test_policy_and_config_make_the_file(spec: dict[str, object], expected: Resolver) -> None:
    assert resolver(**spec) == expected


def test_only_the_first_nameserver_decides() -> None:
    servers = frozenset({VIP})
    assert Resolver((VIP, "9.9.9.9"), (), 1).asks(servers)
    assert not Resolver(("9.9.9.9", VIP), (), 1).asks(servers)
    assert not Resolver((), (), 1).asks(servers)
    assert not NODES_OWN.asks(servers)
