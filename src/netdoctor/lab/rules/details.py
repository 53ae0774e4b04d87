"""What kube-proxy needs of a Service and a snapshot does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netdoctor.lab.objects import Objects

_THREE_HOURS = 10_800  # seconds: what the API server fills in for sessionAffinity
_ONE_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """Of one Service.

    Attributes:
        balancer_addresses: status.loadBalancer.ingress[].ip.
        source_ranges: spec.loadBalancerSourceRanges, networks that may use these addresses; none = all.
        affinity_seconds: spec.sessionAffinityConfig.clientIP.timeoutSeconds.
    """

    balancer_addresses: tuple[str, ...] = ()
    source_ranges: tuple[str, ...] = ()
    affinity_seconds: int = _THREE_HOURS


def details_of(objects: Objects) -> dict[tuple[str, str], ServiceDetails]:
    """By namespace and name, of all Services."""
    return {(key[1], key[2]): _details(manifest) for key, manifest in objects.items() if key[0] == "Service"}


def _details(manifest: Mapping[str, Any]) -> ServiceDetails:
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    by_address = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return ServiceDetails(
        tuple(str(one["ip"]) for one in ingress if one.get("ip")),
        tuple(map(str, spec.get("loadBalancerSourceRanges") or ())),
        _seconds(by_address.get("timeoutSeconds")),
    )


def _seconds(timeout: Any) -> int:
    """What the API allows; anything else is as if it were not said."""
    return timeout if isinstance(timeout, int) and 0 < timeout <= _ONE_DAY else _THREE_HOURS
