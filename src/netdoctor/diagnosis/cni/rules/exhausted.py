"""Whether there are addresses for more pods."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.addresses import Network, holds, parse_networks
from netdoctor.cluster.network_settings import for_pods
from netdoctor.cluster.objects import IPPool
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.address_use import room, used
from netdoctor.diagnosis.cni.calico import block_size
from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix

_CODE = "IPAddressesExhausted"
_NEARLY = 0.95  # of all addresses: what else takes some (tunnels, leaks) is not seen
_HOST_LOCAL = ("flannel", "canal", "k3s", "kindnet", "kube-router")


def exhausted(view: View) -> Iterator[Finding]:
    """Trap: a full pool beside another with room; podCIDRs that the plugin does not use."""
    if view.runs(*_HOST_LOCAL):
        yield from _pod_cidrs(view.snapshot)
    if view.runs("calico"):
        yield from _pools(view.snapshot)


def _pod_cidrs(snapshot: Snapshot) -> Iterator[Finding]:
    for node in snapshot.nodes:
        for network in parse_networks({c for c in (*node.spec.pod_cidrs, node.spec.pod_cidr) if c}):
            taken, all_of = used(snapshot, network), room(network)
            if taken and taken >= all_of:
                field = node.ref.at("spec.podCIDR")
                yield _finding(
                    f"pods on {node.name} have {taken} of the {all_of} addresses of its podCIDR {network}",
                    field,
                    Certainty.CERTAIN,
                    "A node gives addresses of its own range only, and host-local finds none for the next pod.",
                    Fix("give nodes larger ranges (--node-cidr-mask-size), and make the node anew"),
                )


def _pools(snapshot: Snapshot) -> Iterator[Finding]:
    pools = [(pool, network) for pool in snapshot.ip_pools for network in _networks(pool)]
    full = [(pool, network, said) for pool, network in pools if (said := _why_full(snapshot, pool, network))]
    for version in (4, 6):
        mine = [one for one in full if one[1].version == version]
        if mine and len(mine) == sum(network.version == version for _, network in pools):
            pool, network, said = mine[0]
            yield _finding(
                f"no addresses are left in {pool.ref} ({network}), and there is no other pool",
                pool.ref.at("spec.cidr"),
                Certainty.LIKELY,
                said,
                Fix("add a pool, or make room: addresses of pods that are gone are found by `calicoctl ipam check`"),
            )


def _networks(pool: IPPool) -> tuple[Network, ...]:
    off = pool.spec.get("disabled") or not for_pods(pool)
    return () if off else parse_networks({str(pool.spec.get("cidr", ""))})


def _why_full(snapshot: Snapshot, pool: IPPool, network: Network) -> str:
    """Empty where it is not."""
    taken = used(snapshot, network)
    if taken >= _NEARLY * network.num_addresses:
        return f"Pods have {taken} of its {network.num_addresses} addresses; tunnels of nodes take one each besides."
    blocks = 1 << max(0, block_size(pool) - network.prefixlen)
    mine = [one for one in snapshot.block_affinities if _inside(one.spec.cidr, network)]
    owners = {one.spec.node for one in mine}
    without = [node.name for node in snapshot.nodes if node.name not in owners]
    if mine and len({one.spec.cidr for one in mine}) >= blocks and without:
        return (
            f"All {blocks} blocks of /{block_size(pool)} belong to nodes, and {', '.join(without)} has none: pods "
            "there borrow "
            "single addresses of others' blocks, or get none where strictAffinity is set."
        )
    return ""


def _inside(cidr: str, network: Network) -> bool:
    return any(holds(network, block) for block in parse_networks({cidr}))


def _finding(title: str, field: ObjectRef, certainty: Certainty, why: str, fix: Fix) -> Finding:
    return Finding(
        code=_CODE,
        title=title,
        certainty=certainty,
        objects=(field,),
        explanation=f"{why} New pods stay in ContainerCreating.",
        evidence=(Evidence(str(field), title),),
        fixes=(Fix(fix.title, fix.command or kubectl("get", field.object, "-o", "yaml")),),
        would_change="an address for a new pod",
    )
