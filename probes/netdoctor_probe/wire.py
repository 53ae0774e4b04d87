"""The plan that goes into a probe pod and the observations that come out of it, as JSON.

Standard library only: the agent and the command line both import this module.

A plan is one JSON document. Observations are JSON lines on stdout, one per probe, in the order in which probes
end; the last line is ``{"end": <number of observations>}``, so that a cut log is told from a complete one.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION = 1
MOST_SECONDS = 3600
MOST_TRIES = 1000  # of one probe
LEAST_PAUSE = 0.01  # seconds between two tries of one probe
_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float)}


class WireError(ValueError):
    """A plan or an observation that does not have the agreed form."""


class Outcome(StrEnum):
    """What came of a probe: one closed list, part of the public contract."""

    OK = "ok"
    REFUSED = "refused"  # RST from the destination
    REJECTED = "rejected"  # ICMP error; detail: icmpType, icmpCode, and answeredBy
    TIMEOUT = "timeout"
    UNRESOLVABLE = "unresolvable"  # NXDOMAIN, or no record of the type asked for
    SERVFAIL = "servfail"  # SERVFAIL, REFUSED or another DNS server error
    TRUNCATED = "truncated"  # TC=1 over UDP, and TCP did not complete the answer
    RESET = "reset"  # after connecting
    BAD_RESPONSE = "badResponse"  # something else is spoken there, or the connection was closed without an answer
    TLS_ERROR = "tlsError"  # no handshake, or a certificate that a client refuses; detail: reason, or problems
    SKIPPED = "skipped"  # could not be tried; detail.because says why
    ERROR = "error"  # the probe itself failed; detail.because says why


class ProbeKind(StrEnum):
    """What a probe does. Fields of `Probe` that a kind reads are named beside it."""

    TCP = "tcp"  # host (or name), port: connect() and close
    UDP = "udp"  # host (or name), port, payload, source_port: send, wait for a datagram or an ICMP error
    HTTP = "http"  # host (or name), port, name (Host header), path, size (at least so many bytes), payload (names): GET
    TLS = "tls"  # host (or name), port, name (SNI), ca, trust: handshake, and the certificates that are served
    HTTPS = "https"  # host (or name), port, name (SNI and Host header), path: GET over TLS, whatever the certificate
    DNS = "dns"  # server, name, qtype, transport: one question to one server, no search list
    PAIR = "pair"  # server, name: A and AAAA at once from one socket
    LOOKUP = "lookup"  # name: getaddrinfo's walk, as glibc does it with this pod's resolv.conf
    RESOLV_CONF = "resolvConf"  # the pod's /etc/resolv.conf
    SOCKETS = "sockets"  # listening sockets of this network namespace
    WHO = "who"  # host, port: who answers a SYN (needs NET_RAW)
    TRACE = "trace"  # host, port: hops by TTL
    PATH_MTU = "pathMTU"  # host; with transport udp, port: how large packets may be, and whether larger ones vanish


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe. Times are in seconds.

    With `tries` over 1 it is a sample: begun so often, `pause` apart, each with one attempt, and not begun again once
    `enough` tries (0: none) were not answered. Its observation sums them up; see `sampling`.
    """

    id: str
    kind: ProbeKind
    host: str = ""
    port: int = 0
    timeout: float = 1.0
    attempts: int = 2
    delay: float = 0.0
    name: str = ""
    qtype: str = "A"
    server: str = ""
    transport: str = "udp"
    path: str = "/"
    payload: str = ""
    size: int = 0
    ca: str = ""  # CA certificates (PEM) to trust instead of the system's
    trust: str = "roots"  # whom a certificate must come from: them, or `any`
    source_port: int = 0
    tries: int = 1
    pause: float = 0.0
    enough: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes of one pod and their bounds: at most `parallel` at once, all ended by `deadline` seconds.

    Without `limited` nobody there limits how many ICMP errors it sends, so that a timeout is never a lost error.
    """

    probes: tuple[Probe, ...]
    parallel: int = 256
    deadline: float = 60.0
    version: int = VERSION
    limited: bool = True


@dataclass(frozen=True, slots=True)
class Observation:
    """What one probe saw. `seconds` is the time of the deciding attempt; `detail` depends on the kind.

    Of a sample, `outcome` is ok if every try was, else its most frequent failure, and `seconds` the median of those
    that passed; detail: tries (made), passed, outcomes {outcome: count}, lost
    {record: count} of pairs, endpoints {name: count} of those who told, seconds {min, p50, p95, max} of those passed.
    """

    id: str
    outcome: Outcome
    seconds: float
    answered_by: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def encode_plan(plan: Plan) -> str:
    """One JSON document; fields at their default are left out."""
    probes = [
        {
            f.name: getattr(p, f.name)
            for f in dataclasses.fields(p)
            if f.default is dataclasses.MISSING or getattr(p, f.name) != f.default
        }
        for p in plan.probes
    ]
    bounds: dict[str, object] = {"version": plan.version, "parallel": plan.parallel, "deadline": plan.deadline}
    bounds |= {} if plan.limited else {"limited": False}
    return json.dumps({**bounds, "probes": probes}, separators=(",", ":"))


def decode_plan(text: str) -> Plan:
    """Inverse of `encode_plan`. Raises WireError for anything else."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise WireError(f"plan version {document['version']}, not {VERSION}: use this release's probe image")
        probes = tuple(_probe(p) for p in document["probes"])
        limited = document.get("limited", True) is not False
        plan = Plan(probes, int(document["parallel"]), float(document["deadline"]), limited=limited)
    except WireError:
        raise
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise WireError(f"not a probe plan: {error}") from error
    if len({probe.id for probe in probes}) < len(probes):
        raise WireError("not a probe plan: two probes have the same id")
    if plan.parallel < 1 or not 0 < plan.deadline <= MOST_SECONDS:
        raise WireError(f"not a probe plan: parallel must be over 0, deadline over 0 and at most {MOST_SECONDS} s")
    return plan


