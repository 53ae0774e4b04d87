"""TLS: a handshake, the certificates that the server sends, and which step of their verification fails."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from netdoctor_probe import secured, tcp
from netdoctor_probe.attempt import Seen, repeated
from netdoctor_probe.certificate import Certificate, read, rfc3339
from netdoctor_probe.der import DerError
from netdoctor_probe.kernel import local_address
from netdoctor_probe.loop import Task
from netdoctor_probe.secured import Connection, NotVerifiedError
from netdoctor_probe.wire import Observation, Outcome, Probe

# X509_V_ERR_… of OpenSSL (openssl-verification-options(1)).
_NOT_YET_VALID, _EXPIRED = 9, 10
_CHAIN_PROBLEMS = {
    _NOT_YET_VALID: "issuerNotYetValid",  # unless it is the server's own
    _EXPIRED: "issuerExpired",
    18: "selfSigned",
    19: "unknownIssuer",  # the chain ends in a root that is not trusted
    20: "unknownIssuer",  # the chain's last issuer is not known
    21: "unknownIssuer",  # the same, where one certificate was sent
}
_OWN_DATES = {"expired": "issuerExpired", "notYetValid": "issuerNotYetValid"}


def run(probe: Probe) -> Task[Observation]:
    """Connects as `tcp` does and shakes hands for `probe.name` (SNI; default: none, and the address is verified).

    The chain is verified against `probe.ca`, or the system's roots. Where that fails, a second connection reads what
    the server sends. With `probe.trust` = any the issuer does not matter: its problems are in the detail only.

    Detail: version; certificate (see `Certificate.detail`); chain = how many certificates the server sent;
    covers = whether the certificate is for the name; problems = a list of expired, notYetValid, name, selfSigned,
    unknownIssuer, issuerExpired, issuerNotYetValid, notTrusted, unreadable; verification {ok: true, false, or null
    where nothing could be verified; code and because: OpenSSL's}; clock = this machine's time (RFC 3339).
    Outcomes: ok; tlsError = a problem, or no handshake (then detail.reason); badResponse = not TLS; reset; and those
    of `tcp`.
    """
    trusting = secured.verifying(probe.ca)

    def attempt(until: float) -> Task[Seen]:
        verification: dict[str, Any] = {"ok": True}
        try:
            detail, chain = yield from _connected(probe, trusting, until)
        except NotVerifiedError as refused:
            verification = {"ok": False, "code": refused.code, "because": refused.words}
            detail, chain = yield from _connected(probe, secured.unverified(), until)
        if not verification["ok"] and not probe.ca and not secured.has_roots():
            verification = {"ok": None, "because": "no root certificates are installed here"}
        judged = judge(chain, probe.name or probe.host, verification, datetime.now(UTC))
        wrong = [one for one in judged["problems"] if probe.trust != "any" or one not in ISSUER_PROBLEMS]
        return Seen(Outcome.TLS_ERROR if wrong else Outcome.OK, probe.host, {**detail, **judged})

    return repeated(probe, attempt)


#: Problems that depend on whom a client trusts.
ISSUER_PROBLEMS = ("selfSigned", "unknownIssuer", "notTrusted")


def _connected(probe: Probe, context: ssl.SSLContext, until: float) -> Task[tuple[dict[str, Any], tuple[bytes, ...]]]:
    with (yield from tcp.connect(probe.host, probe.port, until)) as sock:
        connection = Connection(sock, context, probe.name or probe.host)
        detail = {"localAddress": local_address(sock)}
        yield from connection.handshake(until)
        return {**detail, "version": connection.version}, connection.chain()


def judge(chain: tuple[bytes, ...], host: str, verification: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What is wrong with a chain as it was sent, for a host at a time; the JSON form of an observation's detail."""
    judged: dict[str, Any] = {"chain": len(chain), "verification": verification, "clock": rfc3339(now)}
    try:
        certificate = read(chain[0]) if chain else None
    except DerError as error:
        return {**judged, "problems": ["unreadable"], "because": f"the certificate cannot be read: {error}"}
    if certificate is None:
        return {**judged, "problems": ["unreadable"], "because": "the server sent no certificate"}
    covers = certificate.covers(host)
    problems = [*_problems(certificate, verification, now), *([] if covers else ["name"])]
    return {**judged, "certificate": certificate.detail(), "covers": covers, "problems": problems}


def _problems(certificate: Certificate, verification: dict[str, Any], now: datetime) -> Iterator[str]:
    dates = certificate.dates_problem(now)
    if dates:
        yield dates
    if verification["ok"] is False:
        problem = _CHAIN_PROBLEMS.get(verification["code"], "notTrusted")
        if problem != _OWN_DATES.get(dates or ""):
            yield problem
