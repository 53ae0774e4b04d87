"""The search walk as a play: what is asked, what came of it, and what the application is told."""

from __future__ import annotations

import pytest

from netdoctor_probe.glibc import Status, failed, one_round, search, together
from netdoctor_probe.resolv_conf import ResolvConf

CLUSTER = ResolvConf(search=("ns.svc", "svc", "lan"), ndots=5)
S = Status
Script = list[tuple[str, Status]]


@pytest.mark.parametrize(
    ("name", "conf", "script", "told"),
    [
        pytest.param("db", CLUSTER, [("db.ns.svc", S.ANSWERED)], S.ANSWERED, id="the first domain has it"),
        pytest.param(
            "db.prod",
            CLUSTER,
            [("db.prod.ns.svc", S.NXDOMAIN), ("db.prod.svc", S.ANSWERED)],
            S.ANSWERED,
            id="the second domain has it",
        ),
        pytest.param(
            "example.com",
            CLUSTER,
            [
                ("example.com.ns.svc", S.NXDOMAIN),
                ("example.com.svc", S.NXDOMAIN),
                ("example.com.lan", S.NXDOMAIN),
                ("example.com", S.ANSWERED),
            ],
            S.ANSWERED,
            id="fewer dots than ndots: as it is comes last",
        ),
        pytest.param(
            "a.b.c.d.e.f",
            CLUSTER,
            [("a.b.c.d.e.f", S.NXDOMAIN), ("a.b.c.d.e.f.ns.svc", S.ANSWERED)],
            S.ANSWERED,
            id="enough dots: as it is comes first, and the list follows",
        ),
        pytest.param(
            "a.b.c.d.e.f",
            CLUSTER,
            [
                ("a.b.c.d.e.f", S.TIMEOUT),
                ("a.b.c.d.e.f.ns.svc", S.NO_DATA),
                ("a.b.c.d.e.f.svc", S.NXDOMAIN),
                ("a.b.c.d.e.f.lan", S.NXDOMAIN),
            ],
            S.TIMEOUT,
            id="as it is came first, so its status is told",
        ),
        pytest.param("db.", CLUSTER, [("db", S.NXDOMAIN)], S.NXDOMAIN, id="a trailing dot ends it"),
        pytest.param(
            "db",
            CLUSTER,
            [("db.ns.svc", S.NO_DATA), ("db.svc", S.SERVFAIL), ("db.lan", S.NXDOMAIN), ("db", S.NXDOMAIN)],
            S.NO_DATA,
            id="no data is remembered over SERVFAIL and NXDOMAIN",
        ),
        pytest.param(
            "db",
            CLUSTER,
            [("db.ns.svc", S.SERVFAIL), ("db.svc", S.NXDOMAIN), ("db.lan", S.NXDOMAIN), ("db", S.NXDOMAIN)],
            S.SERVFAIL,
            id="SERVFAIL is remembered over NXDOMAIN",
        ),
        pytest.param(
            "db", CLUSTER, [("db.ns.svc", S.TIMEOUT), ("db", S.TIMEOUT)], S.TIMEOUT, id="silence ends the list only"
        ),
        pytest.param(
            "db", CLUSTER, [("db.ns.svc", S.FAILED), ("db", S.ANSWERED)], S.ANSWERED, id="REFUSED ends the list only"
        ),
        pytest.param("db", CLUSTER, [("db.ns.svc", S.NO_SERVER)], S.NO_SERVER, id="no server ends it all"),
        pytest.param("db", ResolvConf(), [("db", S.NXDOMAIN)], S.NXDOMAIN, id="no list"),
        pytest.param(
            "db",
            ResolvConf(search=(".", "lan")),
            [("db", S.NXDOMAIN), ("db.lan", S.NXDOMAIN)],
            S.NXDOMAIN,
            id="the root in the list stands for the name as it is",
        ),
        pytest.param(
            "db", ResolvConf(search=("lan",), ndots=0), [("db", S.ANSWERED)], S.ANSWERED, id="ndots 0: always as it is"
        ),
    ],
)
def test_search(name: str, conf: ResolvConf, script: Script, told: Status) -> None:
    assert played(name, conf, [status for _, status in script]) == ([asked for asked, _ in script], told)


def played(name: str, conf: ResolvConf, statuses: list[Status]) -> tuple[list[str], Status]:
    """The names asked when these are their statuses, and what the application is told."""
    walk = search(name, conf)
    asked = [next(walk)]
    for status in statuses:
        try:
            asked.append(walk.send(status))
        except StopIteration as stop:
            return asked, stop.value
    pytest.fail(f"asked for {asked[-1]} too")


@pytest.mark.parametrize(
    ("a", "aaaa", "both"),
    [
        (S.ANSWERED, S.NO_DATA, S.ANSWERED),
        (S.SERVFAIL, S.ANSWERED, S.ANSWERED),
        (S.NO_DATA, S.NO_DATA, S.NO_DATA),
        (S.NO_DATA, S.SERVFAIL, S.SERVFAIL),
        (S.NXDOMAIN, S.NO_DATA, S.NXDOMAIN),
        (S.NO_DATA, S.TIMEOUT, S.NO_DATA),
        (S.TIMEOUT, S.NXDOMAIN, S.NXDOMAIN),
        (S.TIMEOUT, S.TIMEOUT, S.TIMEOUT),
        (S.NO_SERVER, S.NO_SERVER, S.NO_SERVER),
    ],
)
def test_two_answers_make_one_status(a: Status, aaaa: Status, both: Status) -> None:
    assert together(a, aaaa) is both


@pytest.mark.parametrize(
    ("tried", "status"),
    [
        ([S.TIMEOUT, S.SERVFAIL], S.SERVFAIL),
        ([S.NO_SERVER, S.TIMEOUT], S.TIMEOUT),
        ([S.NO_SERVER, S.NO_SERVER], S.NO_SERVER),
    ],
)
def test_when_no_server_answered_for_good(tried: list[Status], status: Status) -> None:
    assert failed(tried) is status


def test_servers_take_turns_and_wait_longer() -> None:
    conf = ResolvConf(nameservers=("1.1.1.1", "2.2.2.2", "3.3.3.3"), timeout=5)
    assert list(one_round(conf, 0)) == [("1.1.1.1", 5.0), ("2.2.2.2", 3.0), ("3.3.3.3", 6.0)]


def test_rotate_begins_one_further_with_each_name() -> None:
    conf = ResolvConf(nameservers=("1.1.1.1", "2.2.2.2"), rotate=True)
    order = [[server for server, _ in one_round(conf, turn)] for turn in range(3)]
    assert order == [["1.1.1.1", "2.2.2.2"], ["2.2.2.2", "1.1.1.1"], ["1.1.1.1", "2.2.2.2"]]
