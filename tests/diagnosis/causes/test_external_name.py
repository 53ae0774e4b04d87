"""ExternalName Services whose name has no address."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.external_name import ExternalNameUnresolvable
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    examine,
    found,
    manifest,
    policy,
    refs,
    ruled_out,
    sees,
    web,
)

NO_ADDRESS = sees(NAME=Outcome.UNRESOLVABLE, HOST=Outcome.UNRESOLVABLE)


def alias(name: str) -> Manifest:
    return manifest("Service", "db", spec={"type": "ExternalName", "externalName": name, "ports": [{"port": 5432}]})


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("192.0.2.1", "that is an address, which DNS takes for a name made of digits"),
        ("2001:db8::1", "that is an address, which DNS takes for a name made of digits"),
        ("api.other.svc.cluster.local", "namespace other has no Service api"),
        ("api.other.svc.cluster.local.", "namespace other has no Service api"),
    ],
)
def test_a_name_that_means_nothing_by_the_objects(name: str, because: str) -> None:
    case = examine(cluster(alias(name), api()), "svc/db", NO_ADDRESS)
    one = found(ExternalNameUnresolvable, case)
    assert refs(one) == ["Service shop/db spec.externalName"]
    assert one.finding.title == f"Service shop/db is an alias of {name}, which has no address"
    assert because in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["ExternalNameUnresolvable"]


def test_the_name_is_to_be_corrected() -> None:
    patch, look = found(ExternalNameUnresolvable, examine(cluster(alias("192.0.2.1")), "svc/db")).finding.fixes
    assert patch.command.startswith("kubectl patch service/db -n shop --type=merge -p ")
    assert look.command == "kubectl get service/db -n shop -o yaml"


def test_objects_alone_are_likely() -> None:
    case = examine(cluster(alias("192.0.2.1")), "svc/db")
    assert found(ExternalNameUnresolvable, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == ["ExternalNameUnresolvable"]


def test_only_a_lookup_tells_of_a_name_outside() -> None:
    snapshot = cluster(alias("db.example.com"))
    one = found(ExternalNameUnresolvable, examine(snapshot, "svc/db", NO_ADDRESS))
    assert "the lookup ends with unresolvable" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert not one.proven
    assert ExternalNameUnresolvable().examine(examine(snapshot, "svc/db")) is None


@pytest.mark.parametrize("name", ["db.example.com", "db.example.com.", "192.0.2.1"])
def test_ruled_out_by_a_lookup(name: str) -> None:
    case = examine(cluster(alias(name)), "svc/db", sees())
    assert ruled_out(ExternalNameUnresolvable, case) == f"{name} resolves"
    assert codes(case) == []


def test_a_dot_at_the_end_changes_nothing() -> None:
    case = examine(cluster(alias("api.shop.svc.cluster.local."), api()), "svc/db")
    assert ExternalNameUnresolvable().examine(case) is None
    assert codes(case) == []


def test_a_host_that_resolves_and_is_silent_is_something_else() -> None:
    case = examine(cluster(alias("db.example.com")), "svc/db", sees(HOST=Outcome.TIMEOUT))
    assert ruled_out(ExternalNameUnresolvable, case) == "db.example.com resolves"


def test_a_connection_that_timed_out_is_no_failed_lookup() -> None:
    case = examine(cluster(alias("db.example.com")), "svc/db", sees(NAME=None, HOST=Outcome.TIMEOUT))
    assert ExternalNameUnresolvable().examine(case) is None


@pytest.mark.parametrize("outcome", [Outcome.UNRESOLVABLE, Outcome.SERVFAIL])
def test_a_connection_by_name_that_got_no_address_is_a_failed_lookup(outcome: Outcome) -> None:
    case = examine(cluster(alias("db.example.com")), "svc/db", sees(NAME=None, HOST=outcome))
    assert f"the lookup ends with {outcome}" in found(ExternalNameUnresolvable, case).finding.explanation


def test_upstream_servers_that_fail_explain_it() -> None:
    failing = sees(NAME=Outcome.SERVFAIL, HOST=Outcome.SERVFAIL, DNS_SERVER=Outcome.SERVFAIL, DNS_VIP=Outcome.SERVFAIL)
    assert codes(examine(cluster(alias("db.example.com")), "svc/db", failing)) == ["DNSUpstreamFailing"]


def test_a_policy_that_keeps_the_source_from_dns_explains_it() -> None:
    silent = sees(Outcome.TIMEOUT, CLUSTER_NAME=Outcome.TIMEOUT)
    objects = cluster(alias("db.example.com"), web(), policy("out", {"app": "web"}, egress=[]))
    assert codes(examine(objects, "svc/db", silent, source="deploy/web")) == ["DNSEgressDenied"]


def test_services_that_could_not_be_read_are_not_absent() -> None:
    unread = (Unread("Service", "other", "forbidden"),)
    case = examine(cluster(alias("api.other.svc.cluster.local"), unread=unread), "svc/db")
    assert ExternalNameUnresolvable().examine(case) is None


def test_does_not_apply_to_other_services() -> None:
    assert ExternalNameUnresolvable().examine(examine(cluster(api()), "svc/api", NO_ADDRESS)) is None
