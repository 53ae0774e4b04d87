"""Clients that share an address, and Services that keep an address on one endpoint."""

from __future__ import annotations

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.affinity import SessionAffinitySkew
from netdoctor.model.probe import Observation, Outcome, Position, Probe, ProbeKind
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    See,
    Sight,
    cluster,
    endpoints,
    examine,
    found,
    pod,
    refs,
    report,
    ruled_out,
    sampled,
    service,
)

HTTP = {"name": "http", "port": 80, "targetPort": 8080}


def answers(**counts: int) -> See:
    """How many requests each pod answered; everything else passes."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is not Aim.ANSWERED_BY:
            return sampled()(aimed, probe, position)
        told = {name.replace("_", "-"): count for name, count in counts.items()}
        return Observation(
            probe.id, Outcome.OK, 0.01, detail={"tries": 10, "passed": 10, "outcomes": {"ok": 10}, "endpoints": told}
        )

    return see


def check(see: See, source: str = "node/worker-1", port: dict[str, object] = HTTP, affinity: str = "ClientIP") -> Case:
    addresses = ("10.244.1.5", "10.244.2.8", "10.244.2.9")
    pods = [pod(f"api-{n}", address) for n, address in enumerate(addresses, 1)]
    agents = [
        pod(f"agent-{n}", f"172.18.0.{n}", {"app": "agent"}, node="worker-1", spec={"hostNetwork": True})
        for n in (1, 2)
    ]
    client = pod("client", "10.244.1.77", {"app": "client"})
    listed = endpoints("api", *addresses, port_name="http")
    return examine(
        cluster(service("api", port, sessionAffinity=affinity), pods, agents, client, listed),
        "svc/api",
        see,
        source=source,
    )


def test_all_who_share_a_nodes_address_use_one_endpoint() -> None:
    case = check(answers(api_1=10))
    one = found(SessionAffinitySkew, case)
    assert one.warning
    assert one.finding.title == "all clients in the network of worker-1 use one of 3 endpoints of Service shop/api"
    assert "10 of 10 requests were answered by api-1" in one.finding.explanation
    assert "in 1 of 1.97e+04 cases" in one.finding.explanation  # 3 * (1/3)^10
    assert "that of 2 pods" in one.finding.explanation
    assert refs(one) == ["Service shop/api spec.sessionAffinity"]
    assert one.finding.certainty is Certainty.CERTAIN
    told = report(case)
    assert (told.verdict, [w.code for w in told.warnings]) == (Verdict.HEALTHY, ["SessionAffinitySkew"])


def test_two_requests_to_one_endpoint_are_chance() -> None:
    assert ruled_out(SessionAffinitySkew, check(answers(api_1=2))) == (
        "2 of 2 requests were answered by api-1, which chance alone does in 1 of 3 cases"
    )


def test_one_client_is_meant_to_be_kept() -> None:
    assert "is meant to be kept" in ruled_out(SessionAffinitySkew, check(answers(api_1=10), source="pod/client"))


def test_answers_that_name_nobody_tell_nothing() -> None:
    assert SessionAffinitySkew().examine(check(answers())) is None


def test_only_http_ports_of_services_with_affinity_are_asked() -> None:
    def asked(case: Case) -> set[ProbeKind]:
        return {s.observed.probe.kind for s in case.of(Aim.ANSWERED_BY)}

    assert asked(check(answers(api_1=10))) == {ProbeKind.HTTP}
    assert asked(check(answers(), affinity="None")) == set()
    assert asked(check(answers(), port={"name": "mysql", "port": 80, "targetPort": 8080})) == set()
