"""DNS: A and AAAA asked at once from one socket, as glibc's getaddrinfo does it, and whether both are answered."""

from __future__ import annotations

import dns.exception

from netdoctor_probe.attempt import EndedError, Seen, repeated
from netdoctor_probe.dns import PORT, ask_udp, question
from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe

_TYPES = ("A", "AAAA")


def run(probe: Probe) -> Task[Observation]:
    """Asks `probe.server` for both records of `probe.name`; each attempt is one pair from a new source port.

    Outcomes: ok = both were answered, whatever the answers say; else that of a question without an answer: timeout,
    refused or rejected. Detail: lost = which was not answered, A, AAAA or both.
    """
    try:
        queries = [question(probe.name, qtype, edns=True) for qtype in _TYPES]
    except dns.exception.DNSException as error:
        raise EndedError(Outcome.ERROR, because=f"cannot ask for {probe.name!r}: {error}") from error

    def attempt(until: float) -> Task[Seen]:
        replies = yield from ask_udp(probe.server, probe.port or PORT, queries, until)
        lost = [qtype for qtype, reply in zip(_TYPES, replies, strict=True) if reply.message is None]
        if not lost:
            return Seen(Outcome.OK, probe.server)
        silent = next(reply for reply in replies if reply.message is None)
        return Seen(silent.outcome, silent.answered_by, {"lost": lost[0] if len(lost) == 1 else "both"})

    return (yield from repeated(probe, attempt))
