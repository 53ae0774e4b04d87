"""Which names glibc's getaddrinfo asks for, in which order, and which server it asks: no I/O.

Source: glibc 2.36, resolv/res_query.c (`__res_context_search`, `__res_context_query`) and resolv/res_send.c
(`__res_context_send`, `send_dg`). For each name A and AAAA are asked together; the answers make one `Status`, and
the status decides whether another name is tried:

* A name with at least `ndots` dots, or a trailing dot, is asked as it is first. Unless it is answered (or had a
  trailing dot), the search list follows all the same.
* In the search list NXDOMAIN, no data and SERVFAIL go on to the next domain; anything else, such as silence, ends
  the list. No server at all (every one answered with an ICMP error) ends the whole search.
* A name not yet asked as it is, is asked so last, even after silence.
* What the application is told is the status of the name as it is if that came first; else "no data" if any domain
  had the name without an address; else SERVFAIL if any said so; else what came last.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from enum import StrEnum

from netdoctor_probe.resolv_conf import ResolvConf


class Status(StrEnum):
    """What came of asking all servers for one name, A and AAAA together."""

    ANSWERED = "answered"  # at least one record, be it only a CNAME
    NO_DATA = "noData"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    FAILED = "failed"  # REFUSED, NOTIMP or another error code
    TIMEOUT = "timeout"
    NO_SERVER = "noServer"  # every server is unreachable by an ICMP error


Search = Generator[str, Status, Status]


def search(name: str, conf: ResolvConf) -> Search:
    """Yields each name to ask (absolute, without its last dot), is sent its status, returns what it came to."""
    as_it_is = name.removesuffix(".")
    first = None
    if name.count(".") >= conf.ndots or name.endswith("."):
        first = yield as_it_is
        if first is Status.ANSWERED or name.endswith("."):
            return first
    seen = [first] if first else []
    root_in_list = False
    for domain in conf.search:
        suffix = domain.removeprefix(".")
        root_in_list = root_in_list or not suffix
        status = yield f"{as_it_is}.{suffix}".removesuffix(".")
        seen.append(status)
        if status in {Status.ANSWERED, Status.NO_SERVER}:
            return status
        if status not in {Status.NXDOMAIN, Status.NO_DATA, Status.SERVFAIL}:
            break
    if first is None and not root_in_list:
        seen.append((yield as_it_is))
    return _told(first, seen)


def _told(first: Status | None, seen: list[Status]) -> Status:
    if seen[-1] is Status.ANSWERED:
        return Status.ANSWERED
    if first is not None:
        return first
    return next((status for status in (Status.NO_DATA, Status.SERVFAIL) if status in seen), seen[-1])


def together(a: Status, aaaa: Status) -> Status:
    """One name's status from one server's two answers: any record is an answer, else A's error, else AAAA's."""
    if Status.ANSWERED in {a, aaaa}:
        return Status.ANSWERED
    silent = {Status.TIMEOUT, Status.NO_SERVER}
    if a in silent:
        return aaaa if aaaa not in silent else a
    return aaaa if a is Status.NO_DATA and aaaa not in silent else a


def is_final(status: Status) -> bool:
    """Whether a server's answer ends the asking; else the next server is asked, and then each once more."""
    return status in {Status.ANSWERED, Status.NO_DATA, Status.NXDOMAIN}


def failed(tried: list[Status]) -> Status:
    """A name's status when no server's answer was final."""
    for status in (Status.SERVFAIL, Status.FAILED, Status.TIMEOUT):
        if status in tried:
            return status
    return Status.NO_SERVER


def one_round(conf: ResolvConf, turn: int) -> Iterator[tuple[str, float]]:
    """The servers for one name in the order of asking, each with its timeout in seconds.

    There are `attempts` such rounds, but only one over TCP. The n-th server (from 0) gets ``timeout * 2**n``, from
    the second on divided by the number of servers. With `rotate`, each name (`turn`, from 0) begins one further.
    """
    offset = turn % len(conf.nameservers) if conf.rotate else 0
    order = conf.nameservers[offset:] + conf.nameservers[:offset]
    for n, server in enumerate(order):
        seconds = (conf.timeout << n) // (len(order) if n else 1)
        yield server, float(max(1, seconds))
