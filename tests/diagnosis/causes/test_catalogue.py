"""What holds for the causes together."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.cause import Cause
from netdoctor.diagnosis.causes import ALL


@pytest.mark.parametrize("cause", ALL, ids=lambda cause: cause.code)
def test_a_cause_yields_to_known_causes_only(cause: Cause) -> None:
    assert set(cause.yields_to) <= {known.code for known in ALL} - {cause.code}
