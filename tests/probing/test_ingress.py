"""What is asked of an Ingress, and from where."""

from __future__ import annotations

from netdoctor.model.probe import ProbeKind, ProbePod
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.plan import Aim, PlanOptions, ProbePlan, make_plan
from tests.diagnosis.builders import Manifest, api, cluster
from tests.diagnosis.ingress_builders import backend, gate, ingress, rule

_SHOP = ingress(rule("shop.example", "/", "Prefix", backend("api", 80)))


def _plan(*objects: Manifest, target: str = "ing/shop", source: str | None = None) -> ProbePlan:
    snapshot = cluster(*gate(), *api(), *objects)
    path = build_path(snapshot, target, source, "shop")
    return make_plan(snapshot, path, expect(snapshot, path), PlanOptions())


def _pod(plan: ProbePlan, name: str) -> ProbePod:
    return next(pod for pod in plan.pods if pod.position.id == name)


def test_the_controller_is_asked_as_clients_do_it() -> None:
    plan = _plan(_SHOP)
    asked = [p for pod in plan.pods for p in pod.probes if plan.aims[p.id].aim is Aim.RULE]
    assert {(p.kind, p.host, p.port, p.name, p.path) for p in asked} == {
        (ProbeKind.HTTP, "10.96.0.80", 80, "shop.example", "/")
    }
    assert all(p.timeout >= 5 for p in asked), "a controller waits for its backends"
    assert all(plan.aims[p.id].required for p in asked)


def test_backends_are_asked_from_the_controllers_place_and_past_their_services() -> None:
    plan = _plan(_SHOP)
    pod = _pod(plan, "controller")
    assert pod.position.labels == {"app": "gate"}
    assert pod.position.node == "worker-1"
    assert {p.host for p in pod.probes} == {"10.244.1.5"}, "no ClusterIP"
    direct = [p for p in pod.probes if plan.aims[p.id].aim is Aim.DIRECT]
    assert [(p.kind, p.port, p.name, p.path) for p in direct] == [(ProbeKind.HTTP, 8080, "shop.example", "/")]


def test_a_rewritten_path_is_what_the_backend_is_asked_for() -> None:
    shop = ingress(rule("shop.example", "/api(/|$)(.*)", "ImplementationSpecific", backend("api", 80)))
    shop["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/rewrite-target": "/$2"}
    plan = _plan(shop, target="http://shop.example/api/cart")
    paths = {plan.aims[p.id].aim: p.path for pod in plan.pods for p in pod.probes if plan.aims[p.id].ask is not None}
    assert paths == {Aim.RULE: "/api/cart", Aim.DIRECT: "/cart"}


def test_hosts_with_a_certificate_are_asked_over_tls() -> None:
    shop = ingress(rule("shop.example", "/", "Prefix", backend("api", 80)), tls=[{"hosts": ["shop.example"]}])
    plan = _plan(shop)
    kinds = {p.kind for pod in plan.pods for p in pod.probes if plan.aims[p.id].aim in (Aim.RULE, Aim.CERTIFICATE)}
    assert kinds == {ProbeKind.HTTPS, ProbeKind.TLS}
    plain = _plan(shop, target="http://shop.example/")
    kinds = {p.kind for pod in plain.pods for p in pod.probes if plain.aims[p.id].aim in (Aim.RULE, Aim.CERTIFICATE)}
    assert kinds == {ProbeKind.HTTP}, "the URL says how"


def test_of_very_many_rules_some_are_asked_for_and_the_rest_is_not_tested() -> None:
    rules = [rule(f"shop{n}.example", "/", "Prefix", backend("api", 80)) for n in range(40)]
    plan = _plan(ingress(*rules))
    asked = {p.name for pod in plan.pods for p in pod.probes if plan.aims[p.id].aim is Aim.RULE}
    assert len(asked) == 16
    assert any("24 more rules" in one.what for one in plan.not_tested)


def test_from_outside_no_pod_is_started() -> None:
    plan = _plan(_SHOP, source="outside")
    assert [pod.position.id for pod in plan.pods] == ["outside"]
    assert any("from outside the cluster" in one.what for one in plan.not_tested), "it has a ClusterIP only"


def test_an_ingress_that_nothing_serves_starts_no_pod() -> None:
    snapshot = cluster(*api(), _SHOP)
    path = build_path(snapshot, "ing/shop", None, "shop")
    plan = make_plan(snapshot, path, expect(snapshot, path), PlanOptions())
    assert plan.pods == ()
    assert any("controller" in one.what for one in plan.not_tested)
