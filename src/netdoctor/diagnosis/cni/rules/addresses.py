"""Whether pods' addresses are where the plugin expects them, and in one range only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.addresses import Network, holds, parse_address, parse_networks
from netdoctor.cluster.facts import kube_proxy, proxy_cluster_cidrs
from netdoctor.cluster.flags import option
from netdoctor.cluster.network_settings import flannel_settings
from netdoctor.cluster.objects import Node, Pod
from netdoctor.diagnosis.address_ranges import AddressRange, Overlap, address_ranges, overlaps_of, plugin_ranges
from netdoctor.diagnosis.cni.calico import connects_pods
from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix

_SHOWN = 5  # overlaps of which one finding names the fields
_FAMILIES = {4: "IPv4", 6: "IPv6"}


def overlap(view: View) -> Iterator[Finding]:
    """Trap: podCIDRs that no pod has an address of; flannel's Network around the nodes: only parts of it are routed."""
    ranges = list(dict.fromkeys((*address_ranges(view.snapshot), *plugin_ranges(view.snapshot))))
    found = [one for one in overlaps_of(ranges) if not _harmless(view, one)]
    if found:
        first = found[0]
        fields = tuple(dict.fromkeys(field for one in found[:_SHOWN] for field in (one.one.field, one.other.field)))
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        yield Finding(
            code="PodCIDROverlap",
            title=f"{first.title}{more}",
            certainty=Certainty.LIKELY,
            objects=fields,
            explanation=first.explanation,
            evidence=first.evidence,
            fixes=(first.fix,),
            would_change="other ranges in the fields named",
        )


def _harmless(view: View, found: Overlap) -> bool:
    """Flannel routes to podCIDRs; its whole Network only tells it what not to masquerade."""
    ends = (found.one, found.other)
    frame = view.runs("flannel", "canal") and any(one.pool for one in ends)
    return frame and any(one.field.kind == "Node" for one in ends)


def outside_network(view: View) -> Iterator[Finding]:
    """flannel ends where its node's podCIDR is not in its Network (pkg/subnet/kube, AcquireLease).

    Trap: a node without a podCIDR yet; a second podCIDR of a family that flannel is not told of.
    """
    settings = flannel_settings(view.snapshot)
    networks = parse_networks({*settings.networks}) if settings else ()
    if settings is None or not networks or not view.runs("flannel", "canal"):
        return
    outside = [(node, cidr) for node in view.snapshot.nodes for cidr in _pod_cidrs(node) if _is_outside(cidr, networks)]
    if outside:
        listed = ", ".join(str(network) for network in networks)
        yield Finding(
            code="PodCIDROutsideNetwork",
            title=f"podCIDRs of {len(outside)} nodes are not in flannel's Network {listed}",
            certainty=Certainty.CERTAIN,
            objects=(settings.field, *(node.ref.at("spec.podCIDR") for node, _ in outside)),
            explanation=(
                f"flannel takes each node's range from its podCIDR, and refuses one that is not in {listed}: there "
                "it ends "
                "without writing /run/flannel/subnet.env, and new pods get no network. Where it ran before, it goes "
                "on with "
                "the old file."
            ),
            evidence=(
                Evidence(str(settings.field), listed),
                *(Evidence(str(node.ref.at("spec.podCIDR")), str(cidr)) for node, cidr in outside),
            ),
            fixes=(
                Fix(
                    "write the range of kube-controller-manager's --cluster-cidr as Network, and restart flannel",
                    kubectl("edit", settings.field.object),
                ),
            ),
            would_change=f"podCIDRs inside {listed}",
        )


def _pod_cidrs(node: Node) -> tuple[Network, ...]:
    return parse_networks({cidr for cidr in (*node.spec.pod_cidrs, node.spec.pod_cidr) if cidr})


def _is_outside(cidr: Network, networks: Sequence[Network]) -> bool:
    same = [network for network in networks if network.version == cidr.version]
    return bool(same) and not any(holds(network, cidr) for network in same)


