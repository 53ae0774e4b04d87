from __future__ import annotations

import pytest

from netdoctor.cluster.flags import option
from netdoctor.cluster.objects import Container, PodSpec


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (("proxy", "--mode=ipvs"), "ipvs"),
        (("proxy", "-mode", "ipvs", "-v", "2"), "ipvs"),
        (("proxy", "--mode", "--other"), "true"),
        (("proxy", "--mode"), "true"),
        (("proxy", "--mode="), ""),
        (("proxy", "--other-mode=x", "mode"), None),
    ],
)
def test_option(command: tuple[str, ...], value: str | None) -> None:
    first = Container(name="first", command=("sleep", "1"))
    assert (
        option(PodSpec(containers=(first, Container(name="c", command=command[:1], args=command[1:]))), "mode") == value
    )
