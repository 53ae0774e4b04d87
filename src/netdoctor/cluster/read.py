"""A live cluster → Snapshot: all kinds at the same time, as far as the user's rights go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from netdoctor.cluster.client import Client
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.facts import CONFIG_MAPS, NETWORK_CONFIG_MAPS
from netdoctor.cluster.lists import Listing, read_extension, read_kind, read_named
from netdoctor.cluster.other_policies import read_other_policies
from netdoctor.cluster.service_accounts import KIND as SERVICE_ACCOUNT
from netdoctor.cluster.service_accounts import read_service_accounts
from netdoctor.cluster.snapshot import Snapshot

# What not every cluster has.
EXTENSION_KINDS = tuple(name for name, kind in KINDS.items() if kind.extension and kind.needed)
# What makes an answer more precise where it can be read, and by a check is not missed where it cannot.
WELCOME_KINDS = tuple(name for name, kind in KINDS.items() if not kind.needed and not kind.named)
# What is read where a Secret for TLS is missing, by `issuing`.
ISSUING_KINDS = tuple(name for name, kind in KINDS.items() if kind.named and kind.extension)
# Endpoints are read only where EndpointSlices cannot be; ConfigMaps one by one, Secrets by `tls_secrets`, and service
# accounts where a policy is about their labels.
_APART = {"Endpoints", "ConfigMap", "Secret", SERVICE_ACCOUNT, *EXTENSION_KINDS, *WELCOME_KINDS, *ISSUING_KINDS}
LISTED_KINDS = tuple(kind for kind in KINDS if kind not in _APART)


def read(client: Client, namespaces: Sequence[str] | None, progress: Callable[[str], None]) -> Snapshot:
    """Read the whole cluster; all kinds at the same time.

    What the user may not read cluster-wide is read in `namespaces` and kube-system; what is forbidden there too
    is recorded in the Snapshot. No Secret is read, and of ConfigMaps only those that configure the network.

    Args:
        client: the connection.
        namespaces: those that matter most; the context's own if None.
        progress: is told, in words, how far this is.

    Raises:
        AccessError: the server could not be reached, or refused the credentials.
    """
    wanted = tuple(dict.fromkeys((*(namespaces or (client.namespace,)), "kube-system")))
    with ThreadPoolExecutor(max_workers=16) as pool:
        futures = [pool.submit(read_kind, client, kind, wanted) for kind in LISTED_KINDS]
        futures += [pool.submit(read_extension, client, kind, wanted) for kind in EXTENSION_KINDS]
        futures += [pool.submit(read_named, client, "ConfigMap", *name) for name in CONFIG_MAPS]
        welcome = [pool.submit(read_extension, client, kind, wanted) for kind in WELCOME_KINDS]
        welcome += [pool.submit(read_named, client, "ConfigMap", *name) for name in NETWORK_CONFIG_MAPS]
        others = pool.submit(read_other_policies, client, wanted)
        listings, settings = list[Listing](), list[Listing]()
        for future in (*futures, *welcome):
            (listings if future in futures else settings).append(future.result())
            done = len(listings) + len(settings)
            progress(f"reading the cluster: {done} of {len(futures) + len(welcome)} lists")
    slices = next(listing for listing in listings if listing.kind == "EndpointSlice")
    if slices.unread:
        endpoints = read_kind(client, "Endpoints", wanted)
        listings[listings.index(slices)] = _completed(slices, endpoints)
        listings.append(replace(endpoints, unread=()))
    settings.append(
        read_service_accounts(client, (one for part in (*listings, *settings) for one in part.objects), wanted)
    )
    return Snapshot.of(
        (read for listing in (*listings, *settings) for read in listing.objects),
        source=client.context,
        taken_at=datetime.now(UTC),
        unread=(*(unread for listing in listings for unread in listing.unread), *others.result().unread),
        unread_settings=tuple(unread for listing in settings for unread in listing.unread),
        unsupported_policies=others.result().policies,
    )


def _completed(slices: Listing, endpoints: Listing) -> Listing:
    """Where Endpoints could be read instead, no slice is missing."""
    missing = []
    for unread in slices.unread:
        too = [other for other in endpoints.unread if other.covers("Endpoints", unread.namespace)]
        if too:
            missing.append(replace(unread, read_in=(*unread.read_in, *too[-1].read_in)))
    return replace(slices, unread=tuple(missing))
