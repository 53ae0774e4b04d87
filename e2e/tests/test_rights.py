"""`netdoctor check` under Pod Security *restricted*, as users with what `netdoctor rbac` prints, and with less."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.runner.access import Access
from e2e.tests.conftest import Document, Place, namespace
from netdoctor.probing.kube.rights import PROBING, READING, Right
from netdoctor.scenarios.ask import NETDOCTOR

SIDE_BY_SIDE = 3
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
# A DaemonSet as the source needs every right: its stand-in must be kept from being adopted.
CHECK = ("check", "svc/web", "--from", "ds/client", "-o", "json")


def _workload(kind: str, name: str, *args: str) -> Document:
    probed = {"readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1}} if args else {}
    container = {
        "name": "app",
        "image": "netdoctor.dev/testapp:1",
        "args": [*args] or ["sleep"],
        "securityContext": RESTRICTED,
        **probed,
    }
    labels = {"app": name}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    selector = {"matchLabels": labels}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": selector, "template": template},
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
}


class Users:
    """Makes users with the rights that `netdoctor rbac` prints, all or all but one."""

    def __init__(self, place: Place, files: Path) -> None:
        self.place = place
        self._files = files
        view = place.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
        self._config: Document = json.loads(view)
        self.made: list[str] = []

    def user(self, name: str, without: tuple[Right, str, str] | None) -> Path:
        """The kubeconfig of a new user, who lacks one verb on one resource."""
        where = f"{self.place.namespace}:{name}"
        argv = [*NETDOCTOR, "rbac", "-n", self.place.namespace, "--service-account", where, "-o", "json"]
        printed = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)["items"]
        own = f"{self.place.namespace}-{name}"
        for document in printed:
            document["metadata"]["name"] = own
            if "roleRef" in document:
                document["roleRef"]["name"] = own
            elif without:
                document["rules"] = [left for rule in document["rules"] for left in _without(rule, *without)]
        self.made.append(own)
        self.place.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}, *printed)
        token = self.place.kubectl("create", "token", name).strip()
        context = {**self._config["contexts"][0]["context"], "namespace": self.place.namespace}
        config = {
            **self._config,
            "contexts": [{**self._config["contexts"][0], "context": context}],
            "users": [{**self._config["users"][0], "user": {"token": token}}],
        }
        file = self._files / name
        file.write_text(json.dumps(config))
        return file

    def check(self, kubeconfig: Path) -> subprocess.CompletedProcess[str]:
        """One check as a user."""
        argv = [*NETDOCTOR, *CHECK, "--kubeconfig", str(kubeconfig)]
        return subprocess.run(self.place.access.command(argv), capture_output=True, text=True, timeout=180, check=False)


def _without(rule: Document, right: Right, resource: str, verb: str) -> Iterator[Document]:
    """What is left of a rule; the rights of `netdoctor clean` would make up for some of those of `check`."""
    for one in rule["resources"]:
        missing = one == resource and rule["apiGroups"] == [right.group]
        verbs = [other for other in rule["verbs"] if not (missing and other == verb)]
        if verbs:
            yield {**rule, "resources": [one], "verbs": verbs}


SINGLE = [
    (right, resource, verb) for right in (*READING, *PROBING) for resource in right.resources for verb in right.verbs
]
Checked = dict[str, "Future[subprocess.CompletedProcess[str]]"]


def _id(single: tuple[Right, str, str]) -> str:
    return f"{single[1].replace('/', '-')}-{single[2]}"


@pytest.fixture(scope="module")
def checked(
    request: pytest.FixtureRequest, access: Access, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checked]:
    """Checks as users of which each lacks one right; `all` lacks none."""
    with namespace(access) as place, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        place.kubectl("label", "namespace", place.namespace, "pod-security.kubernetes.io/enforce=restricted")
        place.apply(_workload("Deployment", "web", "http:8080"), _workload("DaemonSet", "client"), SERVICE)
        for workload in ("deployment/web", "daemonset/client"):
            place.kubectl("rollout", "status", workload, "--timeout=100s")
        users = Users(place, tmp_path_factory.mktemp("users"))
        selected = " ".join(item.name for item in request.session.items)
        wanted = [single for single in SINGLE if f"[{_id(single)}]" in selected]
        files = {"all": users.user("all", None), **{_id(single): users.user(_id(single), single) for single in wanted}}
        try:
            yield {name: pool.submit(users.check, file) for name, file in files.items()}
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            place.kubectl("delete", "clusterrole,clusterrolebinding", *users.made)


def test_the_rights_that_are_printed_suffice(checked: Checked) -> None:
    """Under Pod Security restricted."""
    ran = checked["all"].result()
    assert ran.returncode == 0, ran
    report = json.loads(ran.stdout)
    assert (report["verdict"], report["notTested"]) == ("Healthy", [])


@pytest.mark.parametrize("single", SINGLE, ids=_id)
def test_a_missing_right_is_said_in_words(checked: Checked, single: tuple[Right, str, str]) -> None:
    """With an exit code that says that not all was tested."""
    ran = checked[_id(single)].result()
    _, resource, verb = single
    assert ran.returncode in (3, 4), ran
    assert f'cannot {verb} resource \\"{resource}\\"' in ran.stdout + json.dumps(ran.stderr), ran
    assert "Traceback" not in ran.stderr
