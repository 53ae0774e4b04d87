"""NodePorts that kube-proxy has not opened at a node."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.node_ports_closed import NodePortOutOfReach
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    codes,
    examine,
    found,
    manifest,
    pod,
    refs,
    ruled_out,
    sees,
)

PORT = {"port": 80, "targetPort": 8080, "nodePort": 30080}


def at(node: str, outcome: Outcome) -> See:
    """The NodePort at one node ends so; nothing else is amiss."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        here = aimed.aim is Aim.NODE_PORT and aimed.entrance is not None and aimed.entrance.node == node
        return outcome if here else Outcome.OK

    return see


def proxies(*ready: bool, config: str = "mode: iptables\n") -> list[Manifest]:
    """kube-proxy with a pod on worker-1, worker-2, …, and its configuration."""
    labels = {"k8s-app": "kube-proxy"}
    made = [
        pod(f"kube-proxy-{n}", f"172.18.0.{n}", labels, node=f"worker-{n}", ready=one, spec={"hostNetwork": True})
        for n, one in enumerate(ready, 1)
    ]
    made += [
        manifest("DaemonSet", "kube-proxy", "apps/v1", spec={"template": {"metadata": {"labels": labels}}}),
        manifest("ConfigMap", "kube-proxy", data={"config.conf": config}),
    ]
    for item in made:
        item["metadata"]["namespace"] = "kube-system"
    return made


def node_port(*others: list[Manifest]) -> list[Manifest]:
    return [*api(PORT, type="NodePort"), *(item for made in others for item in made)]


REFUSES = at("worker-2", Outcome.REFUSED)


@pytest.mark.parametrize("source", [None, "outside"])
def test_kube_proxy_is_down_on_a_node(source: str | None) -> None:
    case = examine(cluster(node_port(proxies(True, False))), "svc/api", REFUSES, source=source)
    one = found(NodePortOutOfReach, case)
    assert one.finding.title == "worker-2 refuses NodePort 30080/TCP: kube-proxy is not Ready on worker-2"
    assert refs(one) == ["Pod kube-system/kube-proxy-2"]
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["NodePortOutOfReach"]


def test_kube_proxy_does_not_run_on_a_node() -> None:
    one = found(NodePortOutOfReach, examine(cluster(node_port(proxies(True))), "svc/api", REFUSES))
    assert one.finding.title.endswith("kube-proxy does not run on worker-2")
    assert refs(one) == ["DaemonSet kube-system/kube-proxy"]


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("nodePortAddresses: [172.18.0.1/32, 10.0.0.0/8]\n", True),
        ("nodePortAddresses:\n- 172.18.0.1/32\n- 10.0.0.0/8\nmode: iptables\n", True),
        ("nodePortAddresses: [172.18.0.0/16]\n", False),
        ("nodePortAddresses:\n  - primary\n", False),
        ("nodePortAddresses: null\n", False),
    ],
)
def test_the_addresses_at_which_kube_proxy_opens_node_ports(config: str, named: bool) -> None:
    case = examine(cluster(node_port(proxies(True, True, config=config))), "svc/api", REFUSES)
    one = found(NodePortOutOfReach, case)
    if named:
        assert one.finding.title.endswith("nodePortAddresses has 172.18.0.1/32, 10.0.0.0/8 only")
        assert refs(one) == ["ConfigMap kube-system/kube-proxy data[config.conf]"]
        assert one.finding.certainty is Certainty.CERTAIN
    else:
        assert refs(one) == ["Node worker-2"]
        assert one.finding.certainty is Certainty.LIKELY


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.REJECTED])
def test_silence_and_rejection_are_a_firewalls(outcome: Outcome) -> None:
    case = examine(cluster(node_port(proxies(True, True))), "svc/api", at("worker-2", outcome))
    assert ruled_out(NodePortOutOfReach, case) == "no node refuses the NodePort"
    assert codes(case) == ["NodePortBlocked"]


def test_where_every_pod_refuses_the_node_ports_are_open() -> None:
    refused = sees(
        VIP=Outcome.REFUSED,
        BACKEND=Outcome.REFUSED,
        NODE_PORT=Outcome.REFUSED,
        OTHER_PROTOCOL=Outcome.TIMEOUT,
    )
    case = examine(cluster(node_port(proxies(True, True))), "svc/api", refused)
    assert NodePortOutOfReach().examine(case) is None
    assert "NodePortOutOfReach" not in codes(case)


def test_a_node_without_any_translation_is_a_broken_proxy() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        there = aimed.aim is Aim.VIP and position.node == "worker-2"
        return Outcome.TIMEOUT if there else REFUSES(aimed, probe, position)

    case = examine(cluster(node_port(proxies(True, False))), "svc/api", see)
    assert codes(case) == ["ServiceProxyBroken"]
