"""Whether host ports of pods are opened."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.network_settings import chain
from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.report import Certainty, Evidence, Finding, Fix

_SHOWN = 5


def host_ports(view: View) -> Iterator[Finding]:
    """hostPort is made by the plugin portmap (kubernetes.io, Network Plugins, "Support hostPort").

    Trap: pods in the node's own network, which listen there themselves; plugins that do without a chain (Cilium).
    """
    found = chain(view.snapshot)
    if found is None or "portmap" in found.types:
        return
    mine = (pod for pod in view.snapshot.pods if not (pod.spec.host_network or pod.finished))
    pods = [pod for pod in mine if any(port.host_port for port in pod.ports)]
    if pods:
        names = ", ".join(str(pod.ref) for pod in pods[:_SHOWN])
        yield Finding(
            code="HostPortWithoutPortmap",
            title=f"host ports of {len(pods)} pods are not opened: {names}",
            certainty=Certainty.CERTAIN,
            objects=(found.field, *(pod.ref.at("spec.containers[].ports[].hostPort") for pod in pods[:_SHOWN])),
            explanation=(
                f"A hostPort is opened by the CNI plugin portmap, and {found.field} has {', '.join(found.types)} only. "
                "The pods run, and nobody reaches them on their nodes' addresses."
            ),
            evidence=(Evidence(str(found.field), ", ".join(found.types)),),
            fixes=(
                Fix(
                    "add portmap with the capability portMappings to the chain, and make the pods anew",
                    kubectl("edit", found.field.object),
                ),
            ),
            would_change="portmap in the file that is really in /etc/cni/net.d of the nodes",
        )
