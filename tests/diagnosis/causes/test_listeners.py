"""Nothing listens on the port, or not where clients can reach it, or by the other protocol."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.listeners import AppListensOnLoopback, NothingListening
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    api,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    examine,
    found,
    listening,
    pod,
    refs,
    ruled_out,
    sees,
    service,
    unless,
)

REFUSED = sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED, OTHER_PROTOCOL=Outcome.REFUSED)
UNREADY_REFUSED = sees(VIP=Outcome.REJECTED, UNREADY=Outcome.REFUSED, OTHER_PROTOCOL=Outcome.REFUSED)
API_1 = ObjectRef("Pod", "api-1", "shop")


def test_the_socket_table_shows_a_listener_on_loopback() -> None:
    case = examine(cluster(api()), "svc/api", listening(("TCP", "127.0.0.1", 8080)), attach=True)
    one = found(AppListensOnLoopback, case)
    assert refs(one) == ["Deployment shop/api", "Pod shop/api-1"]
    assert "Deployment shop/api listens on loopback only" in one.finding.title
    assert one.finding.evidence[0].text == "inside Pod shop/api-1: listens on 127.0.0.1:8080"
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.finding.fixes[0].command == "kubectl edit deployment/api -n shop"
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["AppListensOnLoopback"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"args": ["--bind", "127.0.0.1:8080"]}, "args"),
        ({"args": ["--host=::1", "--port=8080"]}, "args"),
        ({"args": ["-b", "localhost", "-p", "8080"]}, "args"),
        ({"command": ["python3", "-m", "http.server", "8080", "--bind", "127.0.0.1"]}, "command"),
        ({"command": ["sh", "-c", "exec serve --listen http://localhost:8080"]}, "command"),
    ],
)
def test_the_command_line_binds_loopback(fields: dict[str, list[str]], path: str) -> None:
    case = examine(cluster(api(containers=(container("app", 8080, **fields),))), "svc/api", REFUSED)
    one = found(AppListensOnLoopback, case)
    assert refs(one)[0] == f"Deployment shop/api spec.template.spec.containers[0].{path}"
    assert one.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["AppListensOnLoopback"]


@pytest.mark.parametrize(
    "args",
    [
        ["--bind", "0.0.0.0:8080"],
        ["--bind", "127.0.0.1:9000"],
        ["--upstream", "http://127.0.0.1:8080"],
        ["--db-host=localhost", "--db-port=5432"],
        ["--motto", "don't bind 127.0.0.1"],
    ],
    ids=["every address", "another port", "where it connects to", "another server", "a quote that does not match"],
)
def test_a_command_line_that_says_nothing_of_the_kind(args: list[str]) -> None:
    case = examine(cluster(api(containers=(container("app", 8080, args=args),))), "svc/api", REFUSED)
    assert AppListensOnLoopback().examine(case) is None
    assert codes(case) == ["NothingListening"]


@pytest.mark.parametrize(
    "line", ["Listening on 127.0.0.1:8080", "Server running at http://localhost:8080/", "bound to [::1]:8080"]
)
def test_the_log_names_loopback(line: str) -> None:
    case = examine(cluster(api()), "svc/api", REFUSED, logs={API_1: f"starting\n{line}\n"})
    one = found(AppListensOnLoopback, case)
    assert refs(one)[0] == "Deployment shop/api spec.template.spec.containers[0]"
    assert one.finding.evidence[0].text == line
    assert one.finding.certainty is Certainty.LIKELY


@pytest.mark.parametrize(
    "text",
    [
        "Listening on 127.0.0.1:8080\nListening on 0.0.0.0:8080",
        "dial tcp 127.0.0.1:8080: connection refused",
        "Listening on 127.0.0.1:80801",
    ],
    ids=["every address too", "a client's error", "another port"],
)
def test_a_log_that_says_nothing_of_the_kind(text: str) -> None:
    case = examine(cluster(api()), "svc/api", REFUSED, logs={API_1: text})
    assert AppListensOnLoopback().examine(case) is None


def test_the_socket_table_is_believed_more_than_the_command_line() -> None:
    bound = (container("app", 8080, args=["--bind", "127.0.0.1:8080"]),)
    case = examine(cluster(api(containers=bound)), "svc/api", listening(("TCP", "::1", 9000)), attach=True)
    assert AppListensOnLoopback().examine(case) is None


def test_a_readiness_probe_that_is_refused_for_that() -> None:
    probed = (container("app", 8080, readinessProbe={"tcpSocket": {"port": 8080}}, args=["--bind", "127.0.0.1:8080"]),)
    objects = [
        service("api"),
        *deployment("api", containers=probed),
        pod("api-1", "10.244.1.5", containers=probed, ready=False, owner="api"),
        endpoints("api", "!10.244.1.5"),
    ]
    case = examine(cluster(objects), "svc/api", UNREADY_REFUSED)
    assert found(AppListensOnLoopback, case).explains == {s.id for s in case.failed}
    assert codes(case) == ["AppListensOnLoopback"]


def test_a_pod_that_another_thing_keeps_from_being_ready() -> None:
    bound = (container("app", 8080, args=["--bind", "127.0.0.1:8080"]),)
    objects = [
        service("api"),
        pod("api-1", "10.244.1.5", containers=bound, ready=False),
        endpoints("api", "!10.244.1.5"),
    ]
    assert AppListensOnLoopback().examine(examine(cluster(objects), "svc/api", UNREADY_REFUSED)) is None


def test_behind_a_sidecar_that_answers_loopback_is_right() -> None:
    bound = (container("app", 8080, args=["--bind", "127.0.0.1:8080"]),)
    case = examine(cluster(api(containers=bound)), "svc/api", sees())
    assert ruled_out(AppListensOnLoopback, case) == "the port answers at the pods' addresses"
    assert codes(case) == []


def test_without_a_refusal_a_command_line_proves_nothing() -> None:
    bound = (container("app", 8080, args=["--bind", "127.0.0.1:8080"]),)
    assert AppListensOnLoopback().examine(examine(cluster(api(containers=bound)), "svc/api")) is None


def test_nothing_listens() -> None:
    case = examine(cluster(api()), "svc/api", REFUSED)
    one = found(NothingListening, case)
    assert refs(one) == ["Deployment shop/api spec.template.spec.containers", "Pod shop/api-1"]
    assert one.finding.title == "nothing listens on port 8080/TCP of Deployment shop/api"
    assert one.finding.certainty is Certainty.LIKELY
    assert [fix.command for fix in one.finding.fixes] == ["kubectl logs pod/api-1 -n shop"]
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["NothingListening"]


def test_the_socket_table_confirms_that_nothing_listens() -> None:
    case = examine(cluster(api()), "svc/api", listening(), attach=True)
    one = found(NothingListening, case)
    assert "Its socket table confirms that." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN


@pytest.mark.parametrize("socket", [("TCP", "127.0.0.1", 8080), ("UDP", "0.0.0.0", 8080), ("TCP", "::", 9000)])
def test_sockets_that_do_not_serve_the_port_at_the_pods_address(socket: tuple[str, str, int]) -> None:
    case = examine(cluster(api()), "svc/api", listening(socket), attach=True)
    one = found(NothingListening, case)
    assert "Its socket table confirms that." in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN


@pytest.mark.parametrize(("address", "shown"), [("0.0.0.0", "0.0.0.0:8080"), ("::", "[::]:8080")])
def test_a_refusal_although_a_socket_listens(address: str, shown: str) -> None:
    sockets = (("TCP", "127.0.0.1", 8080), ("TCP", address, 8080))
    case = examine(cluster(api()), "svc/api", listening(*sockets), attach=True)
    one = found(NothingListening, case)
    assert one.finding.title == "pod api-1 (10.244.1.5:8080) refuses, although a socket listens there"
    assert f"its socket table has a listener on {shown}" in one.finding.explanation
    assert "So something else sends the RST" in one.finding.explanation
    assert "confirms" not in one.finding.explanation
    assert one.finding.evidence[-1].text == f"inside Pod shop/api-1: listens on {shown}"
    assert one.finding.certainty is Certainty.LIKELY
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["NothingListening"]


def test_nothing_listens_in_a_bare_pod_that_was_asked_for() -> None:
    case = examine(cluster(pod("api-1", "10.244.1.5")), "pod/api-1:8080", REFUSED)
    assert refs(found(NothingListening, case)) == ["Pod shop/api-1 spec.containers"]


def test_one_of_two_endpoints_refuses() -> None:
    objects = [
        service("api"),
        pod("api-1", "10.244.1.5"),
        pod("api-2", "10.244.2.6"),
        endpoints("api", "10.244.1.5", "10.244.2.6"),
    ]
    see = unless(sees(OTHER_PROTOCOL=Outcome.REFUSED), **{"10.244.2.6": Outcome.REFUSED})
    case = examine(cluster(objects), "svc/api", see)
    assert refs(found(NothingListening, case)) == ["Pod shop/api-2 spec.containers"]
    assert codes(case) == ["NothingListening"]


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.REJECTED])
def test_silence_and_errors_of_a_router_are_no_refusal(outcome: Outcome) -> None:
    case = examine(cluster(api()), "svc/api", sees(VIP=outcome, BACKEND=outcome, OTHER_PROTOCOL=outcome))
    assert NothingListening().examine(case) is None


def test_an_endpoint_that_is_not_ready_gets_nothing() -> None:
    objects = [service("api"), pod("api-1", "10.244.1.5", ready=False), endpoints("api", "!10.244.1.5")]
    case = examine(cluster(objects), "svc/api", UNREADY_REFUSED)
    assert NothingListening().examine(case) is None
    assert codes(case) == ["NoReadyEndpoints"]


def test_nothing_listening_is_ruled_out_by_an_answer() -> None:
    assert ruled_out(NothingListening, examine(cluster(api()), "svc/api", sees())) == "the target port answers"
