"""From kubeconfig or service account to a client, and what is said where that fails."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest

from netdoctor.cluster import live
from netdoctor.cluster.live import connect
from netdoctor.model.errors import AccessError, InputError
from tests.cluster.fake_api import FakeAPI


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def test_context_namespace_and_server(api: FakeAPI, tmp_path: Path) -> None:
    client = connect(api.kubeconfig(tmp_path), None, 5)
    assert (client.context, client.namespace, client.server) == ("fake", "shop", api.url)


def test_kubeconfig_from_the_environment_may_be_many_files(
    api: FakeAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{api.kubeconfig(tmp_path)}")
    assert connect(None, "fake", 5).server == api.url


def test_no_kubeconfig_at_all() -> None:
    with pytest.raises(AccessError, match="there is no kubeconfig") as caught:
        connect(None, None, 5)
    assert "--snapshot" in caught.value.hint
    with pytest.raises(InputError, match="--context x: there is no kubeconfig"):
        connect(None, "x", 5)
    with pytest.raises(InputError, match="--kubeconfig nowhere: no such file"):
        connect("nowhere", None, 5)


def test_an_unknown_context(api: FakeAPI, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--context other: no such context") as caught:
        connect(api.kubeconfig(tmp_path), "other", 5)
    assert caught.value.why.endswith("kubeconfig has fake")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", r"kubeconfig .*:1: expected the node content"),
        ("hello", "this is no kubeconfig"),
        ("[]", "this is no kubeconfig"),
        ("", "this is no kubeconfig"),
        ("contexts: [{context: {}}]", "no usable current-context"),
        ("kind: Config", "no usable current-context"),
        ("current-context: a\ncontexts: [{name: a, context: {cluster: none}}]", "context a: .*none"),
        ("current-context: a\ncontexts: [{name: a}]", "context a: "),
    ],
)
def test_files_that_are_no_kubeconfig(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(content)
    with pytest.raises(InputError, match=message):
        connect(str(file), None, 5)


def test_impersonation(api: FakeAPI, tmp_path: Path) -> None:
    """Without it, netdoctor would act with the rights of the real user."""
    api.served.add("/x")
    connect(api.kubeconfig(tmp_path, **{"as": "viewer"}), None, 5).request("GET", "/x", query={"limit": 1})
    assert api.requests[0][3]["impersonate-user"] == "viewer"
    with pytest.raises(InputError, match="as-groups is not supported"):
        connect(api.kubeconfig(tmp_path, **{"as": "viewer", "as-groups": ["a"]}), None, 5)


def plugin(*command: str) -> dict[str, object]:
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": command[0], "args": list(command[1:])}


def test_a_credential_plugin_that_works(api: FakeAPI, tmp_path: Path) -> None:
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t0k"}}
    api.token = "t0k"
    api.served.add("/x")
    script = f"print({json.dumps(credential)!r})"
    client = connect(api.kubeconfig(tmp_path, exec=plugin(sys.executable, "-c", script)), None, 5)
    assert b"items" in client.request("GET", "/x", query={"limit": 1})


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((sys.executable, "-c", "import sys; sys.exit('session expired')"), "session expired"),
        (("no-such-plugin",), "no-such-plugin"),
        ((sys.executable, "-c", "print('no JSON')"), "failed to decode"),
    ],
)
def test_a_credential_plugin_that_fails(
    command: tuple[str, ...], why: str, api: FakeAPI, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AccessError, match="its credential plugin failed") as caught:
        connect(api.kubeconfig(tmp_path, exec=plugin(*command)), None, 5)
    assert why in caught.value.why
    assert capfd.readouterr().err == ""
    assert not any(handler.level == logging.ERROR for handler in logging.getLogger().handlers)


def test_the_service_account_of_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(live, "_SERVICE_ACCOUNT", tmp_path)
    with pytest.raises(AccessError, match="service account is not mounted"):
        connect(None, None, 5)
    for name, content in (("token", "t0k"), ("ca.crt", "PEM"), ("namespace", "tools\n")):
        (tmp_path / name).write_text(content)
    client = connect(None, None, 5)
    assert (client.context, client.namespace, client.server) == ("in-cluster", "tools", "https://[fd00::1]:443")