def outside_pools(view: View) -> Iterator[Finding]:
    """Trap: podCIDRs outside the pools, which Calico's own IPAM does not use; pods in a pool that is disabled now."""
    if view.runs("calico") and connects_pods(view.snapshot) is not False:
        cidrs = {str(pool.spec.get("cidr", "")) for pool in view.snapshot.ip_pools}
    elif view.runs("cilium"):
        cidrs = {str(one.network) for one in plugin_ranges(view.snapshot)}
    else:
        return
    networks = parse_networks(cidrs)
    strangers = [pod for pod in view.snapshot.pods if _in_none(pod, networks)]
    if strangers:
        listed = ", ".join(str(network) for network in networks)
        names = ", ".join(str(pod.ref) for pod in strangers[:_SHOWN])
        yield Finding(
            code="PodAddressOutsidePools",
            title=f"{len(strangers)} pods have addresses that are in no range of {view.plugin.name}: {listed}",
            certainty=Certainty.LIKELY,
            objects=tuple(pod.ref.at("status.podIP") for pod in strangers[:_SHOWN]),
            explanation=(
                f"{names}: these addresses are not in {listed}. For the plugin they are not pods' addresses: it "
                "neither puts "
                "them into its encapsulation nor masquerades them. They were given by another plugin, or before the "
                "range was "
                "changed."
            ),
            evidence=tuple(Evidence(str(pod.ref), ", ".join(pod.ips)) for pod in strangers[:_SHOWN]),
            fixes=(
                Fix("make the pods anew, so that they get addresses of the range", kubectl("delete", strangers[0].ref)),
            ),
            would_change="a range of the plugin that holds them",
        )


def outside_cluster_cidr(view: View) -> Iterator[Finding]:
    """kube-proxy takes who is not in its clusterCIDR for somebody outside, and masquerades its requests to Services.

    Trap: another detectLocalMode; no clusterCIDR; a plugin that replaces kube-proxy.
    """
    networks = parse_networks({*proxy_cluster_cidrs(view.snapshot)})
    proxy = kube_proxy(view.snapshot)
    strangers = [pod for pod in view.snapshot.pods if _in_none(pod, networks)]
    if strangers and not proxy.replaced_by:
        listed = ", ".join(str(network) for network in networks)
        field = _cluster_cidr_field(view)
        yield Finding(
            code="PodAddressOutsideClusterCIDR",
            title=f"{len(strangers)} pods have addresses outside of kube-proxy's clusterCIDR {listed}",
            certainty=Certainty.LIKELY,
            objects=(field, *(pod.ref.at("status.podIP") for pod in strangers[:_SHOWN])),
            explanation=(
                f"kube-proxy takes requests from outside of {listed} to ClusterIPs for those of clients outside, and "
                "gives them the node's address. Servers and policies see nodes instead of pods: what admits pods by "
                "their labels does not admit these."
            ),
            evidence=(
                Evidence(str(field), f"clusterCIDR {listed}"),
                *(Evidence(str(pod.ref), ", ".join(pod.ips)) for pod in strangers[:_SHOWN]),
            ),
            fixes=(
                Fix(
                    "write the range that pods have addresses of as clusterCIDR, and restart kube-proxy",
                    kubectl("edit", field.object),
                ),
            ),
            would_change="another detectLocalMode than ClusterCIDR",
        )


def _cluster_cidr_field(view: View) -> ObjectRef:
    """Of kube-proxy's configuration; of its pod, where an argument says it."""
    pods = (pod for group in kube_proxy(view.snapshot).pods.values() for pod in group)
    said = next((pod.ref.at("spec.containers[].command") for pod in pods if option(pod.spec, "cluster-cidr")), None)
    return said or ObjectRef("ConfigMap", "kube-proxy", "kube-system", "data.config.conf")


def _in_none(pod: Pod, networks: Sequence[Network]) -> bool:
    """Of the families of which there is a network."""
    if pod.spec.host_network or pod.finished:
        return False
    addresses = [address for ip in pod.ips if (address := parse_address(ip))]
    for address in addresses:
        same = [network for network in networks if network.version == address.version]
        if same and not any(address in network for network in same):
            return True
    return False


def no_pool(view: View) -> Iterator[Finding]:
    """Trap: one disabled pool beside another, as while pods are moved from one to the other."""
    pools = [pool for pool in view.snapshot.ip_pools if parse_networks({str(pool.spec.get("cidr", ""))})]
    if not view.runs("calico") or connects_pods(view.snapshot) is False:
        return
    enabled: list[AddressRange] = [one for one in plugin_ranges(view.snapshot) if one.field.kind == "IPPool"]
    for version, name in _FAMILIES.items():
        mine = [p for p in pools if parse_networks({str(p.spec["cidr"])})[0].version == version]
        off = [pool for pool in mine if pool.spec.get("disabled")]
        if off and not any(one.network.version == version for one in enabled):
            ref = off[0].ref.at("spec.disabled")
            yield Finding(
                code="AddressPoolDisabled",
                title=f"every {name} pool of Calico's is disabled: new pods get no address",
                certainty=Certainty.CERTAIN,
                objects=tuple(pool.ref.at("spec.disabled") for pool in off),
                explanation="Calico gives no addresses of a disabled pool, and there is no other. Pods keep theirs.",
                evidence=tuple(Evidence(str(pool.ref.at("spec.disabled")), "true") for pool in off),
                fixes=(merge_patch("enable the pool", ref.object, {"spec": {"disabled": False}}),),
                would_change="a pool of that family that is not disabled",
            )
