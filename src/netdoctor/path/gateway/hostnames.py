"""Hostnames of listeners and routes, and what both have in common.

Rules: Gateway API reference, Listener.hostname and HTTPRouteSpec.hostnames. A wildcard is the first label, and stands
for one label or more: unlike in an Ingress and in a certificate, where it is exactly one.
"""

from __future__ import annotations

from collections.abc import Sequence

_WILDCARD = "*."


def served(listener: str, hostnames: Sequence[str]) -> tuple[str, ...]:
    """The hostnames for which a listener serves a route; ("",) is all, and () is none.

    Args:
        listener: its hostname; empty for all.
        hostnames: of the route; none for those of the listener.
    """
    both = (_common(listener.lower(), name.lower()) for name in hostnames or ("",))
    return tuple(dict.fromkeys(name for name in both if name is not None))


def _common(one: str, other: str) -> str | None:
    """The hosts that are under both names, which always are those under one of them; None for no host."""
    if _includes(one, other):
        return other
    return one if _includes(other, one) else None


def _includes(wide: str, narrow: str) -> bool:
    """Whether each host under `narrow` is one under `wide`."""
    if wide.startswith(_WILDCARD):
        suffix = wide[1:]
        return narrow.endswith(suffix) and len(narrow) > len(suffix)
    return wide in ("", narrow)
