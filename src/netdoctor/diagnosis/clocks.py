"""Whether clocks agree about a certificate's dates: the probe's, the one here, and the server's."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.served import Served, clock, problems
from netdoctor.probing.aims import Aim
from netdoctor_probe.certificate import Certificate

CLOCKS_AGREE = timedelta(minutes=5)  # between machines; what Kerberos allows, and more than NTP leaves


def agreed(case: Case, seen: Seen, one: Served) -> bool:
    """Whether the clock here excludes the day as the probe's does. An issuer's dates are known to the probe alone."""
    if not {"expired", "notYetValid"} & set(problems(seen)):
        told = clock(seen)
        return told is not None and abs(told - case.snapshot.taken_at) < CLOCKS_AGREE
    here = _dates(one).dates_problem(case.snapshot.taken_at)
    return here in problems(seen)


def _dates(one: Served) -> Certificate:
    return Certificate(
        one.subject, one.issuer, one.names, one.not_before, one.not_after, one.sha256, self_issued=one.self_issued
    )


def server_skew(case: Case, seen: Seen) -> timedelta | None:
    """How far the server's clock is ahead of the probe's, by the Date of its answer (to the second)."""
    for answer in case.of(Aim.URL):
        detail = answer.observed.observation.detail
        if answer.observed.position == seen.observed.position and "date" in detail.get("headers", {}):
            here, there = clock(answer), _http_date(detail["headers"]["date"])
            return there - here if here and there else None
    return None


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a server wrote it: it may be anything
        return None
    return found if found.tzinfo else None


def span(skew: timedelta) -> str:
    """`3 days ahead`, `1.5 hours behind`."""
    hours, way = abs(skew) / timedelta(hours=1), "ahead" if skew > timedelta() else "behind"
    amount = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.1f} hours"
    return f"{amount} {way}"
