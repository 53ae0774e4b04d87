from __future__ import annotations

import json

import pytest
import yaml

from netdoctor.cli.main import main

API_GROUP = "rbac.authorization.k8s.io"


def test_roles_alone_are_for_the_default_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rbac"]) == 0
    reading, probing = yaml.safe_load_all(capsys.readouterr().out)
    assert (reading["kind"], probing["kind"]) == ("ClusterRole", "Role")
    assert probing["metadata"]["namespace"] == "default"
    assert {verb for rule in reading["rules"] for verb in rule["verbs"]} <= {"get", "list"}
    assert "secrets" not in str((reading, probing))


@pytest.mark.parametrize(
    ("flags", "subject"),
    [
        (["--user", "jane"], {"apiGroup": API_GROUP, "kind": "User", "name": "jane"}),
        (["--group", "sre"], {"apiGroup": API_GROUP, "kind": "Group", "name": "sre"}),
        (["--service-account", "ops:bot"], {"kind": "ServiceAccount", "namespace": "ops", "name": "bot"}),
    ],
)
def test_roles_are_bound_to_the_subject(
    flags: list[str], subject: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rbac", "-n", "a", "-n", "b", "-o", "json", *flags]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["apiVersion"], document["kind"]) == ("v1", "List")  # or kubectl would not apply it
    bindings = [item for item in document["items"] if item["kind"].endswith("Binding")]
    assert [(item["kind"], item["metadata"].get("namespace")) for item in bindings] == [
        ("ClusterRoleBinding", None),
        ("RoleBinding", "a"),
        ("RoleBinding", "b"),
    ]
    assert all(item["subjects"] == [subject] for item in bindings)


def test_attach_asks_for_one_right_more(capsys: pytest.CaptureFixture[str]) -> None:
    main(["rbac"])
    without = capsys.readouterr().out
    main(["rbac", "--attach"])
    assert ("pods/ephemeralcontainers" in without, "pods/ephemeralcontainers" in capsys.readouterr().out) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--user", "a", "--group", "b"], "give only one of --user, --group and --service-account"),
        (["--service-account", "a"], "--service-account a: not NAMESPACE:NAME"),
        (["--service-account", "a:"], "--service-account a:: not NAMESPACE:NAME"),
    ],
)
def test_wrong_flags(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rbac", *flags]) == 2
    assert capsys.readouterr().err == f"netdoctor: {said}\n"
