"""What an X.509 certificate says of itself (RFC 5280): names, dates, issuer. Signatures are OpenSSL's business.

Standard library only: the agent and the command line both import this module.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from netdoctor_probe import der
from netdoctor_probe.der import DerError, Element, Parts
from netdoctor_probe.text import printable, shortened

MOST_BYTES = 1 << 17  # OpenSSL's own limit for a whole chain is 100 KiB
_NAMES_SHOWN = 100
_MOST_NAMES = 2000  # far more than public authorities issue certificates for
_MOST_CHARACTERS = 256  # of a name: more than any that DNS can look up (RFC 1035, 2.3.4), so none is matched cut
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
}
_ALTERNATIVE_NAMES = "2.5.29.17"
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87  # of GeneralName (RFC 5280, 4.2.1.6)
_UTF16 = 0x1E  # BMPString
_TIMES = {der.UTC_TIME: "%y%m%d%H%M%SZ", der.GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}
_LABELS_BEHIND_WILDCARD = 2


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate.

    Attributes:
        subject: as text: ``CN=shop.example, O=Example``; so is `issuer`. Untrusted, but printable, and cut where long.
        names: DNS names and IP addresses for which it is valid (subjectAltName), as text.
        not_before: in UTC; so is `not_after`, the last moment.
        sha256: fingerprint of the whole, in hexadecimal digits.
        self_issued: whether it names itself as issuer, as a self-signed one does.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str
    self_issued: bool

    def covers(self, host: str) -> bool:
        """Whether it is valid for a DNS name or an IP address."""
        return any(matches(name, host) for name in self.names)

    def dates_problem(self, now: datetime) -> str | None:
        """``expired``, ``notYetValid``, or None."""
        if now > self.not_after:
            return "expired"
        return "notYetValid" if now < self.not_before else None

    def detail(self) -> dict[str, Any]:
        """The JSON form in an observation's detail; of very many names the first, with `moreNames`."""
        more = len(self.names) - _NAMES_SHOWN
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "names": [*self.names[:_NAMES_SHOWN]],
            **({"moreNames": more} if more > 0 else {}),
            "notBefore": rfc3339(self.not_before),
            "notAfter": rfc3339(self.not_after),
            "sha256": self.sha256,
            "selfIssued": self.self_issued,
        }


def rfc3339(moment: datetime) -> str:
    """``2026-11-23T22:00:00Z``, of a moment in UTC."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def matches(pattern: str, host: str) -> bool:
    """Whether a name in a certificate stands for a host (RFC 9525, 6.3 and 6.5).

    A wildcard is a whole first label and stands for exactly one; as OpenSSL has it, not for one below a single label
    (``*.com``). Addresses match in any spelling, and never a wildcard.
    """
    wanted = _address(host)
    if wanted is not None:
        return _address(pattern) == wanted
    pattern, host = pattern.lower().rstrip("."), _ascii(host)
    first, _, rest = pattern.partition(".")
    if first != "*":
        return pattern == host
    label, _, behind = host.partition(".")
    return bool(label) and behind == rest and rest.count(".") + 1 >= _LABELS_BEHIND_WILDCARD


def read(data: bytes) -> Certificate:
    """The certificate that these DER bytes are. Raises DerError, also for more names than are held."""
    if len(data) > MOST_BYTES:
        raise DerError(f"over {MOST_BYTES} bytes")
    body = der.whole(data).parts().take(der.SEQUENCE).parts()
    body.optional(0xA0)  # version
    body.take(der.INTEGER)  # serialNumber
    body.take(der.SEQUENCE)  # signature
    issuer = body.take(der.SEQUENCE)
    validity = body.take(der.SEQUENCE).parts()
    not_before, not_after = _time(validity), _time(validity)
    subject = body.take(der.SEQUENCE)
    body.take(der.SEQUENCE)  # subjectPublicKeyInfo
    body.optional(0x81), body.optional(0x82)  # unique identifiers
    extensions = body.optional(0xA3)
    return Certificate(
        subject=_name(subject),
        issuer=_name(issuer),
        names=_names(extensions) if extensions else (),
        not_before=not_before,
        not_after=not_after,
        sha256=hashlib.sha256(data).hexdigest(),
        self_issued=issuer.whole == subject.whole,
    )


def _time(validity: Parts) -> datetime:
    for tag, form in _TIMES.items():
        found = validity.optional(tag)
        if found is not None:
            try:
                return datetime.strptime(found.content.decode("ascii"), form).replace(tzinfo=UTC)
            except ValueError as error:
                raise DerError(f"no date: {error}") from error
    raise DerError("no date")


def _name(name: Element) -> str:
    """The well-known attributes of a Name."""
    shown = []
    for relative in name.parts():
        for attribute in relative.parts():
            parts = attribute.parts()
            kind = _ATTRIBUTES.get(der.dotted(parts.take(der.OID).content))
            value = next(iter(parts), None)
            if kind and value is not None:
                utf16 = value.tag == _UTF16
                text = value.content.decode("utf-16-be", "replace").encode() if utf16 else value.content
                shown.append(f"{kind}={printable(text)}")
    return shortened(", ".join(shown), _MOST_CHARACTERS)


def _names(extensions: Element) -> tuple[str, ...]:
    names = tuple(islice(_alternative_names(extensions), _MOST_NAMES + 1))
    if len(names) > _MOST_NAMES:
        raise DerError(f"over {_MOST_NAMES} names")
    return names


def _alternative_names(extensions: Element) -> Iterator[str]:
    for extension in extensions.parts().take(der.SEQUENCE).parts():
        parts = extension.parts()
        if der.dotted(parts.take(der.OID).content) == _ALTERNATIVE_NAMES:
            parts.optional(der.BOOLEAN)  # critical
            for general in der.whole(parts.take(der.OCTET_STRING).content).parts():
                if general.tag == _DNS_NAME:
                    yield shortened(printable(general.content), _MOST_CHARACTERS)
                elif general.tag == _IP_ADDRESS and len(general.content) in {4, 16}:
                    yield str(ipaddress.ip_address(general.content))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _ascii(host: str) -> str:
    """A host as DNS knows it (RFC 5891), without its last dot."""
    host = host.lower().rstrip(".")
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host
