"""The certificates that servers showed to probes, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.model.report import Untested
from netdoctor.probing.aims import Aim

DATES = ("expired", "notYetValid", "issuerExpired", "issuerNotYetValid")
_NAMES_TOLD = 4
_WORDS = {
    "selfSigned": "it is signed by itself, and by no CA that the probe knows",
    "unknownIssuer": "the probe does not know its issuer",
    "notTrusted": "it does not pass verification",
    "unreadable": "no certificate could be read",
}


class Served(msgspec.Struct, frozen=True, rename="camel"):
    """A certificate as a probe's detail has it (`netdoctor_probe.certificate`)."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    sha256: str
    names: tuple[str, ...] = ()
    more_names: int = 0
    self_issued: bool = False

    @property
    def label(self) -> str:
        """For which names it is, at most four of them; without any, its subject."""
        if not self.names:
            return f"{self.subject or 'nobody'}, for no name"
        more = len(self.names) - _NAMES_TOLD + self.more_names
        return ", ".join(self.names[:_NAMES_TOLD]) + (f" and {more} more" if more > 0 else "")


def served(seen: Seen) -> Served | None:
    """The certificate that a TLS probe was shown; None where there was none."""
    try:
        return msgspec.convert(seen.observed.observation.detail.get("certificate"), Served)
    except msgspec.ValidationError:
        return None


def problems(seen: Seen) -> tuple[str, ...]:
    """What is wrong with it, as the agent's `tls` lists it."""
    return tuple(seen.observed.observation.detail.get("problems", ()))


def clock(seen: Seen) -> datetime | None:
    """The time at the probe when it saw the certificate."""
    return moment(str(seen.observed.observation.detail.get("clock", "")))


def moment(text: str) -> datetime | None:
    """A time in RFC 3339; None for what is none."""
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None


def certificates_shown(seen: Sequence[Seen]) -> tuple[str, ...]:
    """Each certificate once: for whom, from whom, until when."""
    found = dict.fromkeys(one for s in seen if (one := served(s)))
    return tuple(f"{one.label}; from {_issuer(one)}; until {one.not_after:%Y-%m-%d}" for one in found)


def _issuer(one: Served) -> str:
    return "itself" if one.self_issued else one.issuer or "nobody"


def untested_trust(case: Case) -> Iterator[Untested]:
    """Certificates of which nobody can say whether clients trust them: the probe had nothing to verify them with."""
    for seen in case.of(Aim.TLS):
        verification = seen.observed.observation.detail.get("verification", {})
        certificate = served(seen)
        if certificate is None or not seen.ok or verification.get("ok"):
            continue
        what = f"whether clients trust the issuer of the certificate of {case.path.target.host}"
        said = verification.get("because", "")
        if verification.get("ok") is None:
            yield Untested(what, f"{said} (the probe's): give the CA with --ca-file")
        else:
            yield Untested(what, f"{_issuer(certificate)} issued it, which is no public CA: give its CA with --ca-file")


def tls_sentences(case: Case, failed: Collection[str]) -> Iterator[str]:
    """What is known of failed handshakes (ids) that no cause explains."""
    said = dict.fromkeys(text for s in case.of(Aim.TLS, Aim.URL) if s.id in failed for text in _sentences(s))
    yield from said


def _sentences(seen: Seen) -> Iterator[str]:
    detail = seen.observed.observation.detail
    host = seen.observed.probe.name or seen.observed.probe.host
    certificate = served(seen)
    found = [_WORDS[problem] for problem in problems(seen) if problem in _WORDS]
    if certificate and found:
        whose = "itself" if certificate.self_issued else certificate.issuer
        number = detail.get("chain", 0)
        yield (
            f"The certificate that {host} shows was issued by {whose}, and {' and '.join(found)} (the server sends "
            f"{number} certificate{'s' if number != 1 else ''}): a private CA, which --ca-file can name, an "
            "intermediate certificate that the server leaves out, or something on the way that answers in its place"
        )
    elif "reason" in detail:
        yield f"{host} ends the TLS handshake: {detail['because']}"
