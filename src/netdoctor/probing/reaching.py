"""The probe that tells whether a port is reached."""

from __future__ import annotations

from netdoctor.model.probe import Probe, ProbeKind

MAX_BACKENDS = 16  # that are probed per route: enough for any contrast, never a load
_DNS_PORT = 53
_SETTLE = 2.0  # seconds for a CNI to apply its policies to a new pod before a denial is expected
# A datagram that every DNS server answers, if only by refusing (RFC 1035, 4.1): id 0, one question, localhost IN A.
_DNS_QUESTION = "\0\0\0\0\0\1\0\0\0\0\0\0\x09localhost\0\0\1\0\1"


def settling(denied: bool) -> float:
    """Seconds to wait before a probe, by whether policies deny what it sends."""
    return _SETTLE if denied else 0.0


def reach(protocol: str, host: str, port: int, delay: float = 0.0, name: str = "") -> Probe:
    """A probe that tells whether a port is reached; `delay` in seconds, `name` instead of a host."""
    kind = ProbeKind.UDP if protocol == "UDP" else ProbeKind.TCP
    payload = _DNS_QUESTION if protocol == "UDP" and port == _DNS_PORT else ""
    return Probe("", kind, host=host, port=port, delay=delay, name=name, payload=payload)
