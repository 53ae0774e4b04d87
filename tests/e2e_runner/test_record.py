"""What of the cluster's objects goes into a snapshot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from e2e.runner.access import Kubectl
from e2e.runner.record import record
from netdoctor.lab.scenario import Check, Scenario, Spec, documents

POD = {
    "kind": "Pod",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "1",
        "managedFields": [{}],
        "labels": {"env": "prod", "resources": "many"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "a"},
    },
    "spec": {"containers": [{"name": "c", "env": [{"name": "PASSWORD", "value": "secret"}], "args": ["sleep"]}]},
    "status": {},
}
OTHERS = [
    {"kind": "Namespace", "metadata": {"name": "other", "annotations": {"netdoctor.dev/e2e": ""}}},
    {"kind": "Namespace", "metadata": {"name": "shop", "annotations": {"netdoctor.dev/e2e": ""}}},
    {"kind": "Event", "type": "Normal", "metadata": {"name": "e", "namespace": "shop"}},
    {"kind": "Pod", "metadata": {"name": "etcd", "namespace": "kube-system", "labels": {"component": "etcd"}}},
]


class Printing(Kubectl):
    """A kubectl that prints the same objects whatever it is asked."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = objects

    def get(self, resources: str, *arguments: str) -> list[dict[str, Any]]:
        wanted = "nodes" in resources  # the first command of several
        return json.loads(json.dumps(self.objects)) if wanted else []


def recorded(directory: Path, objects: Sequence[dict[str, Any]]) -> str:
    spec = Spec(title="t", checks=(Check(command="check svc/a"),))
    scenario = Scenario(directory, spec, (("Namespace", "", "shop"),))
    record(scenario, Printing(*objects))
    return scenario.snapshot.read_text()


def test_noise_and_secrets_are_left_out_but_labels_are_the_users(tmp_path: Path) -> None:
    assert list(documents(recorded(tmp_path, [POD]))) == [
        {
            "kind": "Pod",
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "uid": "1",
                "labels": {"env": "prod", "resources": "many"},
                "annotations": {"team": "a"},
            },
            "spec": {"containers": [{"name": "c", "args": ["sleep"]}]},
            "status": {},
        }
    ]


def test_only_what_matters_to_the_scenario_in_a_fixed_order(tmp_path: Path) -> None:
    text = recorded(tmp_path, [POD, *OTHERS])
    assert [(d["kind"], d["metadata"]["name"]) for d in documents(text)] == [("Namespace", "shop"), ("Pod", "web")]
    assert text == recorded(tmp_path, [*reversed(OTHERS), POD])