def _probe(document: dict[str, Any]) -> Probe:
    """A probe whose fields have their types and can be acted on. Raises as `decode_plan` expects."""
    probe = Probe(**{**document, "kind": ProbeKind(document["kind"])})
    for f in dataclasses.fields(Probe):
        value = getattr(probe, f.name)
        if isinstance(value, bool) or not isinstance(value, _TYPES.get(str(f.type), object)):
            raise WireError(f"not a probe plan: {f.name} of probe {probe.id} must be {f.type}, not {value!r}")
    ports = 0 <= probe.port < 65536 and 0 <= probe.source_port < 65536
    if not (ports and probe.timeout > 0 and probe.attempts > 0 and probe.delay >= 0):
        raise WireError(f"not a probe plan: port, timeout, attempts or delay of probe {probe.id} is out of range")
    paced = probe.tries == 1 or probe.pause >= LEAST_PAUSE
    if not (1 <= probe.tries <= MOST_TRIES and paced and probe.enough >= 0):
        raise WireError(
            f"not a probe plan: tries of probe {probe.id} must be 1 to {MOST_TRIES}, {LEAST_PAUSE:g} s apart or more"
        )
    return probe


def encode_observation(observation: Observation) -> str:
    """One JSON line without its newline."""
    document: dict[str, Any] = {
        "id": observation.id,
        "outcome": observation.outcome,
        "seconds": round(observation.seconds, 6),
    }
    if observation.answered_by is not None:
        document["answeredBy"] = observation.answered_by
    if observation.detail:
        document["detail"] = observation.detail
    return json.dumps(document, separators=(",", ":"))


def encode_end(count: int) -> str:
    """The last line of a complete run."""
    return json.dumps({"end": count}, separators=(",", ":"))


def decode_line(line: str) -> Observation | int:
    """An observation, or the count in the closing line. Raises WireError for anything else."""
    try:
        document = json.loads(line)
        if "end" in document:
            return int(document["end"])
        return Observation(
            id=str(document["id"]),
            outcome=Outcome(document["outcome"]),
            seconds=float(document["seconds"]),
            answered_by=document.get("answeredBy"),
            detail=dict(document.get("detail", {})),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise WireError(f"not an observation: {error}") from error
