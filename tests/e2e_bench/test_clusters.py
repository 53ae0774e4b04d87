"""The clusters of the benchmark are what they claim to be: of that size, the same each time, and valid."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.bench.clusters import Shape, cluster
from netdoctor.cli.main import main
from netdoctor.cluster.files import load
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.rules import BlockPeer, NamedPort, PodPeer, PortRange

SHAPE = Shape(pods=300, policies=120, wide=0.05)


def test_the_same_seed_gives_the_same_cluster() -> None:
    assert cluster(SHAPE).manifests == cluster(SHAPE).manifests
    assert cluster(SHAPE).manifests != cluster(Shape(300, 120, 0.05, seed=2)).manifests


def test_it_has_the_size_that_was_asked_for() -> None:
    kinds = Counter(manifest["kind"] for manifest in cluster(SHAPE).manifests)
    assert (kinds["Pod"], kinds["NetworkPolicy"], kinds["AdminNetworkPolicy"]) == (300, 114, 6)
    assert kinds["Deployment"] == kinds["Service"] > 0


def test_its_policies_are_valid_and_of_every_form(tmp_path: Path) -> None:
    made = cluster(SHAPE)
    file = tmp_path / "cluster.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": made.manifests}))
    policies = compile_policies(load([str(file)]))
    assert policies.problems == ()
    rules = [rule for same in policies.rulesets.values() for ruleset in same for rule in ruleset.rules]
    assert {PodPeer, BlockPeer} <= {type(peer) for rule in rules for peer in rule.peers}
    assert {PortRange, NamedPort} <= {type(port) for rule in rules for port in rule.ports}
    pod = policies.snapshot.pods[0]
    assert policies.snapshot.owner_of(pod).kind == "Deployment"
    assert main(["can", *made.denied, "--snapshot", str(file), "--cni", "calico"]) == 1


@pytest.mark.parametrize(
    ("plugin", "kind"), [("calico", "NetworkPolicy.v3.projectcalico.org"), ("cilium", "CiliumNetworkPolicy")]
)
def test_a_third_of_the_policies_can_be_of_a_network_plugin(plugin: str, kind: str, tmp_path: Path) -> None:
    made = cluster(replace(SHAPE, plugin=plugin))
    file = tmp_path / "cluster.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": made.manifests}))
    policies = compile_policies(load([str(file)]), cni=plugin)
    assert policies.problems == ()
    kinds = Counter(ref.kind for ref in {ruleset.policy for same in policies.rulesets.values() for ruleset in same})
    assert kinds[kind] == pytest.approx((kinds[kind] + kinds["NetworkPolicy"]) / 3, abs=2)
    assert policies.not_known(made.denied[1].partition(".")[2].partition(":")[0]) == ""
