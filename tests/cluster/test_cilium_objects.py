"""Cilium's objects as they are read: what is missing, what is empty, and what holds an empty element stay apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cluster.cilium_objects import (
    CiliumCIDRGroup,
    CiliumEndpoint,
    CiliumIdentity,
    CiliumNetworkPolicy,
    CiliumRule,
)
from netdoctor.cluster.files import load
from netdoctor.cluster.objects import LabelSelector
from netdoctor.model.refs import ObjectRef

HEAD = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\n"


def policy(text: str, tmp_path: Path) -> CiliumNetworkPolicy:
    (tmp_path / "f.yaml").write_text(HEAD + text)
    (found,) = load([str(tmp_path / "f.yaml")]).cilium_network_policies
    return found


def rule(text: str, tmp_path: Path) -> CiliumRule:
    spec = policy(f"spec: {text}\n", tmp_path).spec
    assert spec is not None
    return spec


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("{}", None),
        ("{ingress: null}", None),
        ("{ingress: []}", ()),
        ("{ingress: [{}]}", (None,)),
        ("{ingress: [null]}", (None,)),
        ("{ingress: [{fromEndpoints: null}]}", (None,)),
        ("{ingress: [{fromEndpoints: []}]}", (0,)),
        ("{ingress: [{fromEndpoints: [{}]}, {fromEndpoints: [null]}]}", (1, 1)),
    ],
)
def test_null_and_the_empty_list_and_an_empty_element_are_three_things(
    text: str, lengths: tuple[int | None, ...] | None, tmp_path: Path
) -> None:
    found = rule(text, tmp_path).ingress
    if found is None:
        assert lengths is None
        return
    peers = [one.from_endpoints for one in found]
    assert tuple(None if one is None else len(one) for one in peers) == lengths
    assert all(one == LabelSelector() for each in peers for one in each or ())


def test_spec_and_specs_are_both_read_and_both_may_be_missing(tmp_path: Path) -> None:
    both = policy("spec: {endpointSelector: {}}\nspecs: [{nodeSelector: {}}]\n", tmp_path)
    assert both.spec == CiliumRule(endpoint_selector=LabelSelector())
    assert both.specs == (CiliumRule(node_selector=LabelSelector()),)
    neither = policy("", tmp_path)
    assert (neither.spec, neither.specs) == (None, None)


def test_a_policy_from_a_file_has_its_line_and_a_misspelt_field_is_found(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(f"# one\n{HEAD}spec:\n  endpointSelector: {{}}\n  ingres: []\n")
    snapshot = load([str(tmp_path / "f.yaml")])
    ref = ObjectRef("CiliumNetworkPolicy", "p", "shop")
    assert snapshot.origins[ref].line == 2
    assert [(one.path, one.meant) for one in snapshot.unknown_fields[ref]] == [("spec.ingres", "ingress")]


def test_groups_endpoints_and_identities(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(
        """\
apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: partners, namespace: ignored}
spec: {externalCIDRs: [203.0.113.0/24]}
---
apiVersion: cilium.io/v2
kind: CiliumEndpoint
metadata: {name: web-1, namespace: shop}
status: {state: ready, identity: {id: 42}}
---
apiVersion: cilium.io/v2
kind: CiliumEndpoint
metadata: {name: web-2, namespace: shop}
status: {identity: {id: soon}}
---
apiVersion: cilium.io/v2
kind: CiliumIdentity
metadata: {name: "42"}
security-labels: {"k8s:app": web}
"""
    )
    snapshot = load([str(tmp_path / "f.yaml")])
    (group,) = snapshot.cilium_cidr_groups
    assert isinstance(group, CiliumCIDRGroup)
    assert (group.spec.external_cidrs, group.namespace) == (("203.0.113.0/24",), "")
    states = {one.name: (one.state, one.identity) for one in snapshot.cilium_endpoints}
    assert states == {"web-1": ("ready", 42), "web-2": ("", None)}
    (identity,) = snapshot.cilium_identities
    assert isinstance(identity, CiliumIdentity)
    assert identity.security_labels == {"k8s:app": "web"}
    assert isinstance(snapshot.get("CiliumEndpoint", "shop", "web-1"), CiliumEndpoint)
