"""What is not known of Calico's policies: whether anybody enforces them, and those that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.calico_objects import CalicoPolicy
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.contribution import Contribution
from netdoctor.policy.profile import policy_family
from netdoctor.policy.rules import Tier

_FAMILY = "calico"
_EVERYWHERE = ""
_NAMESPACED = "NetworkPolicy.v3.projectcalico.org"
_SETS = "NetworkSet"
_GLOBAL = ("GlobalNetworkPolicy",)
_REFERRED = ("Tier", "GlobalNetworkSet")  # which, like sets of namespaces, matter only to policies
_UNKNOWN = ("", "unknown")


def of_other_plugin(snapshot: Snapshot, policies: Sequence[CalicoPolicy], cni: str) -> Contribution | None:
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


def unread_gaps(snapshot: Snapshot, policies: Sequence[CalicoPolicy]) -> Iterator[tuple[tuple[Tier, str], str]]:
    """Where there may be policies that could not be read, or that refer to what could not be read."""
    for kind in _GLOBAL + (_REFERRED if policies else ()):
        if unread := snapshot.unread_for(kind):
            yield (Tier.ADMIN, _EVERYWHERE), f"each {unread.kind} could not be read"
    because = f"it could not be read whether there is a {_NAMESPACED}"
    yield from (((Tier.ADMIN, where), because) for where in _unread_in(snapshot, _NAMESPACED))
    # A rule in a namespace means the sets of that namespace, unless it looks at others.
    unread_sets = set(_unread_in(snapshot, _SETS))
    for policy in policies if unread_sets else ():
        if unread_sets & {_EVERYWHERE, policy.namespace} or _looks_elsewhere(policy):
            yield (Tier.ADMIN, policy.namespace), f"each {_SETS} could not be read"


def _unread_in(snapshot: Snapshot, kind: str) -> Iterator[str]:
    """The namespaces in which a kind could not be read; "" is all of them."""
    for unread in snapshot.unread:
        if unread.kind != kind:
            continue
        if unread.namespace or not unread.read_in:
            yield unread.namespace
            continue
        others = {one.namespace for one in snapshot.pods} | {one.name for one in snapshot.namespaces}
        yield from sorted(others - set(unread.read_in))


def _looks_elsewhere(policy: CalicoPolicy) -> bool:
    """Whether a rule may choose by labels what is in another namespace than the policy, which may have none."""
    entities = (end for rule in (*policy.spec.ingress, *policy.spec.egress) for end in (rule.source, rule.destination))
    return any(
        one.namespace_selector or (not policy.namespace and (one.selector or one.not_selector or one.service_accounts))
        for one in entities
    )
