"""`netdoctor cni` over files: exit codes, formats, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from netdoctor.cli.main import main
from netdoctor.report.schema import schema
from tests.diagnosis.cni.clusters import Manifest, agents, calico, flannel, node, policy, pool

VXLAN = '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'
RIGHT = calico(pool("10.244.0.0/16", vxlanMode="CrossSubnet"))
WRONG = flannel(VXLAN, policy())


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, manifests: list[Manifest]) -> str:
    Path(name).write_text(yaml.safe_dump_all(manifests))
    return name


@pytest.mark.parametrize(
    ("manifests", "code", "said"),
    [
        (RIGHT, 0, "✓ calico nothing found"),
        (WRONG, 1, "✗ flannel 1 finding: PoliciesWithoutEffect"),
        ([node(1)], 4, "? unknown nothing found, 1 not judged"),
    ],
)
def test_exit_codes(manifests: list[Manifest], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cni", "-f", write("x.yaml", manifests)]) == code
    assert capsys.readouterr().out.startswith(f"{said}\n")


@pytest.mark.parametrize("manifests", [RIGHT, WRONG, [node(1)], [*RIGHT, *agents("kindnet", "x")]])
def test_the_document_is_as_its_schema_says(manifests: list[Manifest], capsys: pytest.CaptureFixture[str]) -> None:
    main(["cni", "--snapshot", write("x.yaml", manifests), "-o", "json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(schema("CNIReport")).validate(document)
    assert document["kind"] == "CNIReport"
    main(["cni", "-f", "x.yaml", "-o", "yaml"])
    assert yaml.safe_load(capsys.readouterr().out) == document


def test_text_and_markdown_tell_what_must_be_open_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    main(["cni", "-f", write("x.yaml", RIGHT)])
    text = " ".join(capsys.readouterr().out.split())
    assert "UDP 4789 (VXLAN): from every node to every node, packets of pods" in text
    assert "1450 = 1500 of the nodes (assumed) - 50" in text
    assert "VXLAN CrossSubnet VNI 4096, 50 bytes" in text
    main(["cni", "-f", "x.yaml", "-o", "markdown"])
    assert capsys.readouterr().out.startswith("### ✅ calico: nothing found\n")


def test_what_nodes_send_can_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    jumbo = calico(pool("10.244.0.0/16", ipipMode="Always"), veth_mtu="1500")
    assert main(["cni", "-f", write("x.yaml", jumbo), "-q"]) == 1
    assert "kubectl patch configmap/calico-config -n kube-system" in capsys.readouterr().out
    assert main(["cni", "-f", "x.yaml", "--node-mtu", "9001"]) == 0


def test_text_of_a_cluster_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = calico(pool("10.244.0.0/16", vxlanMode="CrossSubnet", blockSize=26), calico_backend="bird\x1b[2J\u202e")
    main(["cni", "-f", write("x.yaml", hostile)])
    assert not {"\x1b", "\u202e"} & {*capsys.readouterr().out}


@pytest.mark.parametrize(
    "arguments", [["-f", "none.yaml"], ["-f", "x.yaml", "--context", "c"], ["--node-mtu", "5"], ["-o", "html"]]
)
def test_a_wrong_command_line_is_2(arguments: list[str]) -> None:
    write("x.yaml", RIGHT)
    assert main(["cni", *arguments]) == 2
