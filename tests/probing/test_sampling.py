"""Which samples a check takes, and that they are never a load."""

from __future__ import annotations

import pytest

from netdoctor.model.probe import Probe, ProbeKind, ProbePod
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.aims import SAMPLES, Aim
from netdoctor.probing.plan import PlanOptions, ProbePlan, make_plan
from netdoctor.probing.sampling import ENOUGH, MAX_SAMPLED
from netdoctor_probe.wire import Plan, decode_plan, encode_plan
from tests.diagnosis.builders import Manifest, api, cluster, endpoints, pod, policy, service, web


def plan(
    *objects: Manifest | list[Manifest], target: str = "svc/api", source: str | None = None, **options: int
) -> ProbePlan:
    snapshot = cluster(*objects)
    path = build_path(snapshot, target, source, "shop")
    return make_plan(snapshot, path, expect(snapshot, path), PlanOptions(**options))  # type: ignore[arg-type]


def samples(made: ProbePlan, *aims: Aim) -> list[Probe]:
    return [p for one in made.pods for p in one.probes if made.aims[p.id].aim in (aims or SAMPLES)]


def busy(count: int) -> list[Manifest]:
    """A Service with that many pods on each of two nodes."""
    addresses = [f"10.244.{node}.{10 + n}" for node in (1, 2) for n in range(count)]
    return [service("api"), *(pod(f"api-{a}", a) for a in addresses), endpoints("api", *addresses)]


def test_a_service_and_its_dns_are_sampled_from_every_place_of_the_source() -> None:
    made = plan(api())
    for one in made.pods:
        aims = [made.aims[p.id].aim for p in one.probes if p.tries > 1]
        assert sorted(aims) == [Aim.BACKEND_SAMPLE, Aim.DNS_PAIRS, Aim.DNS_SINGLES, Aim.VIP_SAMPLE]


def test_the_bounds_of_the_plan_are_in_the_plan() -> None:
    found = samples(plan(busy(20), samples=200))
    assert {(p.tries, p.pause, p.enough, p.attempts) for p in found} == {(200, 0.02, ENOUGH, 1)}
    assert decode_plan(encode_plan(Plan(tuple(found)))).probes == tuple(found)


def test_of_many_endpoints_one_beside_the_source_and_one_elsewhere_are_sampled() -> None:
    made = plan(busy(20))
    for one in made.pods:
        hosts = [p.host for p in one.probes if made.aims[p.id].aim is Aim.BACKEND_SAMPLE]
        assert len(hosts) == MAX_SAMPLED
        assert {host.split(".")[2] for host in hosts} == {"1", "2"}


def test_one_is_none() -> None:
    assert not samples(plan(api(), samples=1))


def test_nothing_is_sampled_that_policies_deny() -> None:
    made = plan(api(), web(), policy("closed", {"app": "api"}, ingress=[]), source="deploy/web")
    assert {made.aims[p.id].aim for p in samples(made)} == {Aim.DNS_PAIRS, Aim.DNS_SINGLES}


@pytest.mark.parametrize(("ingress", "settles"), [([{}], True), (None, False)])
def test_a_new_pod_is_given_time_until_policies_know_it(ingress: list[Manifest] | None, settles: bool) -> None:
    rules = [policy("open", {"app": "api"}, ingress=ingress)] if ingress else []
    assert {p.delay for p in samples(plan(api(), rules))} == {2.0 if settles else 0.3}


def test_what_is_outside_is_not_sampled() -> None:
    objects = [service("api", selector={}), endpoints("api", "192.0.2.1")]
    assert {p.kind for p in samples(plan(objects))} == {ProbeKind.PAIR, ProbeKind.DNS}
    assert not samples(plan(api(), target="192.0.2.1:443"))


def test_only_the_source_takes_samples() -> None:
    made = plan(api(), web(), policy("open", {"app": "api"}, ingress=[{}]), source="deploy/web")

    def sampling(pods: tuple[ProbePod, ...]) -> set[str]:
        return {str(one.position.role) for one in pods if any(p.tries > 1 for p in one.probes)}

    assert sampling(made.pods) == {"source"}
    assert {str(one.position.role) for one in made.pods} == {"source", "neutral"}


def test_a_source_port_is_for_udp_only() -> None:
    udp = {"port": 80, "targetPort": 8080, "protocol": "UDP"}
    both = [{"name": "", "port": 8080, "protocol": "UDP"}]
    objects = [{**one, "ports": both} if one["kind"] == "EndpointSlice" else one for one in api(udp)]
    (fixed, *_) = samples(plan(objects, source_port=5060), Aim.FIXED_PORT)
    assert (fixed.kind, fixed.source_port, fixed.host) == (ProbeKind.UDP, 5060, "10.96.0.50")
    assert fixed.pause > fixed.timeout  # one after the other: the port is taken until the answer is there
    assert not samples(plan(api(), source_port=5060), Aim.FIXED_PORT)
