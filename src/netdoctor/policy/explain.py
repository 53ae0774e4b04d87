"""A verdict in plain text: which rule decides, what nearly matched, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.objects import LabelSelector
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.match import requirements, show
from netdoctor.policy.repair import Repair
from netdoctor.policy.rules import BlockPeer, NamePeer, NodePeer, Peer, PodPeer, UnknownPeer
from netdoctor.policy.verdict import FlowVerdict, NearMiss, SideVerdict

_WORDS = {True: "allowed", False: "denied", None: "unknown"}
_MOST_NEAR = 5  # near misses per side that are worth reading


def explain(policies: CompiledPolicies, verdict: FlowVerdict, fixes: Sequence[Repair] = ()) -> tuple[str, ...]:
    """The lines of an explanation, without colour: verdict, both sides, near misses, repairs, assumptions."""
    return (
        f"{_WORDS[verdict.allowed].upper()}  {verdict.flow}",
        *(line for side in (verdict.egress, verdict.ingress) for line in _side(policies, verdict, side)),
        *(f" fix      {fix.title} ({_opens(fix)})" for fix in fixes),
        *(f" assumed  {text}" for text in verdict.assumptions),
    )


def describe_peer(peer: Peer) -> str:
    """Whom a peer means: `pods app=web in namespaces with team=blue`, `10.0.0.0/8 except 10.1.0.0/16`."""
    match peer:
        case PodPeer():
            return _describe_pods(peer)
        case BlockPeer(block=block, excepted=excepted):
            return f"{block} except {', '.join(map(str, excepted))}" if excepted else str(block)
        case NodePeer(selector=selector):
            return f"nodes with {chosen}" if (chosen := _selector(selector)) else "all nodes"
        case NamePeer(names=names):
            return ", ".join(names)
        case UnknownPeer():
            return "a peer that netdoctor cannot read"


def _describe_pods(peer: PodPeer) -> str:
    pods = f"pods with {chosen}" if (chosen := _selector(peer.pod_selector)) else "all pods"
    if peer.namespace_selector is None:
        return f"{pods} in namespace {peer.namespace}"
    namespaces = _selector(peer.namespace_selector)
    return f"{pods} in namespaces with {namespaces}" if namespaces else f"{pods} in every namespace"


def _selector(selector: LabelSelector | None) -> str:
    return ", ".join(map(show, requirements(selector))) if selector else ""


def _side(policies: CompiledPolicies, verdict: FlowVerdict, side: SideVerdict) -> Iterator[str]:
    local, _ = verdict.flow.ends(side.direction)
    name = side.direction.field
    yield f" {name:<8} {local}  {_WORDS[side.allowed]}  {_because(policies, side)}"
    for near in side.near_misses[:_MOST_NEAR]:
        yield f"   {_located(near.rule, policies.snapshot)}  {_checks(policies, near)}"
    if (left := len(side.near_misses) - _MOST_NEAR) > 0:
        yield f"   and {left} more that do not match"


def _because(policies: CompiledPolicies, side: SideVerdict) -> str:
    if side.decided_by:
        rule = policies.rule(side.decided_by)
        whom = "".join(f": {describe_peer(peer)}" for peer in rule.peers if peer.path == side.decided_by.path)
        action = "" if side.decided_by.kind == "NetworkPolicy" else f"the {rule.action_text} of "
        return f"by {action}{_located(side.decided_by, policies.snapshot)}{whom}"
    if side.isolated_by:
        return f"isolated by {', '.join(_located(ref, policies.snapshot) for ref in side.isolated_by)}"
    return "no policy applies" if side.allowed else "see what is assumed"


def _located(ref: ObjectRef, snapshot: Snapshot) -> str:
    origin = snapshot.origins.get(ref.object)
    return f"{ref} ({origin.file}:{origin.line})" if origin else str(ref)


def _checks(policies: CompiledPolicies, near: NearMiss) -> str:
    """What of a rule fits and what does not: `port ✓ 5432/TCP  peer ✗ wants …`."""
    rule = policies.rule(near.rule)
    about_port = "; ".join(str(miss) for miss in near.misses if miss.kind.about_port)
    about_peer = "; ".join(str(miss) for miss in near.misses if not miss.kind.about_port)
    mark = "?" if near.uncertain else "✗"
    port = f"port ✗ {about_port}" if about_port else f"port ✓ {rule.ports_text}"
    return f"{port}  " + (f"peer {mark} {about_peer}" if about_peer else "peer ✓")


def _opens(fix: Repair) -> str:
    closes = f", closes {fix.closed}" if fix.closed else ""
    return f"opens {fix.opened}{closes}"
