"""Whether packets fit, and come back."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.diagnosis.cni.calico import WIREGUARD_KEY
from netdoctor.diagnosis.cni.facts import Masquerade, View
from netdoctor.diagnosis.cni.mtu import ETHERNET
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix, Untested


def mtu(view: View) -> Iterator[Finding | Untested]:
    """Trap: a network of nodes that takes more than Ethernet does; who says so with --node-mtu is believed."""
    sum_, setting = view.mtu, view.facts.pod_mtu
    if sum_.configured is None or setting is None:
        return
    if sum_.expected is None or sum_.overhead is None:
        yield Untested("whether the pods' MTU fits", view.wrapped.evidence)
    elif sum_.configured > sum_.expected:
        needed = sum_.configured + sum_.overhead
        if sum_.assumed and sum_.configured > ETHERNET:
            because = (
                f"{setting.field} is {setting.value}: the nodes must take {needed}; say what they take with --node-mtu"
            )
            yield Untested("whether the pods' MTU fits", because)
        else:
            yield _too_large(view, needed)


def _too_large(view: View, needed: int) -> Finding:
    sum_, setting = view.mtu, view.facts.pod_mtu
    assert setting is not None  # asked for by the rule
    takes = "nobody says so, and Ethernet's is assumed" if sum_.assumed else f"so says {sum_.nodes_from}"
    around = f"{view.wrapped.name} takes {sum_.overhead} bytes" if sum_.overhead else "nothing is put around packets"
    return Finding(
        code="MTUTooLarge",
        title=f"pods may send {sum_.configured} bytes, and the nodes' network has room for {sum_.expected}",
        certainty=Certainty.POSSIBLE if sum_.assumed else Certainty.CERTAIN,
        objects=(setting.field,),
        explanation=(
            f"Nodes send at most {sum_.nodes} bytes ({takes}), and {around} of that, so {sum_.expected} remain. "
            f"Larger packets between nodes are lost unless the network there takes {needed}: connections open, and "
            "hang as "
            "soon as one side sends much."
        ),
        evidence=(
            Evidence(str(setting.field), str(setting.value)),
            Evidence("encapsulation", view.wrapped.evidence),
        ),
        fixes=(_set_mtu(setting.field, sum_.expected or 0),),
        would_change=f"a network between the nodes that takes {needed} bytes: netdoctor cni --node-mtu {needed}",
    )


def _set_mtu(field: ObjectRef, value: int) -> Fix:
    """By a patch where the field is one of its own; not inside a file in a ConfigMap."""
    title = f"give pods an MTU of {value}, and make them anew"
    if field.kind == "ConfigMap":
        if field.path != "data.veth_mtu":
            return Fix(title, kubectl("edit", field.object))
        return merge_patch(title, field.object, {"data": {"veth_mtu": str(value)}})
    patch: dict[str, object] | int = value
    for name in reversed(field.path.split(".")):
        patch = {name: patch}
    assert isinstance(patch, dict)  # a path is never empty
    return merge_patch(title, field.object, patch)


def masquerade(view: View) -> Iterator[Finding]:
    """Trap: pools without an encapsulation, whose addresses routers learn by BGP; pools of public addresses."""
    for one in view.facts.not_masqueraded:
        yield Finding(
            code="MasqueradeOff",
            title=f"pods keep their addresses on the way out of the cluster: {one.field}",
            certainty=Certainty.LIKELY,
            objects=(one.field,),
            explanation=(
                f"{one.said}. What pods send to the world leaves with an address to which nobody outside has a "
                "route, so no "
                "answer comes back."
            ),
            evidence=(Evidence(str(one.field), one.said),),
            fixes=(_masquerade(one),),
            would_change="routes to the pods' addresses on the routers outside",
        )


def _masquerade(one: Masquerade) -> Fix:
    title = "let nodes replace the pods' addresses by their own"
    if one.patch is None:
        return Fix(title, kubectl("edit", one.field.object))
    return merge_patch(title, one.field.object, dict(one.patch))


def wireguard_keys(view: View) -> Iterator[Finding | Untested]:
    """Trap: with etcd as Calico\'s store no Node object has keys, and nothing can be told."""
    if view.facts.encryption.by != "WireGuard" or not view.runs("calico", "canal"):
        return
    nodes = view.snapshot.nodes
    without = [node for node in nodes if WIREGUARD_KEY not in node.metadata.annotations]
    if not without:
        return
    if len(without) == len(nodes):
        yield Untested("whether packets are encrypted", f"no Node object has the annotation {WIREGUARD_KEY}")
        return
    names = ", ".join(node.name for node in without)
    yield Finding(
        code="WireGuardKeyMissing",
        title=f"packets of pods to and from {names} are not encrypted",
        certainty=Certainty.LIKELY,
        objects=tuple(node.ref for node in without),
        explanation=(
            f"{view.facts.encryption.because}. Nodes without one have no WireGuard (no kernel module, or calico-node "
            "does not "
            "run), and the others send them packets as they are."
        ),
        evidence=tuple(Evidence(str(node.ref.at("metadata.annotations")), f"no {WIREGUARD_KEY}") for node in without),
        fixes=(Fix("look at what the node says", kubectl("describe", without[0].ref)),),
        would_change=f"the annotation {WIREGUARD_KEY} on each node",
    )
