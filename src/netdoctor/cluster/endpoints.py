"""Endpoints as the EndpointSlices that the control plane would mirror them to."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.objects import (
    Endpoint,
    EndpointAddress,
    EndpointConditions,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    ObjectMeta,
)


def as_slices(endpoints: Endpoints) -> tuple[EndpointSlice, ...]:
    """One slice for each subset and address family.

    Source: https://kubernetes.io/docs/concepts/services-networking/service/#endpointslice-mirroring
    """
    labels = {**endpoints.labels, "kubernetes.io/service-name": endpoints.name}
    metadata = ObjectMeta(name=endpoints.name, namespace=endpoints.namespace, labels=labels)
    return tuple(
        EndpointSlice(metadata=metadata, address_type=family, endpoints=members, ports=subset.ports)
        for subset in endpoints.subsets
        for family in ("IPv4", "IPv6")
        if (members := _members(subset, family))
    )


def removable(endpoints: Endpoints, address: str) -> Iterator[str]:
    """The fields to remove so that an address no longer counts as ready.

    The only address of a subset takes the subset with it: the API server refuses one without addresses
    (`validateEndpointSubsets` in pkg/apis/core/validation).
    """
    for number, subset in enumerate(endpoints.subsets):
        alone = len(subset.addresses) + len(subset.not_ready_addresses) == 1
        for place, listed in enumerate(subset.addresses):
            if listed.ip == address:
                yield f"subsets[{number}]" + ("" if alone else f".addresses[{place}]")


def _members(subset: EndpointSubset, family: str) -> tuple[Endpoint, ...]:
    return tuple(
        _endpoint(address, ready)
        for addresses, ready in ((subset.addresses, True), (subset.not_ready_addresses, False))
        for address in addresses
        if (":" in address.ip) == (family == "IPv6")
    )


def _endpoint(address: EndpointAddress, ready: bool) -> Endpoint:
    return Endpoint(
        addresses=(address.ip,),
        conditions=EndpointConditions(ready=ready, serving=ready, terminating=False),
        node_name=address.node_name,
        target_ref=address.target_ref,
    )
