"""What is not known of Calico's policies: whether anybody enforces them, and those that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.calico_objects import CalicoObject
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.contribution import Contribution
from netdoctor.policy.profile import policy_family
from netdoctor.policy.rules import Tier

_FAMILY = "calico"
_EVERYWHERE = ""
_NAMESPACED = "NetworkPolicy.v3.projectcalico.org"
_GLOBAL = ("GlobalNetworkPolicy",)
_REFERRED = ("Tier", "GlobalNetworkSet", "NetworkSet")  # which matter only to policies
_UNKNOWN = ("", "unknown")


def of_other_plugin(snapshot: Snapshot, policies: Sequence[CalicoObject], cni: str) -> Contribution | None:
    """What becomes of the policies where Calico does not run, or may not; None where it does."""
    if policy_family(cni) == _FAMILY:
        return None
    if cni not in _UNKNOWN:
        because = f"it has no effect: {cni} does not enforce Calico's policies"
        return Contribution(warnings=tuple((policy.ref, because) for policy in sorted(policies, key=lambda p: p.ref)))
    gaps = dict(unread_gaps(snapshot, policies))
    for policy in policies:
        origin = snapshot.origins.get(policy.ref)
        where = f" ({origin.file}:{origin.line})" if origin else ""
        because = f"{policy.ref}{where} counts where Calico runs, and the network plugin is not known (--cni)"
        gaps.setdefault((Tier.ADMIN, policy.namespace), because)
    return Contribution(gaps=gaps)


def unread_gaps(snapshot: Snapshot, policies: Sequence[CalicoObject]) -> Iterator[tuple[tuple[Tier, str], str]]:
    """Where there may be policies that could not be read, or that refer to what could not be read."""
    for kind in _GLOBAL + (_REFERRED if policies else ()):
        if unread := snapshot.unread_for(kind):
            yield (Tier.ADMIN, _EVERYWHERE), f"each {unread.kind} could not be read"
    for unread in snapshot.unread:
        if unread.kind != _NAMESPACED:
            continue
        because = f"it could not be read whether there is a {_NAMESPACED}"
        if unread.namespace or not unread.read_in:
            yield (Tier.ADMIN, unread.namespace), because
            continue
        others = {one.namespace for one in snapshot.pods} | {one.name for one in snapshot.namespaces}
        yield from (((Tier.ADMIN, name), because) for name in others - set(unread.read_in))
