"""Which kinds of policies the network plugin applies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from netdoctor.cluster.flags import option
from netdoctor.cluster.objects import DaemonSet
from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.cni.versions import version_of
from netdoctor.model.cni_report import CNIEnforcement

NETWORK, ADMIN, BASELINE = "NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"
CALICO = ("NetworkPolicy (projectcalico.org)", "GlobalNetworkPolicy")
CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
ANTREA = ("NetworkPolicy (crd.antrea.io)", "ClusterNetworkPolicy (crd.antrea.io)")
OVN = ("EgressFirewall",)
#: Whose own kinds of policies these are, by API group or by kind.
OWNERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "projectcalico.org": ("calico", "canal"),
        "cilium.io": ("cilium",),
        "crd.antrea.io": ("antrea",),
        "k8s.ovn.org": ("ovn-kubernetes",),
    }
)
_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"calico": CALICO, "canal": CALICO, "cilium": CILIUM, "antrea": ANTREA, "ovn-kubernetes": (ADMIN, BASELINE, *OVN)}
)
# projectcalico/calico#9206 and #9464: the first releases that apply them.
_CALICO_ADMIN, _CALICO_BASELINE = (3, 29), (3, 30)


def enforcement(view: View) -> CNIEnforcement:
    """What is applied, and why."""
    return CNIEnforcement(view.plugin.enforces_policy, tuple(dict.fromkeys(_kinds(view))), view.plugin.evidence)


def _kinds(view: View) -> Iterator[str]:
    if not view.plugin.enforces_policy:
        return
    yield NETWORK
    for name in view.plugin.name.split("+"):
        yield from _OWN.get(name, ())
        if name in ("calico", "canal"):
            yield from _of_calico([one for _, one in view.running])
    for name, daemon_set in view.running:
        if name == "kube-network-policies":  # its flags: github.com/kubernetes-sigs/kube-network-policies
            spec = daemon_set.spec.template.spec
            yield from ((ADMIN,) if option(spec, "admin-network-policy") == "true" else ())
            yield from ((BASELINE,) if option(spec, "baseline-admin-network-policy") == "true" else ())


def lacks(view: View, kind: str) -> bool:
    """Whether this release certainly does not apply a kind: only of Calico is it known since when it does."""
    since = {ADMIN: _CALICO_ADMIN, BASELINE: _CALICO_BASELINE}.get(kind)
    release = _calico_release([one for _, one in view.running])
    return view.runs("calico", "canal") and since is not None and release is not None and release < since


def _of_calico(daemon_sets: Sequence[DaemonSet]) -> Iterator[str]:
    release = _calico_release(daemon_sets)
    if release is not None:
        yield from ((ADMIN,) if release >= _CALICO_ADMIN else ())
        yield from ((BASELINE,) if release >= _CALICO_BASELINE else ())


def _calico_release(daemon_sets: Sequence[DaemonSet]) -> tuple[int, int] | None:
    """Major and minor number; None where the tag tells none."""
    version = next((v for one in daemon_sets if (v := version_of(one, "calico"))), "")
    number = re.match(r"v?(\d{1,4})\.(\d{1,4})", version)
    return (int(number[1]), int(number[2])) if number else None
