"""A part of a cluster: what is in it, and that it does not count as the whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from netdoctor.cluster.excerpt import excerpt
from netdoctor.cluster.objects import Namespace, Node, Object, ObjectMeta, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef


def cluster(*objects: Object) -> Snapshot:
    namespaces = [Namespace(metadata=ObjectMeta(name=name)) for name in ("shop", "db", "kube-system")]
    pods = [Pod(metadata=ObjectMeta(name="p", namespace=one.name)) for one in namespaces]
    policies = (ObjectRef("CiliumNetworkPolicy", "x", "db"), ObjectRef("GlobalNetworkPolicy", "y"))
    node = Node(metadata=ObjectMeta(name="n"))
    return Snapshot.of(
        (*namespaces, *pods, node), source="test", taken_at=datetime.now(UTC), unsupported_policies=policies
    )


def test_it_holds_the_namespace_the_system_and_what_is_in_none() -> None:
    part = excerpt(cluster(), "shop")
    assert [pod.namespace for pod in part.pods] == ["shop", "kube-system"]
    assert len(part.namespaces) == 3
    assert len(part.nodes) == 1
    assert part.unsupported_policies == (ObjectRef("GlobalNetworkPolicy", "y"),)


def test_the_rest_counts_as_not_read() -> None:
    part = excerpt(cluster(), "shop")
    assert part.was_read("Pod", "shop")
    assert part.was_read("NetworkPolicy", "kube-system")
    assert not part.was_read("Pod", "db")
    assert part.was_read("Node")


def test_a_namespace_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="no namespace shpo"):
        excerpt(cluster(), "shpo")
