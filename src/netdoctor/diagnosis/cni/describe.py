"""The report of `cni`: what the network plugin is, how it is set, what it needs, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netdoctor.cluster.cni import cni, running_plugins
from netdoctor.cluster.encapsulation import encapsulation
from netdoctor.cluster.facts import kube_proxy
from netdoctor.cluster.network_settings import chain
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.address_ranges import plugin_ranges, service_ranges
from netdoctor.diagnosis.cni.calico import calico_encryption, calico_facts
from netdoctor.diagnosis.cni.cilium import cilium_facts
from netdoctor.diagnosis.cni.enforcement import enforcement
from netdoctor.diagnosis.cni.facts import Facts, View
from netdoctor.diagnosis.cni.flannel import flannel_facts
from netdoctor.diagnosis.cni.mtu import arithmetic
from netdoctor.diagnosis.cni.openings import openings
from netdoctor.diagnosis.cni.others import other_facts
from netdoctor.diagnosis.cni.rules import judge
from netdoctor.diagnosis.cni.versions import versions
from netdoctor.model.cni_report import CNIAddresses, CNIEncapsulation, CNIReport, CNISetting
from netdoctor.model.report import Evidence, Finding, Untested

_UNSEEN = (
    Untested("files on nodes", "/etc/cni/net.d, /run/flannel/subnet.env and plugins' binaries: read them on a node"),
    Untested("MTUs that interfaces really have", "`ip link` on a node; `netdoctor mesh` sends packets of each size"),
    Untested("whether firewalls let it through", "`netdoctor mesh` and `netdoctor trace` send packets"),
    Untested("environment variables of the plugin", "netdoctor reads none, since secrets may be there"),
)


def describe_cni(snapshot: Snapshot, node_mtu: int | None = None) -> CNIReport:
    """The whole report; `node_mtu` is what the user says of the nodes' interfaces, in bytes."""
    view = view_of(snapshot, node_mtu)
    judged = [*judge(view)]
    wrapped = view.wrapped
    return CNIReport(
        name=view.plugin.name,
        versions=versions(view),
        evidence=tuple(_evidence(view)),
        encapsulation=CNIEncapsulation(
            wrapped.name, wrapped.evidence, wrapped.mode, wrapped.vni, view.mtu.overhead or 0
        ),
        settings=(*view.facts.settings, *_chain(snapshot), _service_proxy(snapshot)),
        addresses=tuple(_addresses(snapshot)),
        enforces=enforcement(view),
        mtu=view.mtu,
        encryption=view.facts.encryption,
        openings=openings(view),
        findings=tuple(one for one in judged if isinstance(one, Finding)),
        not_judged=(*(one for one in judged if isinstance(one, Untested)), *_unread(snapshot)),
        unseen=_UNSEEN,
    )


def view_of(snapshot: Snapshot, node_mtu: int | None = None) -> View:
    """All that rules look at."""
    facts, wrapped = _facts(snapshot), encapsulation(snapshot)
    mtu = arithmetic(snapshot, wrapped, facts, node_mtu)
    return View(snapshot, cni(snapshot), running_plugins(snapshot), wrapped, facts, mtu)


def _facts(snapshot: Snapshot) -> Facts:
    """Those of the plugin that connects pods; the first of several that has any."""
    found = (_of(snapshot, name) for name in cni(snapshot).name.split("+"))
    return next((facts for facts in found if facts != Facts()), Facts())


def _of(snapshot: Snapshot, name: str) -> Facts:
    match name:
        case "calico":
            return calico_facts(snapshot)
        case "canal":
            facts = flannel_facts(snapshot)
            encrypted = calico_encryption(snapshot)
            return replace(facts, encryption=encrypted) if encrypted.state == "on" else facts
        case "cilium":
            return cilium_facts(snapshot)
        case "flannel" | "k3s":
            return flannel_facts(snapshot)
    return other_facts(snapshot, name)


def _evidence(view: View) -> Iterator[Evidence]:
    yield Evidence("recognised by", view.plugin.evidence)
    for _, daemon_set in view.running:
        images = ", ".join(container.image for container in daemon_set.spec.template.spec.containers)
        yield Evidence(str(daemon_set.ref), f"runs {images}")


def _chain(snapshot: Snapshot) -> Iterator[CNISetting]:
    if (found := chain(snapshot)) is not None:
        yield CNISetting("CNI chain", ", ".join(found.types), found.field)


def _service_proxy(snapshot: Snapshot) -> CNISetting:
    proxy = kube_proxy(snapshot)
    if proxy.replaced_by:
        return CNISetting("kube-proxy", f"replaced by {proxy.replaced_by}")
    return CNISetting(
        "kube-proxy", proxy.mode or ("runs, in a mode that no object tells" if proxy.pods else "not seen")
    )


def _addresses(snapshot: Snapshot) -> Iterator[CNIAddresses]:
    for one in plugin_ranges(snapshot):
        yield CNIAddresses(str(one.network), one.use, one.field)
    for node in snapshot.nodes:
        for cidr in node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ()):
            yield CNIAddresses(cidr, f"podCIDR of {node.name}", node.ref.at("spec.podCIDR"))
    ranges = [one for one in service_ranges(snapshot) if one.use == "Services"]
    for one in ranges:
        yield CNIAddresses(str(one.network), one.use, one.field)


def _unread(snapshot: Snapshot) -> Iterator[Untested]:
    """What might say more, and may not be read."""
    for unread in snapshot.unread_settings:
        where = f" {unread.namespace}" if unread.namespace else ""
        yield Untested(f"{unread.kind}{where}", unread.because)
    for kind in ("Node", "Pod", "DaemonSet", "Service", "NetworkPolicy"):
        if missing := snapshot.unread_for(kind):
            yield Untested(f"{kind} objects", missing.because)
