"""What samples show: a rate of failures with its bounds, and whether that is a fault."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from netdoctor.model.chance import Rate, SequentialTest, tries_to_see
from netdoctor.model.probe import Observed, Outcome, ProbeKind

#: One lost handshake in 500 is what TCP and resolvers live with; one in 20 is felt: 1 s for a SYN, 5 s for a query.
LOSS = SequentialTest(tolerable=0.002, faulty=0.05)
TO_DECIDE = tries_to_see(LOSS.faulty)  # so many tries that are all answered rule out a fault
_NO_ANSWER = (Outcome.TIMEOUT, Outcome.REFUSED, Outcome.REJECTED, Outcome.RESET)
_SAID = {
    Outcome.TIMEOUT: "timed out",
    Outcome.REFUSED: "were refused",
    Outcome.REJECTED: "were rejected",
    Outcome.RESET: "were reset",
}
_TRIES = {
    ProbeKind.UDP: "datagrams",
    ProbeKind.DNS: "DNS queries",
    ProbeKind.PAIR: "pairs of DNS queries",
}


def failures(observed: Observed) -> Rate | None:
    """How many tries of a sample were not answered; None for a single probe, or where none was made."""
    detail = observed.observation.detail
    tries, outcomes = detail.get("tries"), detail.get("outcomes")
    if not isinstance(tries, int) or not isinstance(outcomes, dict) or tries < 1:
        return None
    return Rate(sum(outcomes.get(str(outcome), 0) for outcome in _NO_ANSWER), tries)


def together(rates: Iterable[Rate]) -> Rate | None:
    """The rate of several samples of the same thing."""
    given = list(rates)
    return reduce(lambda a, b: Rate(a.count + b.count, a.of + b.of), given) if given else None


def said(observed: Observed) -> str:
    """`3 of 40 connections timed out (7.5 %, 95 % bound 1.6-20.4 %)`; empty for a single probe."""
    rate = failures(observed)
    if rate is None:
        return ""
    outcomes = observed.observation.detail["outcomes"]
    kinds = [outcome for outcome in _NO_ANSWER if outcomes.get(str(outcome))]
    happened = _SAID[kinds[0]] if len(kinds) == 1 else "got no answer"
    if observed.probe.kind == ProbeKind.PAIR:
        happened = "were not answered in full"
    return rate.said(f"{_TRIES.get(observed.probe.kind, 'connections')} {happened}")


def sentence(samples: Iterable[Observed], to: str) -> str:
    """`Of the connections to the ClusterIP, 7 of 20 got no answer (…). `; empty where none was sampled."""
    rate = together(rate for observed in samples if (rate := failures(observed)))
    return f"{rate.said(f'tries of {to} got no answer')}. " if rate else ""


def undecided(observed: Observed) -> bool:
    """Whether something failed, and too little was tried to tell a fault from chance."""
    rate = failures(observed)
    return rate is not None and rate.count > 0 and LOSS.is_fault(rate) is None
