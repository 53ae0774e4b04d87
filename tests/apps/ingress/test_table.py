"""Which route a request takes."""

from __future__ import annotations

import pytest

from netdoctor_apps.ingress.table import table_of

from .documents import document, route

TABLE = table_of(
    document(
        route("shop.example", "/", 1),
        route("shop.example", "/api", 2),
        route("shop.example", "/api/v2/", 3),
        route("shop.example", "/api", 4, exact=True),
        route("*.example", "/", 5),
        route("", "/health", 6, exact=True),
        certificates=[
            {"hosts": ["shop.example", "other.example"], "certificate": "A", "key": "a"},
            {"hosts": ["*.example"], "certificate": "B", "key": "b"},
        ],
    )
)


@pytest.mark.parametrize(
    ("host", "path", "port"),
    [
        ("shop.example", "/", 1),
        ("shop.example", "/apis", 1),
        ("shop.example", "/API", 1),
        ("shop.example", "/api", 4),
        ("shop.example", "/api/", 2),
        ("shop.example", "/api/v1", 2),
        ("shop.example", "/api/v2", 3),
        ("shop.example", "/api/v2/x", 3),
        ("shop.example", "/api/v22", 2),
        ("shop.example", "/health", 1),
        ("blog.example", "/health", 5),
        ("a.b.example", "/", None),
        ("a.b.example", "/health", 6),
        ("example", "/", None),
        ("", "/health", 6),
        ("", "/health/", None),
    ],
)
def test_the_longest_path_of_the_most_precise_host(host: str, path: str, port: int | None) -> None:
    found = TABLE.find(host, path)
    assert (found.backend.endpoints[0][1] if found else None) == port


@pytest.mark.parametrize(
    ("host", "certificate"),
    [("shop.example", "A"), ("other.example", "A"), ("blog.example", "B"), ("a.b.example", None), ("", None)],
)
def test_the_certificate_of_a_host(host: str, certificate: str | None) -> None:
    found = TABLE.certificate_for(host)
    assert (found.certificate if found else None) == certificate


@pytest.mark.parametrize("broken", [[], {}, {"routes": [{}], "certificates": []}, {"routes": [], "certificates": [1]}])
def test_what_is_no_table(broken: object) -> None:
    with pytest.raises(ValueError, match="no routes"):
        table_of(broken)
