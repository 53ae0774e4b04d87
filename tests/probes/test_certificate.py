"""Certificates read as OpenSSL reads them, and hostile ones refused."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor_probe import der
from netdoctor_probe.certificate import MOST_BYTES, Certificate, matches, read
from netdoctor_probe.der import DerError, dotted
from tests.probes.certificates import Made, authority, issue

NAMES = ("DNS:shop.example", "DNS:*.shop.example", "IP:10.1.2.3", "IP:fd00::7", "email:a@shop.example")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return issue(tmp_path_factory.mktemp("pki"), "/C=DE/O=Läden/CN=shop", *NAMES)


def as_openssl_says(made: Made, field: str) -> str:
    command = ["openssl", "x509", "-noout", "-in", str(made.certificate), f"-{field}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return said.partition("=")[2].strip()


def moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def test_as_openssl_reads_it(made: Made) -> None:
    found = read(made.der)
    assert found.names == ("shop.example", "*.shop.example", "10.1.2.3", "fd00::7")
    assert (found.subject, found.issuer) == ("C=DE, O=Läden, CN=shop",) * 2
    assert found.not_before == moment(as_openssl_says(made, "startdate"))
    assert found.not_after == moment(as_openssl_says(made, "enddate"))
    assert found.self_issued


def test_fingerprint(made: Made) -> None:
    command = ["openssl", "x509", "-noout", "-in", str(made.certificate), "-fingerprint", "-sha256"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert read(made.der).sha256 == said.partition("=")[2].strip().replace(":", "").lower()


def test_issued_by_another(tmp_path: Path) -> None:
    found = read(issue(tmp_path, "/CN=shop", by=authority(tmp_path, "/CN=Ours")).der)
    assert (found.issuer, found.self_issued, found.names) == ("CN=Ours", False, ())


def test_years_of_four_digits(tmp_path: Path) -> None:
    found = read(issue(tmp_path, "/CN=shop", days=50 * 365).der)  # from 2050 on: GeneralizedTime
    assert found.not_after - found.not_before == timedelta(days=50 * 365)


def test_dates() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    one = Certificate("", "", (), day, day + timedelta(days=1), "", self_issued=True)
    assert [one.dates_problem(day + timedelta(days=d)) for d in (-1, 0, 1, 2)] == ["notYetValid", None, None, "expired"]


def test_many_names_are_cut() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    names = tuple(f"n{n}.example" for n in range(130))
    detail = Certificate("", "", names, day, day, "", self_issued=False).detail()
    assert (len(detail["names"]), detail["moreNames"]) == (100, 30)


def test_long_names_are_cut_and_match_nothing(tmp_path: Path) -> None:
    long = "a." * 150 + "example"
    found = read(issue(tmp_path, "/CN=shop" + "/OU=x" * 45, f"DNS:{long}").der)
    (name,) = found.names
    assert len(name) == len(found.subject) == len(found.issuer) == 256
    assert (name[-1], found.subject[-1]) == ("…", "…")
    assert not found.covers(long)


def test_a_certificate_for_very_many_names_is_refused(tmp_path: Path) -> None:
    names = [f"DNS:n{number}" for number in range(2001)]
    with pytest.raises(DerError, match="over 2000 names"):
        read(issue(tmp_path, "/CN=many", *names).der)
    assert len(read(issue(tmp_path, "/CN=fewer", *names[1:]).der).names) == 2000


@given(st.binary(max_size=300))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(DerError):
        read(data)


@given(data=st.data())
def test_no_damage_is_more_than_an_error(made: Made, data: st.DataObject) -> None:
    damaged = bytearray(made.der)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DerError):
        found = read(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
        assert all(text.isprintable() for text in (found.subject, found.issuer, *found.names))


def test_too_large_is_refused(made: Made) -> None:
    with pytest.raises(DerError, match=f"over {MOST_BYTES}"):
        read(made.der + bytes(MOST_BYTES))


def test_nothing_may_follow(made: Made) -> None:
    with pytest.raises(DerError, match="behind"):
        read(made.der + b"\0")


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("shop.example", "shop.example"),
        ("Shop.Example", "SHOP.example."),
        ("*.shop.example", "a.shop.example"),
        ("10.0.0.1", "10.0.0.1"),
        ("fd00::7", "fd00:0:0:0:0:0:0:7"),
        ("xn--lden-loa.example", "läden.example"),
    ],
)
def test_matching(pattern: str, host: str) -> None:
    assert matches(pattern, host)


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("*.shop.example", "shop.example"),
        ("*.shop.example", "a.b.shop.example"),
        ("*.shop.example", ".shop.example"),
        ("a*.shop.example", "ab.shop.example"),
        ("a.*.example", "a.b.example"),
        ("*.example", "a.example"),
        ("*", "shop"),
        ("shop", "shop.default"),
        ("*.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "010.0.0.1"),
    ],
)
def test_not_matching(pattern: str, host: str) -> None:
    assert not matches(pattern, host)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=6), st.integers(0, 2), st.integers(0, 39))
def test_object_identifiers(rest: list[int], first: int, second: int) -> None:
    numbers = [first * 40 + second, *rest]
    assert dotted(b"".join(map(base_128, numbers))) == ".".join(map(str, (first, second, *rest)))


def base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def test_an_identifier_of_any_length_is_no_number_to_print() -> None:
    with pytest.raises(DerError):
        dotted(b"\xff" * 4000 + b"\x01")


def test_elements_one_by_one() -> None:
    parts = der.Parts(bytes((0x02, 1, 5, 0x04, 0)))
    assert parts.optional(der.OCTET_STRING) is None
    assert parts.take(der.INTEGER).content == b"\5"
    assert [one.tag for one in parts] == [der.OCTET_STRING]
