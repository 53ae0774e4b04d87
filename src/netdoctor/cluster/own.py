"""Probe pods of other runs: they come and go, and are no part of the cluster that is examined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from netdoctor.cluster.objects import DaemonSet, Endpoint, EndpointAddress, Endpoints, EndpointSlice, Object, Pod

RUN_LABEL = "netdoctor.dev/run"
#: As `probing.kube.manifest` names them, and DaemonSets of `probing.kube.fleet_manifest` theirs.
_NAME = re.compile(r"netdoctor-[0-9a-f]{8}-(p\d+|(answer|pod|node)-\w+)")


def without_probe_pods(objects: Iterable[Object]) -> Iterator[Object]:
    """All but probe pods, their DaemonSets, and the endpoints that controllers made of them.

    Endpoints go by the pod's name: lists are read one beside the other, so the pod may be missing in its own.
    """
    for read in objects:
        if isinstance(read, Pod | DaemonSet):
            if RUN_LABEL not in read.labels:
                yield read
        elif isinstance(read, EndpointSlice) and any(map(_probe_pod, read.endpoints)):
            yield msgspec.structs.replace(read, endpoints=tuple(e for e in read.endpoints if not _probe_pod(e)))
        elif isinstance(read, Endpoints):
            subsets = (
                msgspec.structs.replace(
                    subset,
                    addresses=tuple(a for a in subset.addresses if not _probe_pod(a)),
                    not_ready_addresses=tuple(a for a in subset.not_ready_addresses if not _probe_pod(a)),
                )
                for subset in read.subsets
            )
            yield msgspec.structs.replace(read, subsets=tuple(subsets))
        else:
            yield read


def _probe_pod(endpoint: Endpoint | EndpointAddress) -> bool:
    target = endpoint.target_ref
    return target.get("kind") == "Pod" and _NAME.fullmatch(str(target.get("name"))) is not None
