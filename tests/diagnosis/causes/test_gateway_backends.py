"""Causes in what routes lead to, and the ordinary causes behind a Gateway."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.gateway_backends import RouteBackendUnresolved
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.ingress import ingress_left_out
from tests.diagnosis.builders import (
    Manifest,
    See,
    api,
    cluster,
    codes,
    deployment,
    examine,
    found,
    policy,
    refs,
    report,
    ruled_out,
    service,
)
from tests.diagnosis.gateway_builders import edge, store, to
from tests.diagnosis.ingress_builders import answers
from tests.path.gateway.builders import gateway, gateway_class, grant, listener

_OTHER = {"name": "pay", "namespace": "payments", "port": 80}


def _case(
    *objects: Manifest | list[Manifest],
    see: See | None = None,
    target: str = "httproute/store",
    unread: tuple[Unread, ...] = (),
) -> Case:
    return examine(cluster(api(), edge(), *objects, unread=unread), target, see)


def _pay() -> Manifest:
    made = service("pay")
    made["metadata"]["namespace"] = "payments"
    return made


def test_a_service_that_does_not_exist_and_the_gateway_answers_500() -> None:
    case = _case(store(to("apis")), see=answers(500))
    result = found(RouteBackendUnresolved, case)
    assert refs(result) == ["HTTPRoute shop/store spec.rules[0].backendRefs[0]"]
    assert result.finding.certainty is Certainty.CERTAIN
    assert '"path":"/spec/rules/0/backendRefs/0/name","value":"api"' in result.finding.fixes[0].command
    assert (codes(case), report(case).verdict) == (["RouteBackendUnresolved"], Verdict.UNHEALTHY)


def test_a_port_that_the_service_does_not_have() -> None:
    result = found(RouteBackendUnresolved, _case(store(to({"name": "api", "port": 8080}))))
    assert "has no port 8080, but 80" in result.finding.explanation
    assert '"path":"/spec/rules/0/backendRefs/0/port","value":80' in result.finding.fixes[0].command


def test_no_port_at_all() -> None:
    result = found(RouteBackendUnresolved, _case(store(to({"name": "api"}))))
    assert "names no port" in result.finding.explanation


def test_another_namespace_without_a_grant() -> None:
    said = [{"type": "ResolvedRefs", "status": "False", "reason": "RefNotPermitted", "message": "no"}]
    status = {"parents": [{"parentRef": {"name": "edge"}, "controllerName": "c", "conditions": said}]}
    result = found(RouteBackendUnresolved, _case(_pay(), store(to(_OTHER), status=status)))
    assert "kubectl apply -f -" in result.finding.fixes[0].command
    assert '"kind":"ReferenceGrant"' in result.finding.fixes[0].command
    assert "ResolvedRefs is False: RefNotPermitted: no" in [one.text for one in result.finding.evidence]


def test_a_grant_lets_the_route_name_it() -> None:
    """Trap: it is in the namespace of the Service."""
    of = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}
    case = _case(_pay(), grant(of, {"group": "", "kind": "Service"}), store(to(_OTHER)))
    assert ruled_out(RouteBackendUnresolved, case) == "backends that resolve: 1"


def test_grants_that_may_not_be_read_are_not_missing() -> None:
    case = _case(_pay(), store(to(_OTHER)), unread=(Unread("ReferenceGrant", "", "forbidden"),))
    assert RouteBackendUnresolved().examine(case) is None
    assert case.path.target.gateway is not None
    unasked = case.path.target.gateway.unasked
    assert ("HTTPRoute shop/store spec.rules[0].backendRefs[0]", "forbidden") in unasked


def test_a_backend_of_weight_0_is_a_warning() -> None:
    case = _case(store(to("api", {"name": "gone", "port": 80, "weight": 0})), see=answers(200))
    assert [one.code for one in report(case).warnings] == ["RouteBackendUnresolved"]
    assert (codes(case), report(case).verdict) == ([], Verdict.HEALTHY)


def test_the_applications_own_500_is_in_order() -> None:
    """Trap: all backends resolve, so that the Gateway itself has no reason to say it."""
    case = _case(store(to("api")), see=answers(500, direct=500))
    assert (codes(case), report(case).verdict) == ([], Verdict.HEALTHY)


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_that_nothing_explains_is_undetermined(status: int) -> None:
    case = _case(store(to("api")), see=answers(status))
    assert (codes(case), report(case).verdict) == ([], Verdict.UNDETERMINED)


def test_a_route_that_is_answered_is_healthy() -> None:
    case = _case(store(to("api")), see=answers(200))
    assert (codes(case), report(case).verdict) == ([], Verdict.HEALTHY)
    assert [hop.name for hop in report(case).hops if hop.name.startswith("Rule")] == ["Rule shop.example/"]


def test_a_dead_backend_is_named_by_its_own_cause() -> None:
    idle = [*deployment("idle", replicas=0), service("idle", selector={"app": "idle"}, clusterIP="10.96.0.60")]
    case = _case(idle, store(to("idle")), see=answers(503))
    assert codes(case) == ["WorkloadScaledToZero"]
    assert report(case).unexplained == ()


def test_a_policy_against_the_gateways_pods_is_the_ordinary_one() -> None:
    """Its pods are the source; no Ingress controller is in the way."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
    shut = policy("api", {"app": "api"}, ingress=[rule])
    case = _case(shut, store(to("api")), see=answers(504, BACKEND=Outcome.TIMEOUT, DIRECT=Outcome.TIMEOUT))
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_gateway_whose_pods_are_not_ready_is_named_by_the_ordinary_cause() -> None:
    case = examine(cluster(api(), edge(ready=False), store(to("api"))), "httproute/store")
    assert codes(case) == ["NoReadyEndpoints"]


def _by_address() -> list[Manifest]:
    """A Gateway of which no pods are known."""
    status = {"addresses": [{"type": "IPAddress", "value": "203.0.113.9"}]}
    return [gateway_class(), gateway(listener(), namespace="shop", status=status)]


def test_behind_an_address_alone_a_dead_backend_is_named() -> None:
    idle = [*deployment("idle", replicas=0), service("idle", selector={"app": "idle"}, clusterIP="10.96.0.60")]
    case = examine(cluster(_by_address(), idle, store(to("idle"))), "httproute/store", answers(503))
    assert codes(case) == ["WorkloadScaledToZero"]


def test_of_a_gateway_whose_pods_are_not_known_policies_say_nothing() -> None:
    """Trap: who its proxy is to them cannot be told."""
    shut = policy("api", {"app": "api"}, ingress=[])
    case = examine(cluster(api(), _by_address(), shut, store(to("api"))), "httproute/store", answers(200))
    assert (codes(case), report(case).verdict) == ([], Verdict.HEALTHY)
    failing = examine(cluster(api(), _by_address(), shut, store(to("api"))), "httproute/store", answers(504))
    assert (codes(failing), report(failing).verdict) == ([], Verdict.UNDETERMINED)
    assert [one.because for one in ingress_left_out(failing.path)] == ["no pods of it are known"]
