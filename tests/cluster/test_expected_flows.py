"""Files of expected flows: their forms, and what is wrong with them in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cluster.expected_flows import ExpectedFlow, load_expected
from netdoctor.cluster.snapshot import Origin
from netdoctor.model.errors import InputError


def _load(tmp_path: Path, text: str, name: str = "flows.yaml") -> tuple[ExpectedFlow, ...]:
    file = tmp_path / name
    file.write_text(text)
    return load_expected([str(file)])


def test_documents_of_both_forms(tmp_path: Path) -> None:
    text = """\
namespace: shop
flows:
- {from: deploy/web, to: svc/pg, expect: allow, name: the shop reads, because: it sells}
---
- from: external
  to: svc/pg
  port: 5432
  expect: deny
"""
    file = str(tmp_path / "flows.yaml")
    named, listed = _load(tmp_path, text)
    assert named == ExpectedFlow(
        "deploy/web", "svc/pg", True, "shop", Origin(file, 3), "the shop reads", because="it sells"
    )
    assert listed == ExpectedFlow("external", "svc/pg:5432", False, "", Origin(file, 5))


def test_json_with_tabs(tmp_path: Path) -> None:
    text = '{\n\t"flows": [\n\t\t{"from": "pod/a",\n\t\t "to": "pod/b", "port": "http", "expect": "deny"}\n\t]\n}\n'
    (flow,) = _load(tmp_path, text, "flows.json")
    assert (flow.destination, flow.origin) == ("pod/b:http", Origin(str(tmp_path / "flows.json"), 3))


@pytest.mark.parametrize(
    ("fields", "destination"),
    [
        ("to: pod/b, port: 80", "pod/b:80"),
        ("to: pod/b, port: 53, protocol: udp", "pod/b:53/UDP"),
        ("to: pod/b, protocol: SCTP", "pod/b/SCTP"),
        ("to: 'svc/b:80/UDP'", "svc/b:80/UDP"),
        ("to: 10.0.0.1, port: 80", "10.0.0.1:80"),
        ("to: '2001:db8::1', port: 80", "[2001:db8::1]:80"),
        ("to: '[2001:db8::1]', port: 80", "[2001:db8::1]:80"),
    ],
)
def test_port_and_protocol_beside_the_destination(tmp_path: Path, fields: str, destination: str) -> None:
    (flow,) = _load(tmp_path, f"- {{from: pod/a, {fields}, expect: allow}}")
    assert flow.destination == destination


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("flows:\n- from: pod/a\n  expect: deny\n", 2, "to is missing"),
        ("flows:\n- to: pod/a\n  expect: deny\n", 2, "from is missing"),
        ("flows:\n- from: pod/a\n  to: pod/b\n", 2, "expect is missing"),
        ("flows:\n- from: pod/a\n  to: pod/b\n  expect: denied\n", 4, "expect must be allow or deny, not 'denied'"),
        ("flows:\n- from: pod/a\n  to: pod/b\n  expect: yes\n", 4, "expect must be text, not True"),
        ("flows:\n- from: pod/a\n  to: pod/b\n  ports: 80\n  expect: deny\n", 4, "unknown key 'ports'"),
        ("flows:\n- from: pod/a\n  to: pod/b\n  port: [80]\n  expect: deny\n", 4, "port must be a number or a name"),
        ("flows:\n- from: pod/a\n  to: pod/b\n  port: true\n  expect: deny\n", 4, "port must be a number or a name"),
        (
            "flows:\n- from: pod/a\n  to: pod/b:80\n  port: 80\n  expect: deny\n",
            4,
            "to (pod/b:80) names a port already",
        ),
        (
            "flows:\n- from: pod/a\n  to: pod/b\n  protocol: ICMP\n  expect: deny\n",
            4,
            "protocol must be TCP, UDP or SCTP",
        ),
        ("flows:\n- from: [pod/a]\n  to: pod/b\n  expect: deny\n", 2, "from must be text"),
        ("- pod/a\n", 1, "a flow must be a mapping"),
        ("flows: {}\n", 1, "flows must be a list"),
        ("namespace: shop\nflow: []\n", 2, "unknown key 'flow'"),
        ("namespace: 7\nflows: []\n", 1, "namespace must be text"),
        ("---\n---\njust text\n", 3, "neither a list of flows nor a mapping"),
        ("flows:\n- {from: pod/a\n", 3, ""),
        ("flows:\n- from: a\x01\n", 2, "neither YAML nor JSON"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as raised:
        _load(tmp_path, text)
    assert raised.value.what.startswith(f"{tmp_path / 'flows.yaml'}:{line}: {said}")
    assert "\n" not in raised.value.what


@pytest.mark.parametrize("text", ["", "flows: []\n", "---\n"])
def test_a_file_without_flows_expects_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="no expected flow"):
        _load(tmp_path, text)


def test_directories_and_files_that_do_not_exist(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- {from: pod/a, to: pod/b, expect: allow}")
    (tmp_path / "b.yml").write_text("- {from: pod/c, to: pod/d, expect: allow}")
    assert [flow.source for flow in load_expected([str(tmp_path)])] == ["pod/a", "pod/c"]
    with pytest.raises(InputError, match="No such file"):
        load_expected([str(tmp_path / "none.yaml")])
