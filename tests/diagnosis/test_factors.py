"""Which factor made the difference between a probe that passed and one that failed."""

from __future__ import annotations

import pytest

from netdoctor.model.probe import Outcome, Position, Probe
from netdoctor.probing.plan import Aimed
from tests.diagnosis.builders import (
    See,
    Sight,
    cluster,
    container,
    deployment,
    endpoints,
    examine,
    pod,
    policy,
    report,
    sees,
    service,
    unless,
    web,
)

PODS = [
    pod("api-1", "10.244.1.5", owner="api", containers=(container("app", 8080),)),
    pod("api-2", "10.244.2.6", owner="api", containers=(container("app", 8080),), node="worker-2"),
]


def differences(see: See, source: str | None = None) -> dict[str, str]:
    objects = [
        service("api"),
        *deployment("api"),
        *PODS,
        endpoints("api", "10.244.1.5", "10.244.2.6"),
        *web(),
        policy("api", {"app": "api"}, ingress=[{}]),
    ]
    case = examine(cluster(objects), "svc/api", see, source=source)
    return {contrast.factor: contrast.text for contrast in report(case).contrasts}


def by_position(**outcomes: Outcome) -> See:
    """Connections end otherwise for some roles or nodes."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if probe.kind != "tcp":
            return Outcome.OK
        return outcomes.get(position.role.name, outcomes.get((position.node or "").replace("-", "_"), Outcome.OK))

    return see


def test_nothing_differs_where_all_passes_or_nothing_does() -> None:
    assert differences(sees()) == {}
    assert differences(sees(Outcome.TIMEOUT)) == {}


@pytest.mark.parametrize(
    ("see", "factor", "text"),
    [
        (
            sees(VIP=Outcome.TIMEOUT),
            "name, ClusterIP or endpoint",
            "By the endpoint's own address it works, by the ClusterIP it does not (timeout)",
        ),
        (
            by_position(worker_2=Outcome.TIMEOUT),
            "from which node",
            "From worker-1 it works, from worker-2 it does not (timeout)",
        ),
        (
            unless(sees(), **{"10.244.1.5": Outcome.REFUSED}),
            "which of several",
            "At 10.244.2.6 it works, at 10.244.1.5 it does not (refused)",
        ),
    ],
)
def test_the_factor_that_alone_differs_is_named(see: See, factor: str, text: str) -> None:
    assert differences(see).get(factor) == text


def test_who_asks_makes_the_difference_under_a_policy() -> None:
    found = differences(by_position(SOURCE=Outcome.TIMEOUT), "deploy/web")
    assert found["who asks"] == "As a neutral pod it works, as the source it does not (timeout)"


def test_another_protocol_that_nobody_serves_is_no_difference() -> None:
    assert differences(sees(OTHER_PROTOCOL=Outcome.REFUSED, OTHER_PORT=Outcome.REFUSED)) == {}
