"""The rights that `netdoctor rbac` prints."""

from __future__ import annotations

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.read import EXTENSION_KINDS, LISTED_KINDS, WELCOME_KINDS
from netdoctor.cluster.unsupported import OTHER_POLICIES
from netdoctor.probing.kube.rights import manifests


def rules(document: dict[str, object]) -> set[tuple[str, str, str]]:
    listed = document["rules"]
    assert isinstance(listed, list)
    return {(g, r, v) for rule in listed for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}


def test_every_kind_can_be_listed_and_nothing_written_in_the_cluster() -> None:
    [reading] = manifests([])
    kinds = (*LISTED_KINDS, *EXTENSION_KINDS, *WELCOME_KINDS, "ServiceAccount")
    listed = {(group, KINDS[name].plural, "list") for name in kinds for group in KINDS[name].groups}
    noticed = {(group, resource, "list") for group, resources in OTHER_POLICIES.items() for resource in resources}
    assert rules(reading) == listed | noticed | {("", "configmaps", "get")}
    assert not [rule for rule in reading["rules"] if "configmaps" in rule["resources"] and not rule["resourceNames"]]


def test_probing_is_allowed_in_the_namespaces_alone_and_attaching_only_when_asked() -> None:
    [_, shop, bank] = manifests(["shop", "bank"])
    assert [role["metadata"]["namespace"] for role in (shop, bank)] == ["shop", "bank"]
    assert ("", "pods", "create") in rules(shop)
    attaching = ("", "pods/ephemeralcontainers", "patch")
    assert attaching not in rules(shop)
    assert rules(manifests(["shop"], attach=True)[1]) == rules(shop) | {attaching}


def test_secrets_can_be_read_only_when_asked_and_one_by_one() -> None:
    assert not [one for one in rules(manifests(["shop"], attach=True)[1]) if one[1] == "secrets"]
    added = rules(manifests(["shop"], tls=True)[1]) - rules(manifests(["shop"])[1])
    issuing = {(kind.group, kind.plural, "list") for kind in KINDS.values() if kind.named and kind.extension}
    issuers = ("cert-manager.io", "clusterissuers", "list")
    assert added == {("", "secrets", "get")} | issuing - {issuers}
    assert rules(manifests([], tls=True)[0]) - rules(manifests([])[0]) == {issuers}


def test_bindings_name_the_subject() -> None:
    subject = {"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}
    made = manifests(["shop"], subject=subject)
    assert [document["kind"] for document in made] == ["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"]
    for role, binding in zip(made[:2], made[2:], strict=True):
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["metadata"].get("namespace") == role["metadata"].get("namespace")
        assert binding["subjects"] == [subject]


def test_bindings_of_two_subjects_stand_side_by_side() -> None:
    subjects = ({"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "namespace": "ci", "name": "jane"})
    names = [document["metadata"]["name"] for s in subjects for document in manifests([], subject=s)[1:]]
    assert names == ["netdoctor-read:jane", "netdoctor-read:ci-jane"]
