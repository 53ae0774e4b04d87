"""A name looked up as an application's getaddrinfo would, with every question that this costs."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.flags
import dns.rcode
import dns.rdatatype
from dns.message import QueryMessage

from netdoctor_probe import glibc, resolv_conf
from netdoctor_probe.attempt import EndedError
from netdoctor_probe.dns import PORT, Reply, answers, ask_tcp, ask_udp, cnames, question
from netdoctor_probe.glibc import Status
from netdoctor_probe.loop import Task
from netdoctor_probe.resolv_conf import ResolvConf
from netdoctor_probe.wire import Observation, Outcome, Probe

_TYPES = ("A", "AAAA")
_OUTCOMES = {
    Status.ANSWERED: Outcome.OK,
    Status.NO_DATA: Outcome.UNRESOLVABLE,
    Status.NXDOMAIN: Outcome.UNRESOLVABLE,
    Status.SERVFAIL: Outcome.SERVFAIL,
    Status.FAILED: Outcome.SERVFAIL,
    Status.TIMEOUT: Outcome.TIMEOUT,
}
_RCODES = {
    dns.rcode.NXDOMAIN: Status.NXDOMAIN,
    dns.rcode.SERVFAIL: Status.SERVFAIL,
}


def run(probe: Probe) -> Task[Observation]:
    """Walks the search list as glibc does (see `glibc`), asking A and AAAA.

    The resolver's own `timeout` and `attempts` hold, but never more than the probe's. `probe.server` replaces the
    nameservers. Detail: resolvConf; queries [{name, qtype, server, transport, outcome, seconds, rcode?}] in the order
    of asking; tcpFallback (true if an answer was truncated, and so asked for over TCP); answers (addresses);
    canonical (the name that was answered, or its alias' target); status as getaddrinfo tells it.
    Outcomes: those of `dns`; truncated = the answer needed TCP and TCP gave none.
    """
    start = time.monotonic()
    try:
        conf = resolv_conf.read()
    except OSError as error:
        raise EndedError(Outcome.ERROR, because=str(error)) from error
    if probe.server:
        conf = dataclasses.replace(conf, nameservers=(probe.server,))
    lookup = _Lookup(probe, conf)
    walk = glibc.search(probe.name, conf)
    status = None
    while True:
        try:
            name = walk.send(status) if status else next(walk)
        except StopIteration as stop:
            return lookup.observation(stop.value, time.monotonic() - start)
        status = yield from lookup.ask(name)


@dataclass(slots=True)
class _Lookup:
    """One lookup: its questions so far, and what the resolver has learnt from them."""

    probe: Probe
    conf: ResolvConf
    queries: list[dict[str, Any]] = field(default_factory=list)
    answered: list[Reply] = field(default_factory=list)
    names: int = 0
    lost_halves: int = 0

    def ask(self, name: str) -> Task[Status]:
        """Asks the servers in turn until one's answer is final."""
        try:
            queries = [question(name, qtype, edns="edns0" in self.conf.options) for qtype in _TYPES]
        except dns.exception.DNSException as error:
            raise EndedError(Outcome.ERROR, because=f"{name!r} is not a DNS name: {error}") from error
        turn, self.names = self.names, self.names + 1
        over_tcp = self.conf.use_vc
        tried: list[Status] = []
        for _ in range(min(self.conf.attempts, self.probe.attempts)):
            for server, patience in glibc.one_round(self.conf, turn):
                seconds = min(patience, self.probe.timeout)
                if not over_tcp:
                    replies = yield from self._ask_udp(name, server, queries, seconds)
                    over_tcp = any(reply.outcome is Outcome.TRUNCATED for reply in replies)
                if over_tcp:
                    replies = yield from self._ask_tcp(name, server, queries, seconds)
                status = glibc.together(*(_status(reply) for reply in replies))
                if glibc.is_final(status):
                    self.answered = replies
                    return status
                tried.append(status)
            if over_tcp:
                break
        return glibc.failed(tried)

    def _ask_udp(self, name: str, server: str, queries: list[QueryMessage], seconds: float) -> Task[list[Reply]]:
        """Both questions at once. When one is lost, both one by one, now and for the names that follow.

        glibc: "If we time out after having received one answer switch to the mode where we send the second request
        only once we have received the first answer", first on the same socket, then on a new one.
        """
        port = self.probe.port or PORT
        while True:
            if not self.lost_halves:
                replies = yield from ask_udp(server, port, queries, time.monotonic() + seconds)
            else:
                replies = yield from ask_udp(server, port, queries[:1], time.monotonic() + seconds)
                if replies[0].outcome is not Outcome.TIMEOUT:
                    replies += yield from ask_udp(server, port, queries[1:], time.monotonic() + seconds)
            for query, reply in zip(queries, replies, strict=False):
                self._note(name, query, server, "udp", reply)
            lost = [reply for reply in replies if reply.outcome is Outcome.TIMEOUT]
            if len(replies) == len(lost) or not lost or self.lost_halves == 2:
                return (replies * 2)[:2]
            self.lost_halves += 1

    def _ask_tcp(self, name: str, server: str, queries: list[QueryMessage], seconds: float) -> Task[list[Reply]]:
        replies = yield from ask_tcp(server, self.probe.port or PORT, queries, time.monotonic() + seconds)
        for query, reply in zip(queries, replies, strict=True):
            self._note(name, query, server, "tcp", reply)
        return replies

    def _note(self, name: str, query: QueryMessage, server: str, transport: str, reply: Reply) -> None:
        entry: dict[str, Any] = {
            "name": name,
            "qtype": dns.rdatatype.to_text(query.question[0].rdtype),
            "server": server,
            "transport": transport,
            "outcome": reply.outcome,
            "seconds": round(reply.seconds, 6),
        }
        if reply.message is not None:
            entry["rcode"] = dns.rcode.to_text(reply.message.rcode())
        if reply.answered_by not in {None, server}:
            entry["answeredBy"] = reply.answered_by
        self.queries.append(entry)

    def observation(self, told: Status, seconds: float) -> Observation:
        """What the application is told, and what it cost."""
        messages = [reply.message for reply in self.answered if reply.message is not None]
        addresses = [address for message in messages for address in answers(message)]
        outcome = _OUTCOMES.get(told, Outcome.UNRESOLVABLE)
        last = self.queries[-1]
        if told is Status.ANSWERED and not addresses:
            outcome = Outcome.UNRESOLVABLE  # an alias that leads to no address
        elif told is Status.NO_SERVER:
            outcome = Outcome(last["outcome"])
        detail: dict[str, Any] = {"status": told, "answers": addresses, "queries": self.queries}
        if any(query["outcome"] is Outcome.TRUNCATED for query in self.queries):
            detail["tcpFallback"] = True
            if told in {Status.TIMEOUT, Status.NO_SERVER}:
                outcome = Outcome.TRUNCATED
        if addresses:
            aliases = [alias for message in messages for alias in cnames(message)]
            detail["canonical"] = aliases[-1] if aliases else last["name"]
        answered_by = last["server"] if messages else last.get("answeredBy")
        return Observation(self.probe.id, outcome, seconds, answered_by, {**detail, "resolvConf": self.conf.detail()})


def _status(reply: Reply) -> Status:
    """One answer's status, as `__res_context_query` and `send_dg` take it."""
    message = reply.message
    if message is None:
        unreachable = reply.outcome in {Outcome.REFUSED, Outcome.REJECTED}
        return Status.NO_SERVER if unreachable else Status.TIMEOUT
    if message.rcode() != dns.rcode.NOERROR:
        return _RCODES.get(message.rcode(), Status.FAILED)
    if message.answer:
        return Status.ANSWERED
    answers_nothing = not message.flags & (dns.flags.AA | dns.flags.RA) and not message.additional
    return Status.FAILED if answers_nothing else Status.NO_DATA  # glibc passes over a lame server
