"""Ingress controllers that are down, or kept from their backends."""

from __future__ import annotations

from typing import Any

from netdoctor.diagnosis.causes.ingress_controller import IngressControllerBlocked, IngressControllerDown
from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    See,
    Sight,
    api,
    cluster,
    codes,
    endpoints,
    examine,
    found,
    manifest,
    policy,
    refs,
    report,
    ruled_out,
)
from tests.diagnosis.ingress_builders import answers, backend, gate, ingress, rule

_SHOP = ingress(rule("shop.example", "/", "Prefix", backend("api", 80)))


def _refused() -> See:
    """Nothing answers at the controller."""
    return answers(Outcome.REFUSED, VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED, UNREADY=Outcome.REFUSED)


def test_a_controller_scaled_to_zero() -> None:
    case = examine(cluster(*gate(replicas=0), *api(), _SHOP), "ing/shop", _refused())
    result = found(IngressControllerDown, case)
    assert "Deployment shop/gate spec.replicas" in refs(result)
    assert result.finding.certainty is Certainty.CERTAIN
    assert "scaled to 0" in result.finding.explanation
    assert "IngressControllerDown" in codes(case)
    assert "WorkloadScaledToZero" not in codes(case)


def test_a_controller_that_is_not_ready() -> None:
    snapshot = cluster(*gate(ready=False), *api(), _SHOP)
    assert codes(examine(snapshot, "ing/shop")) == ["IngressControllerDown"]


def test_a_class_whose_controller_does_not_run_at_all() -> None:
    lone = manifest(
        "IngressClass", "nginx", "networking.k8s.io/v1", namespace="", spec={"controller": "k8s.io/ingress-nginx"}
    )
    result = found(IngressControllerDown, examine(cluster(lone, *api(), _SHOP), "ing/shop"))
    assert refs(result) == ["IngressClass nginx spec.controller"]


def test_a_controller_that_is_not_known_here_is_not_called_down() -> None:
    lone = manifest(
        "IngressClass", "nginx", "networking.k8s.io/v1", namespace="", spec={"controller": "ingress.k8s.aws/alb"}
    )
    case = examine(cluster(lone, *api(), _SHOP), "ing/shop", answers(200))
    assert codes(case) == []
    assert report(case).verdict is Verdict.NOT_TESTED


def test_a_controller_that_answers_502_is_not_down() -> None:
    case = examine(cluster(*gate(), *api(), _SHOP), "ing/shop", answers(502))
    assert "answers" in ruled_out(IngressControllerDown, case)


# IngressControllerBlocked ------------------------------------------------------------------------------------


def _blocked_pods(status: int | Outcome = 504) -> See:
    """What the controller sends to the pods of api is lost."""
    inner = answers(status)

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        lost = probe.host == "10.244.1.5" and position.id.startswith("controller")
        return Outcome.TIMEOUT if lost else inner(aimed, probe, position)

    return see


def _closed(**to: Any) -> list[dict[str, Any]]:
    return [policy("api", {"app": "api"}, ingress=[{"from": [{"podSelector": {"matchLabels": to}}]}])]


def test_a_policy_that_does_not_admit_the_controller() -> None:
    case = examine(cluster(*gate(), *api(), _SHOP, _closed(app="web")), "ing/shop", _blocked_pods())
    result = found(IngressControllerBlocked, case.parts[1])
    assert "NetworkPolicy shop/api" in refs(result)[0]
    assert result.finding.certainty is Certainty.CERTAIN
    assert "controller is the source" in result.finding.explanation
    answer = report(case)
    assert [finding.code for finding in answer.causes] == ["IngressControllerBlocked"]
    assert answer.unexplained == (), "the controller's 504 follows from it"
    assert any("status 504" in evidence.text for evidence in answer.causes[0].evidence)


def test_a_controller_that_still_waits_is_as_good_as_504() -> None:
    snapshot = cluster(*gate(), *api(), _SHOP, _closed(app="web"))
    assert report(examine(snapshot, "ing/shop", _blocked_pods(Outcome.TIMEOUT))).unexplained == ()


def test_a_missing_namespace_label_behind_an_ingress_has_the_same_name() -> None:
    wanted = {"namespaceSelector": {"matchLabels": {"name": "shop"}}}
    named = policy("api", {"app": "api"}, ingress=[{"from": [wanted]}])
    snapshot = cluster(*gate(), *api(), _SHOP, named)
    assert codes(examine(snapshot, "ing/shop", _blocked_pods())) == ["IngressControllerBlocked"]


def test_the_controllers_own_egress_counts() -> None:
    closed = policy("gate", {"app": "gate"}, egress=[])
    case = examine(cluster(*gate(), *api(), _SHOP, closed), "ing/shop", _blocked_pods())
    assert "does not let the Ingress controller" in found(IngressControllerBlocked, case.parts[1]).finding.title


def test_a_policy_that_admits_the_controller_alone_is_in_order() -> None:
    case = examine(cluster(*gate(), *api(), _SHOP, _closed(app="gate")), "ing/shop", answers(200))
    assert codes(case) == []
    assert report(case).verdict is Verdict.HEALTHY


def test_a_policy_against_a_client_of_a_service_is_no_ingress_matter() -> None:
    case = examine(
        cluster(*gate(), *api(), _SHOP, _closed(app="web")), "svc/api", answers(200, BACKEND=Outcome.TIMEOUT)
    )
    assert IngressControllerBlocked().examine(case) is None


def test_a_backend_that_refuses_is_not_blocked() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        at_pod = probe.host == "10.244.1.5" and aimed.aim is not Aim.RULE
        return Outcome.REFUSED if at_pod else answers(502)(aimed, probe, position)

    case = examine(cluster(*gate(), *api(), _SHOP, endpoints("other")), "ing/shop", see)
    assert codes(case) == ["NothingListening"]
    assert report(case).unexplained == ()
