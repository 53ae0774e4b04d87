"""Policies that nothing applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.unsupported import OTHER_POLICIES
from netdoctor.diagnosis.cni.enforcement import OWNERS, enforcement, lacks
from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix, Untested

_CODE = "PoliciesWithoutEffect"
_AGENT = Fix(
    "run a network plugin that applies them, or a policy agent beside this one (kube-network-policies, or Calico for "
    "policies alone, as in Canal)"
)
_SHOWN = 5


def policies(view: View) -> Iterator[Finding | Untested]:
    """Trap: Canal, k3s, or a policy agent beside flannel, which do apply them."""
    snapshot = view.snapshot
    refs = [one.ref for one in (*snapshot.network_policies, *snapshot.cluster_wide_policies)]
    if not refs:
        return
    if view.plugin.enforces_policy is None:
        yield Untested(f"whether {_counted(refs)} an effect", view.plugin.evidence)
    elif view.plugin.enforces_policy is False:
        yield _without_effect(view, refs, f"{view.plugin.evidence}.", Certainty.CERTAIN, _AGENT)
    else:
        yield from _cluster_wide(view)


def _cluster_wide(view: View) -> Iterator[Finding | Untested]:
    """Not every plugin that applies NetworkPolicies applies these, too."""
    applied = enforcement(view).kinds
    left = [one.ref for one in view.snapshot.cluster_wide_policies if one.ref.kind not in applied]
    old = [ref for ref in left if lacks(view, ref.kind)]
    if old:
        why = f"This release of {view.plugin.name} does not apply this kind yet."
        yield _without_effect(view, old, why, Certainty.LIKELY, Fix(f"upgrade {view.plugin.name}"))
    elif left:
        because = f"it is not known whether {view.plugin.name} applies {_kinds(left)}"
        yield Untested(f"whether {_counted(left)} an effect", because)


def foreign_policies(view: View) -> Iterator[Finding | Untested]:
    """Those of another plugin than the cluster's.

    Trap: Calico beside another plugin for policies alone, which counts as one of the cluster's.
    """
    for group, owners in OWNERS.items():
        refs = list(_of_group(view, group))
        if not refs or view.runs(*owners):
            continue
        if view.plugin.name == "unknown":
            yield Untested(f"whether what is of {group} has an effect", view.plugin.evidence)
        else:
            why = f"Only {owners[0]} applies them, and {view.plugin.name} runs here."
            delete = kubectl("delete", refs[0]) if len(refs) == 1 else ""
            fix = Fix(f"write them as policies that {view.plugin.name} applies, if any, and delete them", delete)
            yield _without_effect(view, refs, why, Certainty.CERTAIN, fix)


def _of_group(view: View, group: str) -> Iterator[ObjectRef]:
    """Those that can be read, and those of which it is only known that they are there."""
    groups = [one for one in OTHER_POLICIES if one.endswith(group)]
    names = {kind for one in groups for kind in OTHER_POLICIES[one].values()}
    for ref in view.snapshot.unsupported_policies:
        kind, _, version = ref.kind.partition(".")
        if version.endswith(group) if version else kind in names:
            yield ref
    for name, read in KINDS.items():
        applied = "NetworkPolicy" in name and not name.startswith("Staged")
        if applied and any(one.endswith(group) for one in read.groups):
            yield from (one.ref for one in getattr(view.snapshot, read.field))


def _without_effect(view: View, refs: Sequence[ObjectRef], why: str, certainty: Certainty, fix: Fix) -> Finding:
    return Finding(
        code=_CODE,
        title=f"{_counted(refs)} no effect: {_listed(refs)}",
        certainty=certainty,
        objects=tuple(refs[:_SHOWN]),
        explanation=f"{why} Whatever policies of kind {_kinds(refs)} say, every flow passes them.",
        evidence=(Evidence("network plugin", view.plugin.evidence),),
        fixes=(fix,),
        would_change="a plugin or an agent that applies policies of this kind",
    )


def _listed(refs: Iterable[ObjectRef]) -> str:
    names = [str(ref) for ref in refs]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _counted(refs: Sequence[ObjectRef]) -> str:
    return f"{len(refs)} policies have" if len(refs) > 1 else "1 policy has"


def _kinds(refs: Sequence[ObjectRef]) -> str:
    return " and ".join(dict.fromkeys(ref.kind for ref in refs))
