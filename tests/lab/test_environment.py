from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.control.views import pod_spec
from netdoctor.lab.environment import arguments_of, environment_of
from tests.lab.builders import container, lab, one, pod


def from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


@pytest.mark.parametrize(
    ("argument", "filled"),
    [
        ("http:$(PORT)", "http:8080"),
        ("$(BOTH)", "shop:8080"),
        ("$$(PORT)", "$(PORT)"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$PORT", "$PORT"),
    ],
)
def test_variables_in_arguments(argument: str, filled: str) -> None:
    port = {"name": "PORT", "value": "8080"}
    env = [port, from_field("NS", "metadata.namespace"), {"name": "BOTH", "value": "$(NS):$(PORT)"}]
    web = one(lab(pod("web", container(argument, env=env))), "Pod")
    assert arguments_of(pod_spec(web).containers[0], web) == [filled]


def test_what_the_pod_does_not_say_is_left_out() -> None:
    secret = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "t", "optional": True}}}
    env = [secret, from_field("NODE", "spec.nodeName"), from_field("ODD", "metadata.labels['x']")]
    web = one(lab(pod("web", container("sleep", env=env))), "Pod")
    found = environment_of(pod_spec(web).containers[0], web)
    assert found == {"POD_NAME": "web", "NODE": web["spec"]["nodeName"]}
