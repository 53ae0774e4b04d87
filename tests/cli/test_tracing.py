"""What `trace` refuses, before anything is sent."""

from __future__ import annotations

import pytest

from netdoctor.cli import tracing
from netdoctor.cli.main import main
from netdoctor.cli.reading import Cluster
from tests.diagnosis.builders import api, cluster
from tests.diagnosis.gateway_builders import edge, store, to
from tests.diagnosis.ingress_builders import backend, ingress, rule


@pytest.mark.parametrize("target", ["httproute/store", "gateway/edge", "ing/shop", "http://shop.example/"])
def test_a_way_through_a_proxy_is_no_single_one(
    target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ingress(rule("other.example", "/", "Prefix", backend("api", 80)))
    read = Cluster(cluster(api(), edge(), store(to("api")), shop))
    monkeypatch.setattr(tracing, "read_cluster", lambda *_: read)
    assert main(["trace", "deploy/api", target, "-n", "shop"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{target}: the way through an Ingress or a Gateway is no single one" in said.err
    assert "trace the Service behind it" in " ".join(said.err.split())
