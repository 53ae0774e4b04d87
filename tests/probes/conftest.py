from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.probes.network import V4, V6, Addresses, Network, network, unable


@pytest.fixture(scope="session")
def net() -> Iterator[Network]:
    if because := unable():
        pytest.skip(because)
    with network() as made:
        yield made


@pytest.fixture(params=[V4, V6], ids=["IPv4", "IPv6"])
def addresses(request: pytest.FixtureRequest) -> Addresses:
    found = request.param
    assert isinstance(found, Addresses)
    return found
