"""Every scenario in every mode that it names."""

from __future__ import annotations

import pytest

from e2e.runner.static import run_static
from netdoctor.lab.scenario import Mode, Scenario


def test_scenario(scenario: Scenario, mode: Mode, request: pytest.FixtureRequest) -> None:
    """What must come out, comes out."""
    static = mode == "static"
    result = run_static(scenario) if static else request.getfixturevalue(f"{mode}_runs").result(scenario)
    if result.failures:
        pytest.fail("\n\n".join(result.failures), pytrace=False)
