"""What a verdict says in words: whom a peer means, and which rule or isolation decides a side."""

from __future__ import annotations

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.labels import shown
from netdoctor.policy.rules import AllOf, BlockPeer, EntityPeer, NamePeer, NodePeer, Peer, PodPeer, UnknownPeer
from netdoctor.policy.verdict import SideVerdict


def because(policies: CompiledPolicies, side: SideVerdict) -> str:
    """Why a side is as it is: `by the Deny of AdminNetworkPolicy a spec.ingress[0].from[0]: all pods in …`."""
    if side.decided_by:
        rule = policies.rule(side.decided_by)
        whom = "".join(f": {describe_peer(peer)}" for peer in rule.peers if peer.path == side.decided_by.path)
        action = "" if side.decided_by.kind == "NetworkPolicy" else f"the {rule.action_text} of "
        return f"by {action}{_located(policies, side.decided_by)}{whom}"
    if side.allowed is not None and side.isolated_by:
        return f"isolated by {', '.join(_located(policies, ref) for ref in side.isolated_by)}"
    return "no policy applies" if side.allowed else "cannot be known"


def origin_text(policies: CompiledPolicies, ref: ObjectRef) -> str:
    """`policies.yaml:12` of an object from a file; empty for others."""
    origin = policies.snapshot.origins.get(ref.object)
    return f"{origin.file}:{origin.line}" if origin else ""


def _located(policies: CompiledPolicies, ref: ObjectRef) -> str:
    at = origin_text(policies, ref)
    return f"{ref} ({at})" if at else str(ref)


def describe_peer(peer: Peer) -> str:  # noqa: PLR0911 - one line for each kind of peer
    """Whom a peer means: `pods app=web in namespaces with team=blue`, `10.0.0.0/8 except 10.1.0.0/16`."""
    match peer:
        case PodPeer():
            return _describe_pods(peer)
        case BlockPeer(block=block, excepted=excepted):
            return f"{block} except {', '.join(map(str, excepted))}" if excepted else str(block)
        case NodePeer(selector=selector):
            return f"nodes with {chosen}" if (chosen := shown(selector)) else "all nodes"
        case NamePeer(names=names):
            return ", ".join(names)
        case EntityPeer(entity=entity):
            return f"entity {entity}"
        case AllOf():
            return _describe_all(peer)
        case UnknownPeer():
            return "a peer that netdoctor cannot read"


def _describe_all(peer: AllOf) -> str:
    """`pods with app=web in namespace a, and 10.0.0.0/8, but not 10.1.0.0/16`."""
    every = ", and ".join(map(describe_peer, peer.every)) or "everyone"
    return ", but not ".join([every, *map(describe_peer, peer.none)])


def _describe_pods(peer: PodPeer) -> str:
    pods = f"pods with {chosen}" if (chosen := shown(peer.pod_selector)) else "all pods"
    if account := shown(peer.service_account_selector):
        pods = f"{pods} of service accounts with {account}"
    if peer.namespace_selector is None:
        return f"{pods} in namespace {peer.namespace}"
    namespaces = shown(peer.namespace_selector)
    return f"{pods} in namespaces with {namespaces}" if namespaces else f"{pods} in every namespace"
