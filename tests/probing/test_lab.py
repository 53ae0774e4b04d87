"""Probes in a lab that runs: what comes back, from where, and what is left."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netdoctor.lab.client import Lab
from netdoctor.model.errors import AccessError
from netdoctor.model.probe import Observed, Outcome, Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.lab import LabProber
from netdoctor.probing.prober import ProbeRun
from tests.lab.builders import pod, service
from tests.lab.living import inside, lab_of, written

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
WEB = ObjectRef("Pod", "web", "shop")
ONLY_FRIENDS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"friend": "yes"}}}]}],
    },
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server that only pods with the label friend=yes reach."""
    documents = [SHOP, pod("web", labels={"app": "web"}), service("web"), ONLY_FRIENDS]
    with lab_of(written(tmp_path_factory.mktemp("lab"), *documents)) as running:
        yield running


def source(name: str, *probes: Probe, **position: object) -> ProbePod:
    return ProbePod(Position(name, Role.SOURCE, "shop", **position), probes)  # type: ignore[arg-type]


def run(lab: Lab, *pods: ProbePod) -> ProbeRun:
    return LabProber(lab).run(pods, lambda _: None)


def connect(lab: Lab, name: str, port: int = 8080) -> Probe:
    address = lab.objects()[0]["Pod", "shop", "web"]["status"]["podIP"]
    return Probe(name, ProbeKind.TCP, host=address, port=port, timeout=0.3, attempts=1, delay=30.0)


def test_each_position_probes_as_who_it_is_and_where(lab: Lab) -> None:
    result = run(
        lab,
        source("friend", connect(lab, "friend-1"), connect(lab, "friend-2", 9), labels={"friend": "yes"}),
        source("stranger", connect(lab, "stranger-1"), node="worker-2"),
        source("server", Probe("server-1", ProbeKind.SOCKETS), attach_to=WEB),
    )
    seen = {observed.id: observed for observed in result.observed}
    assert {name: observed.outcome for name, observed in seen.items()} == {
        "friend-1": Outcome.OK,
        "friend-2": Outcome.REFUSED,
        "stranger-1": Outcome.TIMEOUT,
        "server-1": Outcome.OK,
    }
    assert result.not_tested == ()
    assert seen["stranger-1"].node == "worker-2"
    assert len({_address(seen[name]) for name in ("friend-1", "stranger-1")}) == 2
    assert "8080" in str(seen["server-1"].observation.detail)


def _address(observed: Observed) -> str:
    assert observed.pod_ip is not None
    return observed.pod_ip


def test_names_are_looked_up_by_the_dns_policy_of_the_position(lab: Lab) -> None:
    lookup = Probe("", ProbeKind.LOOKUP, name="web", timeout=1.0)
    result = run(
        lab,
        source("pod", _called(lookup, "pod")),
        source("node", _called(lookup, "node"), dns_policy="Default"),
    )
    seen = {observed.id: observed.observation for observed in result.observed}
    vip = lab.objects()[0]["Service", "shop", "web"]["spec"]["clusterIP"]
    assert vip in str(seen["pod"].detail)
    assert seen["node"].outcome is not Outcome.OK


def _called(probe: Probe, name: str) -> Probe:
    return Probe(name, probe.kind, name=probe.name, timeout=probe.timeout)


def test_a_plan_that_the_agent_refuses_is_not_tested_in_its_own_words(lab: Lab) -> None:
    result = run(lab, source("a", connect(lab, "a-1"), connect(lab, "a-2", 99999)), source("b", connect(lab, "b-1")))
    (not_tested,) = result.not_tested
    assert not_tested.what == "2 of 2 probes from a"
    assert "out of range" in not_tested.because
    assert [observed.id for observed in result.observed] == ["b-1"]


def test_nothing_is_left_of_a_run_even_of_one_that_fails(lab: Lab) -> None:
    def links() -> list[list[str]]:
        nodes = (lab.place("node", name=name) for name in lab.nodes)
        return [inside(lab, node, lambda: sorted(name for _, name in socket.if_nameindex())) for node in nodes]

    before = links()
    run(lab, source("a", connect(lab, "a-1")))
    assert links() == before
    with pytest.raises(AccessError, match="no node nowhere"):
        run(lab, source("a", connect(lab, "a-1")), source("b", connect(lab, "b-1"), node="nowhere"))
    assert links() == before
