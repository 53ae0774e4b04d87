"""Ingress causes: class, rules and backends, with the controller in namespace shop as well."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.causes.ingress import IngressBackendMissing, IngressClassMissing, IngressRuleNoMatch
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Verdict
from tests.diagnosis.builders import api, cluster, codes, examine, found, refs, report, ruled_out, service
from tests.diagnosis.ingress_builders import answers, backend, gate, ingress, rule

_TO = backend("api", 80)
_IN_ORDER = rule("shop.example", "/", "Prefix", _TO)


def _case(*objects: Any, target: str = "ing/shop", status: int | None = None, direct: int = 200) -> Case:
    """Probed with this status of the controller; without one, not probed."""
    see = None if status is None else answers(status, direct)
    return examine(cluster(*gate(), *api(), *objects), target, see)


def test_an_ingress_in_order_is_healthy() -> None:
    case = _case(ingress(_IN_ORDER), status=200)
    assert report(case).verdict is Verdict.HEALTHY
    assert codes(case) == []


# IngressClassMissing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "field"), [("niginx", "spec.ingressClassName"), ("", "spec.ingressClassName")])
def test_a_class_that_does_not_exist(name: str, field: str) -> None:
    case = _case(ingress(_IN_ORDER, name=name), status=404)
    result = found(IngressClassMissing, case)
    assert refs(result) == [f"Ingress shop/shop {field}"]
    assert result.finding.certainty is Certainty.CERTAIN
    assert any("status 404" in evidence.text for evidence in result.finding.evidence)
    assert '{"spec":{"ingressClassName":"nginx"}}' in result.finding.fixes[0].command
    assert codes(case) == ["IngressClassMissing"]


def test_without_probes_a_missing_class_is_likely() -> None:
    assert found(IngressClassMissing, _case(ingress(_IN_ORDER, name="gone"))).finding.certainty is Certainty.LIKELY


def test_a_controller_may_take_ingresses_without_a_class() -> None:
    watching = gate("--watch-ingress-without-class=true")
    case = examine(cluster(*watching, *api(), ingress(_IN_ORDER, name="")), "ing/shop", answers(200))
    assert "takes it all the same" in ruled_out(IngressClassMissing, case)
    assert codes(case) == []


def test_the_old_annotation_goes_with_the_class_that_it_names() -> None:
    """Controllers heed it before the field: a class in the field alone would change nothing."""
    shop = ingress(_IN_ORDER, name="")
    shop["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "niginx"}
    result = found(IngressClassMissing, _case(shop, status=404))
    assert result.finding.fixes[0].patch == {
        "metadata": {"annotations": {"kubernetes.io/ingress.class": None}},
        "spec": {"ingressClassName": "nginx"},
    }


@pytest.mark.parametrize(("name", "annotation"), [("", ""), ("", "gce")])
def test_an_address_shows_a_controller_outside_the_cluster(name: str, annotation: str) -> None:
    shop = ingress(_IN_ORDER, name=name)
    shop["metadata"]["annotations"] = {"kubernetes.io/ingress.class": annotation} if annotation else {}
    shop["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.80"}]}}
    case = examine(cluster(api(), shop), "ing/shop")
    assert "203.0.113.80" in ruled_out(IngressClassMissing, case)
    assert codes(case) == []
    shop["status"] = {}
    assert codes(examine(cluster(api(), shop), "ing/shop")) == ["IngressClassMissing"]


def test_fields_that_a_file_leaves_empty_are_not_set() -> None:
    shop = ingress({"host": None, "http": {"paths": [{"path": None, "pathType": "Prefix", "backend": _TO}]}}, tls=None)
    assert codes(_case(shop, status=200)) == []


def test_classes_that_cannot_be_read_are_not_missing() -> None:
    snapshot = cluster(*gate(), *api(), ingress(_IN_ORDER, name="gone"), unread=(Unread("IngressClass", "", "no"),))
    assert IngressClassMissing().examine(examine(snapshot, "ing/shop")) is None


def test_a_class_that_somebody_serves_all_the_same_is_ruled_out() -> None:
    assert "all the same" in ruled_out(IngressClassMissing, _case(ingress(_IN_ORDER, name="gone"), status=200))


# IngressBackendMissing ---------------------------------------------------------------------------------------


def test_a_service_that_does_not_exist() -> None:
    case = _case(ingress(rule("shop.example", "/", "Prefix", backend("apis", 80))), status=503)
    result = found(IngressBackendMissing, case)
    assert refs(result) == ["Ingress shop/shop spec.rules[0].http.paths[0].backend.service.name"]
    assert result.finding.certainty is Certainty.CERTAIN
    assert '"value":"api"' in result.finding.fixes[0].command
    assert codes(case) == ["IngressBackendMissing"]


def test_a_target_port_is_not_the_port_of_a_service() -> None:
    case = _case(ingress(rule("shop.example", "/", "Prefix", backend("api", 8080))), status=503)
    result = found(IngressBackendMissing, case)
    assert refs(result) == ["Ingress shop/shop spec.rules[0].http.paths[0].backend.service.port"]
    assert "8080 is the targetPort of its port 80" in result.finding.explanation


def test_a_service_of_another_namespace_is_pointed_at() -> None:
    elsewhere = service("far")
    elsewhere["metadata"]["namespace"] = "other"
    case = _case(elsewhere, ingress(rule("shop.example", "/", "Prefix", backend("far", 80))))
    assert "is in another namespace" in found(IngressBackendMissing, case).finding.fixes[0].title


def test_services_that_cannot_be_read_are_not_missing() -> None:
    shop = ingress(rule("shop.example", "/", "Prefix", backend("gone", 80)))
    snapshot = cluster(*gate(), *api(), shop, unread=(Unread("Service", "shop", "forbidden"),))
    assert IngressBackendMissing().examine(examine(snapshot, "ing/shop")) is None


def test_the_applications_own_503_is_healthy() -> None:
    case = _case(ingress(_IN_ORDER), status=503, direct=503)
    assert report(case).verdict is Verdict.HEALTHY
    assert codes(case) == []


def test_a_503_that_nothing_explains_is_undetermined() -> None:
    answer = report(_case(ingress(_IN_ORDER), status=503))
    assert answer.verdict is Verdict.UNDETERMINED
    assert answer.causes == ()


def test_a_backend_without_pods_is_called_by_what_its_service_lacks() -> None:
    shop = ingress(rule("shop.example", "/", "Prefix", backend("typo", 80)))
    case = _case(service("typo", selector={"app": "apy"}), shop, status=503)
    answer = report(case)
    assert [finding.code for finding in answer.causes] == ["ServiceSelectorMismatch"]
    assert answer.causes[0].certainty is Certainty.CERTAIN, "the controller's 503 agrees"
    assert answer.unexplained == ()


# IngressRuleNoMatch ------------------------------------------------------------------------------------------

_EXACT = rule("shop.example", "/api", "Exact", backend("api", 80))


def test_no_rule_takes_the_url() -> None:
    case = _case(ingress(_EXACT), target="http://shop.example/api/", status=404)
    result = found(IngressRuleNoMatch, case)
    assert refs(result) == ["Ingress shop/shop spec.rules[0].http.paths[0].path"]
    assert "trailing slash" in result.finding.explanation
    assert '"path":"/spec/rules/0/http/paths/0/pathType","value":"Prefix"' in result.finding.fixes[0].command
    assert result.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["IngressRuleNoMatch"]


def test_the_applications_own_404_is_healthy() -> None:
    case = _case(ingress(_IN_ORDER), target="http://shop.example/lost", status=404, direct=404)
    assert "application's own" in ruled_out(IngressRuleNoMatch, case)
    assert report(case).verdict is Verdict.HEALTHY


def test_a_url_that_something_answers_has_a_rule_somewhere() -> None:
    case = _case(ingress(_EXACT), target="http://shop.example/api/", status=200)
    assert "all the same" in ruled_out(IngressRuleNoMatch, case)


def test_a_host_of_no_ingress_is_outside() -> None:
    case = _case(ingress(_EXACT), target="http://www.shop.example/", status=404)
    assert case.path.target.ingress is None
    assert IngressRuleNoMatch().examine(case) is None


def test_what_a_redirect_leads_to_is_no_fault() -> None:
    assert report(_case(ingress(_IN_ORDER), status=308)).verdict is Verdict.HEALTHY


def test_a_controller_that_resets_is_not_healthy() -> None:
    case = examine(cluster(*gate(), *api(), ingress(_IN_ORDER)), "ing/shop", answers(Outcome.RESET))
    assert report(case).verdict is Verdict.UNDETERMINED
