"""Which tests of a run were selected, for fixtures that begin all of their work at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest


def parameters_of(request: pytest.FixtureRequest, test: str) -> Iterator[Mapping[str, object]]:
    """The parameters of each selected test with that function's name, in the fixture's own module."""
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.originalname == test and item.path == request.path:
            yield item.callspec.params
