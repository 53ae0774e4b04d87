from __future__ import annotations

import pytest

from tests.lab.builders import container, lab, pod, workload
from tests.lab.kubectl.shell import Shell

BROKEN = container("http:8080", readinessProbe={"tcpSocket": {"port": 1}})


@pytest.fixture
def shell() -> Shell:
    return Shell(lab(pod("good", labels={"app": "a"}), pod("bad", BROKEN), workload("Deployment", "web")))


@pytest.mark.parametrize(
    "line",
    [
        "wait pod good -n shop --for=condition=Ready --timeout=5s",
        "wait pod bad -n shop --for=condition=ready=false",
        "wait deploy/web -n shop --for=condition=Available",
        "wait pod -n shop -l app=a --for=condition=Ready",
        "wait pod/good -n shop --for=jsonpath='{.status.phase}'=Running",
        "wait pod/good -n shop --for=jsonpath='{.status.podIP}'",
        "wait ns shop --for=create",
        "wait pod/gone -n shop --for=delete",
    ],
)
def test_what_holds_is_said_at_once(shell: Shell, line: str) -> None:
    assert shell(line).endswith(" condition met")


def test_that_nothing_selected_is_there_is_what_delete_waits_for(shell: Shell) -> None:
    assert not shell("wait pod -n shop -l app=gone --for=delete")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wait pod bad -n shop --for=condition=Ready", "error: timed out waiting for the condition on pods/bad"),
        ("wait pod good -n shop --for=delete", "error: timed out waiting for the condition on pods/good"),
        ("wait pod -l a=b -n shop --for=condition=Ready", "error: no matching resources found"),
        ("wait pod/x -n shop --for=condition=Ready", 'Error from server (NotFound): pods "x" not found'),
        ("wait pod/good -n shop --for=luck", 'error: unrecognized condition: "luck"'),
        (
            "wait pod/good -n shop --for=jsonpath='{.status.phase}'=Gone",
            "error: timed out waiting for the condition on pods/good",
        ),
    ],
)
def test_what_does_not_hold_never_will(shell: Shell, line: str, said: str) -> None:
    assert shell(line, code=1) == said
