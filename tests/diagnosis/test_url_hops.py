"""The last steps of a URL in the report."""

from __future__ import annotations

from netdoctor.diagnosis.url_hops import url_hops
from netdoctor.model.probe import Outcome
from tests.diagnosis.builders import api, cluster, examine, sees
from tests.diagnosis.causes.test_certificates import HTTPS, answer, shown


def hops(url: str, **by_aim: object) -> list[tuple[str, str, bool | None]]:
    case = examine(cluster(api(HTTPS)), url, sees(**by_aim))  # type: ignore[arg-type]
    return [(hop.name, hop.seen, hop.ok) for hop in url_hops(case, case.path.routes[0])]


def test_the_certificate_and_the_answer() -> None:
    assert hops("https://api.shop/cart", TLS=shown(), URL=answer(404)) == [
        ("TLS (api.shop; from CN=Ours; until 2025-06-02)", "2x ok", True),
        ("GET https://api.shop/cart (HTTP status 404)", "2x ok", True),
    ]


def test_no_handshake() -> None:
    assert hops("https://api.shop/", TLS=Outcome.TLS_ERROR, URL=Outcome.TLS_ERROR) == [
        ("TLS", "2x tlsError", False),
        ("GET https://api.shop/", "2x tlsError", False),
    ]


def test_what_nobody_asked_for_is_neither_right_nor_wrong() -> None:
    names = tuple(f"n{n}.example" for n in range(6))
    told = "n0.example, n1.example, n2.example, n3.example and 2 more; from CN=Ours; until 2025-06-02"
    assert hops("svc/api", TLS_NOTED=shown("name", names=names)) == [("TLS 443/TCP", told, None)]


def test_without_tls() -> None:
    assert hops("http://api.shop:443/", URL=answer()) == [("GET http://api.shop:443/ (HTTP status 200)", "2x ok", True)]
