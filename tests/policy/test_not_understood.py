"""Policies that are only half understood are never taken for ones that allow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from netdoctor.cli.main import main
from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Unread
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, pod_endpoint
from netdoctor.policy.profile import profile_for
from netdoctor.policy.verdict import FlowVerdict

PODS = "".join(
    f"---\nkind: Pod\napiVersion: v1\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}\n"
    for namespace, name in (("shop", "web"), ("shop", "api"), ("db", "pg"), ("db", "backup"))
)
POLICY = """\
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: p, namespace: db}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{}]
  egress: [{}]
"""
MISSPELT = POLICY.replace("ingress: [{}]", "ingres: [{}]")


def compiled(folder: Path, text: str) -> CompiledPolicies:
    (folder / "f.yaml").write_text(f"{text}{PODS}")
    return compile_policies(load([str(folder / "f.yaml")]))


def verdict(policies: CompiledPolicies, source: str, destination: str) -> FlowVerdict:
    pods = {f"{pod.namespace}/{pod.name}": pod_endpoint(pod, policies.snapshot) for pod in policies.snapshot.pods}
    return decide(policies, Flow(pods[source], pods[destination], "TCP", 80), profile_for("calico"))


def test_a_misspelt_field_is_a_problem_with_its_line_and_what_is_meant(tmp_path: Path) -> None:
    policies = compiled(tmp_path, MISSPELT)
    ref = ObjectRef("NetworkPolicy", "p", "db", "spec.ingres")
    text = f"there is no such field, in {tmp_path}/f.yaml:7; did you mean ingress?"
    assert policies.problems == ((ref, text),)


def test_and_leaves_open_what_the_policy_would_decide(tmp_path: Path) -> None:
    policies = compiled(tmp_path, MISSPELT)
    into, beside = verdict(policies, "shop/web", "db/pg"), verdict(policies, "shop/web", "shop/api")
    assert (into.allowed, beside.allowed) == (None, True)
    assert any("NetworkPolicy db/p spec.ingres is invalid" in text for text in into.assumptions)


def test_a_field_of_a_cluster_wide_policy(tmp_path: Path) -> None:
    text = """\
kind: AdminNetworkPolicy
apiVersion: policy.networking.k8s.io/v1alpha1
metadata: {name: a}
spec: {priority: 1, subject: {namespaces: {}}, egres: []}
"""
    policies = compiled(tmp_path, text)
    assert [ref.path for ref, _ in policies.problems] == ["spec.egres"]
    assert verdict(policies, "shop/web", "shop/api").allowed is None


OTHER = "kind: {}\napiVersion: {}\nmetadata: {{name: x, namespace: {}}}\nspec: {{}}\n---\n"


@pytest.mark.parametrize(
    ("kind", "version", "shown"),
    [
        ("CiliumNetworkPolicy", "cilium.io/v3", "CiliumNetworkPolicy.v3.cilium.io db/x"),
        ("NetworkPolicy", "crd.projectcalico.org/v2", "NetworkPolicy.v2.crd.projectcalico.org db/x"),
        ("NetworkPolicy", "networking.k8s.io/v2", "NetworkPolicy.v2.networking.k8s.io db/x"),
        ("NetworkPolicy", "''", "NetworkPolicy.? db/x"),
    ],
)
def test_a_namespaced_policy_of_another_kind_leaves_its_namespace_open(
    kind: str, version: str, shown: str, tmp_path: Path
) -> None:
    """Even what a NetworkPolicy allows: the other one may deny it."""
    policies = compiled(tmp_path, OTHER.format(kind, version, "db") + POLICY + "---\n")
    gap = f"{shown} ({tmp_path}/f.yaml:1) is not understood"
    assert (policies.not_known("db"), policies.not_known("shop")) == (gap, "")
    for source, destination in (("shop/web", "db/pg"), ("db/pg", "shop/web")):
        found = verdict(policies, source, destination)
        assert found.allowed is None
        assert gap in found.assumptions
    assert verdict(policies, "shop/web", "shop/api").allowed is True


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("CiliumClusterwideNetworkPolicy", "cilium.io/v3"),
        ("GlobalNetworkPolicy", "projectcalico.org/v4"),
        ("ClusterNetworkPolicy", "crd.antrea.io/v1beta1"),
        ("ClusterNetworkPolicy", "policy.networking.k8s.io/v1"),
    ],
)
def test_a_cluster_wide_policy_of_another_kind_leaves_everything_open(kind: str, version: str, tmp_path: Path) -> None:
    policies = compiled(tmp_path, OTHER.format(kind, version, "''"))
    assert policies.not_known("shop").endswith("is not understood")
    assert verdict(policies, "shop/web", "shop/api").allowed is None


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("StagedNetworkPolicy", "projectcalico.org/v3"),
        ("Tier", "projectcalico.org/v3"),
        ("AuthorizationPolicy", "security.istio.io/v1"),
        ("Secret", "v1"),
    ],
)
def test_what_filters_no_packets_leaves_nothing_open(kind: str, version: str, tmp_path: Path) -> None:
    policies = compiled(tmp_path, OTHER.format(kind, version, "db"))
    assert verdict(policies, "shop/web", "db/pg").allowed is True


@pytest.mark.parametrize("kind", ["CiliumNetworkPolicy", "NetworkPolicy.v1.crd.antrea.io"])
def test_what_may_not_be_listed_is_open_too(kind: str, tmp_path: Path) -> None:
    snapshot = compiled(tmp_path, POLICY).snapshot
    policies = compile_policies(replace(snapshot, unread=(Unread(kind, "", "forbidden", ("shop",)),)))
    assert verdict(policies, "shop/web", "shop/api").allowed is True
    assert verdict(policies, "shop/web", "db/pg").allowed is None
    assert policies.not_known("db") == f"it could not be read whether there is a {kind}"


@pytest.mark.parametrize(
    ("policy", "because"),
    [
        (MISSPELT, "NetworkPolicy db/p spec.ingres is invalid"),
        (OTHER.format("CiliumNetworkPolicy", "cilium.io/v2", "db"), "CiliumNetworkPolicy db/x"),
        (OTHER.format("GlobalNetworkPolicy", "projectcalico.org/v3", "''"), "GlobalNetworkPolicy x"),
    ],
)
def test_a_check_says_why_it_cannot_tell(
    policy: str, because: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = "---\nkind: Service\napiVersion: v1\nmetadata: {name: pg, namespace: db}\n"
    service += "spec: {selector: {app: pg}, clusterIP: 10.96.0.1, ports: [{port: 80}]}\n"
    file = tmp_path / "f.yaml"
    file.write_text(policy + PODS + service)
    main(["check", "svc/pg", "-n", "db", "--from", "pod/backup", "--snapshot", str(file), "-o", "json"])
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "Undetermined"
    assert any(because in untested["because"] for untested in report["notTested"])
