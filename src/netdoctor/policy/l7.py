"""Requests, and the patterns by which rules admit them once their connection is admitted.

A pattern is a regular expression for the whole of what it is about; an empty one is about nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HTTPPattern:
    """Requests with all of these. `headers` are names with the value that is wanted; None = any.

    `secret`: a value of a header is wanted besides that stands in a Secret, and so is not known.
    """

    path: str
    request_path: str = ""
    method: str = ""
    host: str = ""
    headers: tuple[tuple[str, str | None], ...] = ()
    secret: bool = False


@dataclass(frozen=True, slots=True)
class DNSPattern:
    """Questions for a name, or for names like a pattern with `*`."""

    path: str
    name: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Requests:
    """What a rule admits of the requests on a connection: what one of `http`, or of `dns`, describes.

    Attributes:
        protocol: `http`, `dns`, or another, of which nothing is known.
        void: nothing is refused after all; the requests are only seen.
    """

    protocol: str
    http: tuple[HTTPPattern, ...] = ()
    dns: tuple[DNSPattern, ...] = ()
    void: bool = False
