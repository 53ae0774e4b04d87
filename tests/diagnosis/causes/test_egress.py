"""Ways out of the cluster: denied by policy, lost for want of translation, lost beyond, and the metadata service."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.diagnosis.addressed import addressed
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.egress import EgressDenied, EgressUnreachable, MetadataServiceExposed
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.model.probe import NotTested, Observation, Outcome, Position, Probe, Role
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.aims import Aim, Aimed
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
    policy,
    refs,
    report,
    ruled_out,
    sees,
    web,
)

TARGET, ADDRESS, NAME = "203.0.113.10:443", "203.0.113.10", "www.example.com"
DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}


def blocks(*excepted: str) -> Manifest:
    """The client may reach all the world but for these networks, and ask for names."""
    world = {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(excepted)}}
    return policy("web-out", {"app": "web"}, egress=[{"to": [world]}, DNS])


def pods_see(outcome: Outcome, node: Outcome | None = Outcome.OK, on: str = "") -> See:
    """Pods (of one node only, if `on` names it) have this outcome at the target, their node has another one.

    None: the node could not be asked. The metadata service is silent. Connections by name tell the address.
    """

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.METADATA:
            return Outcome.TIMEOUT
        if aimed.aim not in (Aim.HOST, Aim.BACKEND, Aim.URL):
            return Outcome.OK
        came = node if position.role is Role.NODE else outcome if on in ("", position.node) else Outcome.OK
        if came is None:
            return None
        return Observation(probe.id, came, 0.01, detail={} if probe.host else {"address": ADDRESS})

    return see


def asked(see: See | None, *objects: Manifest, target: str = TARGET, source: str = "deploy/web") -> Case:
    return addressed(examine(cluster(web(), *objects), target, see, source=source))


LOST, NOBODY = pods_see(Outcome.TIMEOUT), pods_see(Outcome.TIMEOUT, Outcome.TIMEOUT)


def test_an_exception_of_a_block_denies_the_address() -> None:
    case = asked(LOST, blocks("203.0.113.0/24"))
    one = found(EgressDenied, case)
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0].to[0]"]
    assert one.finding.title == "NetworkPolicy shop/web-out does not let shop/web out to 203.0.113.10:443"
    assert "203.0.113.0/24" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["EgressDenied"]


def test_what_policies_say_is_shown_on_the_way() -> None:
    hops = {hop.name: hop for hop in report(asked(LOST, blocks("203.0.113.0/24"))).hops}
    assert hops["NetworkPolicy egress 443/TCP"].ok is False
    assert hops["NetworkPolicy egress 443/TCP"].seen.startswith(
        "denied: isolated by shop/web-out, no rule admits it; the nearest, spec.egress[0].to[0] of web-out, wants "
    )
    assert "203.0.113.0/24" in hops["NetworkPolicy egress 443/TCP"].seen
    assert hops["Outside 203.0.113.10:443/TCP"].ok is False
    assert hops["The same from worker-2 itself"].ok is True


def test_objects_alone_deny_an_address_too() -> None:
    case = asked(None, blocks("203.0.113.0/24"))
    assert found(EgressDenied, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["EgressDenied"]


@pytest.mark.parametrize("target", [f"{NAME}:443", f"http://{NAME}/"])
def test_a_name_is_denied_for_the_address_that_it_has(target: str) -> None:
    case = asked(LOST, blocks("203.0.113.0/24"), target=target)
    one = found(EgressDenied, case)
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["EgressDenied"]


def test_a_name_whose_other_addresses_are_denied_is_healthy() -> None:
    case = asked(pods_see(Outcome.OK), blocks("198.51.100.0/24"), target=f"{NAME}:443")
    assert report(case).verdict is Verdict.HEALTHY
    assert [b.address for route in case.path.routes for b in route.ready] == [ADDRESS]


def test_a_denial_that_names_another_port_is_named_by_where_it_leads() -> None:
    world = {"ipBlock": {"cidr": "0.0.0.0/0"}}
    named = policy("web-out", {"app": "web"}, egress=[{"to": [world], "ports": [{"port": "https"}]}, DNS])
    assert codes(asked(LOST, named)) == ["EgressDenied"]


def test_nothing_is_denied_that_a_block_admits() -> None:
    case = asked(pods_see(Outcome.OK), blocks("198.51.100.0/24"))
    assert EgressDenied().examine(case) is None
    assert report(case).verdict is Verdict.HEALTHY


def test_pods_inside_are_no_way_out() -> None:
    objects = [*api(), *web(), policy("web-out", {"app": "web"}, egress=[DNS])]
    case = examine(cluster(objects), "svc/api", sees(Outcome.TIMEOUT, NAME=Outcome.OK), source="deploy/web")
    assert EgressDenied().examine(case) is None
    assert "PolicyDeniesEgress" in codes(case)


def test_a_node_that_gets_there_while_its_pods_do_not_does_not_translate() -> None:
    case = asked(LOST)
    one = found(EgressUnreachable, case)
    assert refs(one) == ["Node worker-2", "Node worker-1"]
    assert one.finding.title == (
        "203.0.113.10:443 does not answer pods on worker-2, worker-1, and answers the node itself"
    )
    assert "masquerading" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert [e.text for e in one.finding.evidence][-1] == "TCP 203.0.113.10 port 443 from node on worker-2: ok"
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["EgressUnreachable"]


def test_only_the_node_is_named_whose_pods_get_nowhere() -> None:
    one = found(EgressUnreachable, asked(pods_see(Outcome.TIMEOUT, on="worker-1")))
    assert refs(one) == ["Node worker-1"]
    assert "From worker-2 it works." in one.finding.explanation


def test_where_no_node_gets_there_it_lies_beyond() -> None:
    case = asked(NOBODY)
    one = found(EgressUnreachable, case)
    assert refs(one) == ["Address 203.0.113.10"]
    assert "answers neither pods on worker-2, worker-1 nor the node itself" in one.finding.title
    assert "meant to have no way out (air-gapped), nothing is broken" in one.finding.explanation
    assert codes(case) == ["EgressUnreachable"]


def test_a_name_that_resolves_and_is_silent() -> None:
    case = asked(NOBODY, target=f"http://{NAME}/")
    assert refs(found(EgressUnreachable, case)) == [f"Host {NAME}"]
    assert codes(case) == ["EgressUnreachable"]


def test_without_the_nodes_word_it_is_possible_and_what_is_missing_is_said() -> None:
    see = pods_see(Outcome.TIMEOUT, node=None)
    finding = found(EgressUnreachable, asked(see)).finding
    assert finding.certainty is Certainty.POSSIBLE
    assert "Whether the node itself gets there could not be tested" in finding.explanation


def test_who_rejects_it_is_said() -> None:
    detail = {"meaning": "communication administratively prohibited"}

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.BACKEND:
            return Observation(probe.id, Outcome.REJECTED, 0.01, "172.18.0.254", detail)
        return Outcome.TIMEOUT if aimed.aim is Aim.METADATA else Outcome.OK

    explanation = found(EgressUnreachable, asked(see)).finding.explanation
    assert "172.18.0.254 rejects it (communication administratively prohibited)." in explanation


def test_a_far_end_that_refuses_everybody_is_reached() -> None:
    case = asked(pods_see(Outcome.REFUSED, Outcome.REFUSED))
    assert ruled_out(EgressUnreachable, case) == "the far end answers: refused"
    assert codes(case) == []


def test_a_refusal_that_the_node_does_not_get_is_not_the_far_ends() -> None:
    assert codes(asked(pods_see(Outcome.REFUSED))) == ["EgressUnreachable"]


def test_policies_that_could_not_be_read_may_be_in_the_way() -> None:
    unread = Unread("NetworkPolicy", "shop", "forbidden")
    objects: Snapshot = cluster(web(), unread=(unread,))
    case = examine(objects, TARGET, LOST, source="deploy/web")
    assert EgressUnreachable().examine(case) is None
    beyond = examine(objects, TARGET, NOBODY, source="deploy/web")
    assert refs(found(EgressUnreachable, beyond)) == ["Address 203.0.113.10"]


@pytest.mark.parametrize("target", ["svc/api", "172.18.0.2:10250"])
def test_does_not_apply_inside_the_cluster(target: str) -> None:
    case = examine(cluster(api(), web()), target, sees(Outcome.TIMEOUT), source="deploy/web")
    assert EgressUnreachable().examine(case) is None


def test_without_a_probe_nothing_is_lost() -> None:
    assert EgressUnreachable().examine(asked(None)) is None


def test_a_contrast_is_missed_only_where_something_fails() -> None:
    missing = (NotTested("2 probes as Node worker-2", "Pod Security does not admit the pod", contrast=True),)
    healthy, broken = asked(pods_see(Outcome.OK, node=None)), asked(pods_see(Outcome.TIMEOUT, node=None))
    for case, said in ((healthy, 0), (broken, 1)):
        with_missing = Case(
            case.snapshot, case.path, case.expectation, case.aims, case.observed, missing, probed=True, logs={}
        )
        assert len(diagnose(with_missing).not_tested) == said


def answering(aimed: Aimed, probe: Probe, position: Position) -> Sight:
    return Outcome.OK


def test_a_metadata_service_that_answers_a_pod_is_a_warning() -> None:
    case = asked(answering)
    one = found(MetadataServiceExposed, case)
    assert one.warning
    assert refs(one) == ["Address 169.254.169.254"]
    assert report(case).verdict is Verdict.HEALTHY
    assert [w.code for w in report(case).warnings] == ["MetadataServiceExposed"]


def test_the_metadata_service_as_the_target() -> None:
    case = asked(answering, target="169.254.169.254:80")
    assert found(MetadataServiceExposed, case).warning
    assert MetadataServiceExposed().examine(asked(answering, target="169.254.169.254:8080")) is not None
    silent = asked(sees(Outcome.TIMEOUT), target="169.254.169.254:80")
    assert ruled_out(MetadataServiceExposed, silent) == "169.254.169.254 does not answer: timeout"


def test_a_policy_keeps_pods_from_the_metadata_service() -> None:
    assert ruled_out(MetadataServiceExposed, asked(pods_see(Outcome.OK))).endswith("does not answer: timeout")


def test_an_agent_that_answers_in_its_place_is_meant_to() -> None:
    spec: Manifest = {"selector": {}, "template": {"spec": {"containers": []}}}
    agent = manifest("DaemonSet", "gke-metadata-server", "apps/v1", namespace="kube-system", spec=spec)
    because = ruled_out(MetadataServiceExposed, asked(answering, agent))
    assert because == "DaemonSet kube-system/gke-metadata-server answers in its place"


def test_a_node_reaches_it_anyway() -> None:
    assert MetadataServiceExposed().examine(asked(answering, source="node/worker-1")) is None
