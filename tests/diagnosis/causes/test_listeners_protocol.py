"""A Service that speaks TCP where its pods speak UDP, and the other way round."""

from __future__ import annotations

from netdoctor.diagnosis.causes.listeners_protocol import ProtocolMismatch
from netdoctor.model.probe import Outcome, Position, Probe, ProbeKind
from netdoctor.model.report import Certainty
from netdoctor.probing.plan import Aimed
from tests.diagnosis.builders import (
    Manifest,
    Sight,
    api,
    cluster,
    codes,
    container,
    examine,
    found,
    pod,
    policy,
    refs,
    report,
    ruled_out,
    sees,
)


def speaking(served: str, wanted: str) -> list[Manifest]:
    """A Service of one protocol whose pod declares another."""
    one = (container("app", {"containerPort": 8080, "protocol": served}),)
    objects = api({"port": 53, "targetPort": 8080, "protocol": wanted}, containers=one)
    objects[-1]["ports"][0]["protocol"] = wanted
    return objects


def test_tcp_is_refused_and_udp_answers() -> None:
    case = examine(cluster(speaking("UDP", "TCP")), "svc/api", sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED))
    one = found(ProtocolMismatch, case)
    assert refs(one) == ["Service shop/api spec.ports[0].protocol"]
    assert one.finding.title == "Service shop/api speaks TCP on port 53, its pods speak UDP"
    assert "The container declares that port for UDP only." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.finding.fixes[0].patch == {"op": "replace", "path": "/spec/ports/0/protocol", "value": "UDP"}
    assert one.finding.fixes[0].command.startswith("kubectl patch service/api -n shop --type=json -p ")
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["ProtocolMismatch"]


def test_a_refusal_is_enough_without_a_declaration() -> None:
    undeclared = api(containers=(container(),))
    case = examine(cluster(undeclared), "svc/api", sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED))
    assert found(ProtocolMismatch, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["ProtocolMismatch"]


def test_udp_is_silent_and_only_tcp_is_declared() -> None:
    case = examine(cluster(speaking("TCP", "UDP")), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
    one = found(ProtocolMismatch, case)
    assert one.finding.title == "Service shop/api speaks UDP on port 53, its pods speak TCP"
    assert one.proven
    assert codes(case) == ["ProtocolMismatch"]


def test_silence_on_udp_proves_nothing_alone() -> None:
    both = container("app", {"containerPort": 8080, "protocol": "UDP"}, {"containerPort": 8080, "protocol": "TCP"})
    objects = api({"port": 53, "targetPort": 8080, "protocol": "UDP"}, containers=(both,))
    objects[-1]["ports"][0]["protocol"] = "UDP"
    case = examine(cluster(objects), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
    assert ProtocolMismatch().examine(case) is None
    assert codes(case) == []


def test_silence_is_never_certain() -> None:
    case = examine(cluster(speaking("TCP", "UDP")), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
    assert [one.certainty for one in report(case).causes] == [Certainty.LIKELY]


def by_both() -> list[Manifest]:
    """Port 53 of the Service by UDP and by TCP, as DNS has it; the container declares TCP alone."""
    ports = [{"name": name, "port": 53, "targetPort": 8080, "protocol": name.upper()} for name in ("udp", "tcp")]
    objects = api(*ports)
    objects[-1]["ports"] = [{"name": name, "port": 8080, "protocol": name.upper()} for name in ("udp", "tcp")]
    return objects


def test_a_port_of_both_protocols_may_be_silent_by_udp() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return Outcome.TIMEOUT if probe.kind is ProbeKind.UDP else Outcome.OK

    assert codes(examine(cluster(by_both()), "svc/api", see)) == []


def test_a_second_port_of_the_same_protocol_is_not_the_fix() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return Outcome.REFUSED if probe.kind is ProbeKind.UDP else Outcome.OK

    one = found(ProtocolMismatch, examine(cluster(by_both()), "svc/api", see))
    assert one.finding.fixes[0].patch == {"op": "remove", "path": "/spec/ports/0"}, "the API refuses two equal ports"


def test_what_a_policy_drops_has_no_other_protocol() -> None:
    only_udp = policy("api-in", {"app": "api"}, ingress=[{"ports": [{"port": 8080, "protocol": "UDP"}]}])
    case = examine(
        cluster(speaking("UDP", "TCP"), only_udp), "svc/api", sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT)
    )
    assert ProtocolMismatch().examine(case) is None


def test_protocols_are_ruled_out_by_an_answer() -> None:
    case = examine(cluster(api()), "svc/api", sees())
    assert ruled_out(ProtocolMismatch, case) == "the endpoints answer by the Service's protocol"


def test_protocols_of_pods_are_not_a_services() -> None:
    case = examine(cluster(pod("api-1", "10.244.1.5")), "pod/api-1:8080", sees(BACKEND=Outcome.REFUSED))
    assert ProtocolMismatch().examine(case) is None
