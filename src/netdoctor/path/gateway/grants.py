"""Whether an object of another namespace may be named: Gateway API reference, ReferenceGrant."""

from __future__ import annotations

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.shapes import GROUP, spec_of_grant


def granted(snapshot: Snapshot, of: ObjectRef, to: ObjectRef) -> bool:
    """Whether a ReferenceGrant in the namespace of `to` has `of` in `from`, and `to` in `to`.

    Args:
        snapshot: the cluster.
        of: a Gateway or a route.
        to: a Service or a Secret.

    Raises:
        InputError: no API server would accept a grant.
    """
    for grant in snapshot.reference_grants:
        if grant.namespace != to.namespace:
            continue
        spec = spec_of_grant(grant)
        own = any((one.group, one.kind, one.namespace) == (GROUP, of.kind, of.namespace) for one in spec.from_)
        if own and any((one.group, one.kind) == ("", to.kind) and one.name in ("", to.name) for one in spec.to):
            return True
    return False
