"""The name that is asked for: of another namespace, or found only after others."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.dns_names import DNSSearchAmplification, WrongNamespaceInName
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    See,
    api,
    cluster,
    codes,
    examine,
    found,
    lookup,
    manifest,
    refs,
    report,
    ruled_out,
    sees,
    web,
)

UNKNOWN = sees(Outcome.UNRESOLVABLE)
FULL = "http://api.shop.svc.cluster.local"


def pay(namespace: str) -> Manifest:
    return manifest("Service", "pay", namespace=namespace, spec={"clusterIP": "10.96.0.60", "ports": [{"port": 80}]})


@pytest.mark.parametrize("target", ["svc/pay", "http://pay", "pay.shop:80", "pay.shop.svc.cluster.local:80"])
def test_the_service_is_in_another_namespace(target: str) -> None:
    case = examine(cluster(pay("other"), web()), target, UNKNOWN, source="deploy/web")
    one = found(WrongNamespaceInName, case)
    assert refs(one) == ["Service other/pay"]
    assert one.finding.title == "Service pay is in namespace other, not in shop"
    assert "it is called pay.other from other namespaces" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["WrongNamespaceInName"]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("svc/pay", "pay"),
        ("http://pay/health", "pay"),
        ("pay.shop:80", "pay.shop"),
        ("svc/pay.kube-system", "pay.kube-system"),
    ],
)
def test_the_name_is_told_as_dns_has_it(target: str, name: str) -> None:
    case = examine(cluster(pay("other"), web()), target, UNKNOWN, source="deploy/web")
    assert f"uses the name {name}, which means" in found(WrongNamespaceInName, case).finding.explanation


def test_the_name_with_its_namespace_is_checked_from_the_same_source() -> None:
    case = examine(cluster(pay("other"), web()), "svc/pay", UNKNOWN, source="deploy/web")
    (fix,) = found(WrongNamespaceInName, case).finding.fixes
    assert fix.title == "use the name pay.other"
    assert fix.command == "netdoctor check svc/pay -n other --from deployment/web.shop"


def test_without_a_source_nothing_stands_behind_from() -> None:
    (fix,) = found(WrongNamespaceInName, examine(cluster(pay("other")), "svc/pay")).finding.fixes
    assert fix.command == "netdoctor check svc/pay -n other"


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(pay("other")), "svc/pay")
    assert found(WrongNamespaceInName, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["WrongNamespaceInName"]


def test_the_sources_own_namespace_is_named_first() -> None:
    case = examine(cluster(pay("shop"), pay("kube-system")), "svc/pay.other", UNKNOWN, source="ns/shop")
    assert refs(found(WrongNamespaceInName, case)) == ["Service shop/pay", "Service kube-system/pay"]


def test_a_namespace_that_does_not_exist() -> None:
    case = examine(cluster(pay("other")), "pay.othr:80", UNKNOWN)
    one = found(WrongNamespaceInName, case)
    assert one.finding.title == "Service pay is in namespace other, not in othr"
    assert one.finding.certainty is Certainty.LIKELY
    assert not one.proven
    assert codes(case) == ["WrongNamespaceInName"]


@pytest.mark.parametrize(
    ("target", "see"),
    [("pay.othr:80", sees()), ("pay.othr:80", None), ("pay.example.com:443", UNKNOWN), ("shop.example:443", UNKNOWN)],
    ids=["it resolves", "nobody asked", "a name of more labels", "no Service of that name"],
)
def test_names_outside_that_mean_no_service(target: str, see: See | None) -> None:
    assert WrongNamespaceInName().examine(examine(cluster(pay("other")), target, see)) is None


def test_a_service_that_no_namespace_has_is_another_cause() -> None:
    case = examine(cluster(api()), "svc/pay", UNKNOWN)
    assert ruled_out(WrongNamespaceInName, case) == "no other namespace has a Service pay"
    assert codes(case) == ["ServiceNotFound"]


def test_a_service_that_is_there_may_have_namesakes() -> None:
    assert WrongNamespaceInName().examine(examine(cluster(pay("shop"), pay("other")), "svc/pay")) is None


def test_services_that_could_not_be_read_are_not_absent() -> None:
    snapshot = cluster(pay("other"), unread=(Unread("Service", "shop", "forbidden"),))
    assert WrongNamespaceInName().examine(examine(snapshot, "http://pay", UNKNOWN)) is None


def asked(*vain: str, outcome: Outcome = Outcome.OK) -> See:
    """A lookup that asks for these names in vain."""
    unknown = [(name, Outcome.UNRESOLVABLE) for name in vain]
    return sees(NAME=lookup(outcome, *unknown, ("api.shop.svc.cluster.local", outcome)))


def test_three_names_in_vain_are_a_warning() -> None:
    case = examine(cluster(api(), web()), FULL, asked("a", "b", "c"), source="deploy/web")
    one = found(DNSSearchAmplification, case)
    assert one.warning
    assert refs(one) == ["Deployment shop/web spec.template.spec.dnsConfig.options"]
    assert one.finding.title == "a lookup of api.shop.svc.cluster.local asks for 3 other names first in 30.0 ms"
    assert "a, b, c do not exist. That is 6 questions (A and AAAA) in vain" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == frozenset()
    assert codes(case) == []
    assert [warning.code for warning in report(case).warnings] == ["DNSSearchAmplification"]


def test_the_name_or_ndots_is_changed() -> None:
    case = examine(cluster(api(), web()), FULL, asked("a", "b", "c"), source="deploy/web")
    dot, ndots = found(DNSSearchAmplification, case).finding.fixes
    assert dot.title == "end the name with a dot: api.shop.svc.cluster.local."
    assert ndots.patch == {
        "spec": {"template": {"spec": {"dnsConfig": {"options": [{"name": "ndots", "value": "1"}]}}}}
    }
    assert ndots.command.startswith("kubectl patch deployment/web -n shop --type=merge -p ")


def test_a_neutral_source_has_no_settings_to_change() -> None:
    one = found(DNSSearchAmplification, examine(cluster(api()), FULL, asked("a", "b", "c", "d")))
    assert refs(one) == []
    assert "a, b, c, … do not exist" in one.finding.explanation
    assert len(one.finding.fixes) == 1


def test_a_and_aaaa_of_one_name_count_once() -> None:
    case = examine(cluster(api()), FULL, asked("a", "a", "b", "b"))
    because = ruled_out(DNSSearchAmplification, case)
    assert because == "2 names are asked for in vain before api.shop.svc.cluster.local is answered"


def test_objects_foresee_it() -> None:
    one = found(DNSSearchAmplification, examine(cluster(api(), web()), FULL, source="deploy/web"))
    assert one.finding.title == "a lookup of api.shop.svc.cluster.local asks for 3 other names first"
    assert one.finding.certainty is Certainty.LIKELY


@pytest.mark.parametrize("target", ["svc/api", f"{FULL}.", "api.shop:80"])
def test_short_names_and_names_with_a_dot_at_the_end_cost_nothing(target: str) -> None:
    assert ruled_out(DNSSearchAmplification, examine(cluster(api()), target)).startswith(("0 names", "1 names"))


def test_ndots_of_the_source_counts() -> None:
    source = web(dnsConfig={"options": [{"name": "ndots", "value": "2"}]})
    because = ruled_out(DNSSearchAmplification, examine(cluster(api(), source), FULL, source="deploy/web"))
    assert because.startswith("0 names")


@pytest.mark.parametrize(
    ("target", "see"),
    [(FULL, asked("a", "b", "c", outcome=Outcome.TIMEOUT)), ("example.com:443", None), ("10.244.1.5:8080", sees())],
    ids=["no answer", "an outside name that nobody asked for", "no name"],
)
def test_no_lookup_that_succeeds(target: str, see: See | None) -> None:
    assert DNSSearchAmplification().examine(examine(cluster(api()), target, see)) is None
