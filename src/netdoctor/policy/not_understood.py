"""What files and clusters hold of policies that cannot be evaluated: unknown fields, and kinds that are not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.cluster.unsupported import is_policy
from netdoctor.model.refs import ObjectRef

_CILIUM = frozenset({"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"})


def field_problems(snapshot: Snapshot, policy: ObjectRef) -> Iterator[tuple[ObjectRef, str]]:
    """The fields of a policy that its kind does not have, each with what is wrong."""
    origin = snapshot.origins.get(policy)
    for field in snapshot.unknown_fields.get(policy, ()):
        where = f", in {origin.file}:{field.line}" if origin else ""
        meant = f"; did you mean {field.meant}?" if field.meant else ""
        yield policy.at(field.path), f"there is no such field{where}{meant}"


def unsupported_kinds(snapshot: Snapshot) -> Mapping[str, str]:
    """Why it is not known what policies do in a namespace, or under "" in all: one of a kind that is not read."""
    found: dict[str, str] = {}
    for ref in snapshot.unsupported_policies:
        origin = snapshot.origins.get(ref)
        where = f" ({origin.file}:{origin.line})" if origin else ""
        found.setdefault(ref.namespace, f"{ref}{where} is not understood")
    return found


def unread_kinds(snapshot: Snapshot, namespace: str) -> str:
    """Why there may be policies of other kinds in a namespace; empty if all that exist are known."""
    others = (unread for unread in snapshot.unread if _is_other(unread.kind))
    unread = next((unread for unread in others if unread.covers(unread.kind, namespace)), None)
    return f"it could not be read whether there is a {unread.kind}" if unread else ""


def _is_other(kind: str) -> bool:
    """Whether objects of a kind may allow and deny beside the policies of Kubernetes."""
    return kind in _CILIUM or (kind not in KINDS and is_policy(kind.partition(".")[0]))
