"""Hostnames in common, by the Gateway API reference, Listener.hostname and HTTPRouteSpec.hostnames."""

from __future__ import annotations

import pytest

from netdoctor.path.gateway.hostnames import served


@pytest.mark.parametrize(
    ("listener", "hostname", "common"),
    [
        ("test.example.com", "test.example.com", "test.example.com"),
        ("test.example.com", "*.example.com", "test.example.com"),
        ("test.example.com", "example.com", None),
        ("test.example.com", "*.test.example.com", None),
        ("*.example.com", "*.example.com", "*.example.com"),
        ("*.example.com", "test.example.com", "test.example.com"),
        ("*.example.com", "foo.test.example.com", "foo.test.example.com"),  # not so in an Ingress
        ("*.example.com", "*.test.example.com", "*.test.example.com"),
        ("*.test.example.com", "*.example.com", "*.test.example.com"),
        ("*.example.com", "example.com", None),
        ("*.example.com", "test.example.net", None),
        ("*.example.com", "testexample.com", None),
        ("Test.Example.com", "test.example.COM", "test.example.com"),
        ("", "test.example.com", "test.example.com"),
    ],
)
def test_one_hostname(listener: str, hostname: str, common: str | None) -> None:
    assert served(listener, [hostname]) == ((common,) if common else ())


@pytest.mark.parametrize("listener", ["", "test.example.com", "*.example.com"])
def test_a_route_without_hostnames_has_those_of_the_listener(listener: str) -> None:
    assert served(listener, []) == (listener,)


def test_only_those_in_common_are_served() -> None:
    """The reference: of a route's hostnames, those that do not match the listener's must not be considered."""
    assert served("*.example.com", ["a.example.com", "example.com", "a.example.com", "b.example.net"]) == (
        "a.example.com",
    )
