from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.control.admission import admitted
from netdoctor.lab.objects import key_of
from netdoctor.model.errors import InputError
from tests.lab.builders import container, pod, service, workload


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "this is no Kubernetes object: it has no kind"),
        ({"kind": "Pod", "apiVersion": "v1", "metadata": []}, "Pod: metadata.name is missing"),
        (pod("Web"), "Pod Web: metadata.name is not a valid name"),
        (pod("../x"), "Pod ../x: metadata.name is not a valid name"),
        (service("1.2"), "Service 1.2: metadata.name is no DNS label"),
        ({**pod("web"), "spec": {}}, "Pod web: spec: object missing required field `containers`"),
        (pod("web", tolerations=["all"]), "Pod shop/web: spec.tolerations[0]: expected `object`, got `str`"),
        (pod("web", affinity={"nodeAffinity": 3}), "Pod web: spec.affinity.nodeAffinity: expected `object`, got `int`"),
        (
            pod("web", container("sleep", env=[{"value": "x"}])),
            "Pod web: spec.containers[0].env[0]: object missing required field `name`",
        ),
        (
            workload("Deployment", "web", selector={"matchLabels": {"app": "other"}}),
            "Deployment web: spec.selector does not match spec.template.metadata.labels",
        ),
        (workload("Deployment", "web", replicas=-1), "Deployment web: spec.replicas: expected `int` >= 0"),
        (
            workload("Deployment", "web", strategy={"rollingUpdate": {"maxSurge": "many"}}),
            "Deployment web: spec.strategy.rollingUpdate.maxSurge: expected `str` matching regex '^\\\\d{1,4}%$'",
        ),
        (service("web", {"port": "http"}), "Service shop/web: spec.ports[0].port: expected `int`, got `str`"),
    ],
)
def test_what_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        admitted(document)
    assert refused.value.what == said


def test_other_groups_kinds_of_the_same_name_are_left_out() -> None:
    assert admitted({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "web"}}) is None


@pytest.mark.parametrize("version", ["projectcalico.org/v3", "crd.projectcalico.org/v1"])
def test_a_plugins_policy_has_the_name_of_one_of_kubernetes(version: str) -> None:
    metadata = {"name": "web", "namespace": "shop"}
    own = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": {}}
    calico = admitted({**own, "apiVersion": version, "spec": {"selector": "all()"}})
    kubernetes = admitted(own)
    assert calico is not None
    assert kubernetes is not None
    assert calico["spec"] == {"selector": "all()"}
    assert key_of(calico) == ("NetworkPolicy.v3.projectcalico.org", "shop", "web")
    assert key_of(kubernetes) == ("NetworkPolicy", "shop", "web")


def test_null_is_missing_and_an_empty_string_in_labels() -> None:
    document = pod("web", nodeSelector={"disk": None}, tolerations=None)
    admission = admitted(document)
    assert admission is not None
    assert admission["spec"]["nodeSelector"] == {"disk": ""}
    assert [t["key"] for t in admission["spec"]["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]


def test_status_and_uid_are_not_the_users_to_give() -> None:
    document = pod("web")
    document["metadata"] |= {"uid": "1", "resourceVersion": "7"}
    admission = admitted({**document, "status": {"podIP": "10.0.0.1"}})
    assert admission is not None
    assert "status" not in admission
    assert {"uid", "resourceVersion"}.isdisjoint(admission["metadata"])


def test_a_document_is_not_changed() -> None:
    document = workload("Deployment", "web")
    copy = workload("Deployment", "web")
    admitted(document)
    assert document == copy
