"""Lets faults into a lab that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from pyroute2.netlink.exceptions import NetlinkError

from netdoctor.cluster.facts import dns_service
from netdoctor.lab.faults import filters
from netdoctor.lab.faults.catalogue import Fault, require_nodes
from netdoctor.lab.faults.objects import without_dns, without_proxy
from netdoctor.lab.links import index_of
from netdoctor.lab.nft.door import replace_tables
from netdoctor.lab.nft.table import Table
from netdoctor.lab.spaces import Space
from netdoctor.lab.world import World
from netdoctor.model.errors import AccessError, InputError

_ROOT = 0x10000  # the handle 1: of a queueing discipline


def let_in(fault: Fault, world: World) -> None:
    """Let a fault in.

    Raises:
        InputError: the lab has no such node, or not what the fault would break.
        AccessError: the kernel has not what it takes.
        OSError: the kernel refuses.
    """
    require_nodes(fault, world.network.nodes, "fault")
    _WAYS[fault.kind.name](fault, world)


def _drop_overlay(fault: Fault, world: World) -> None:
    if not world.network.has_overlay:
        raise InputError(
            "fault vxlan-dropped: the lab's nodes have no overlay", hint="netdoctor lab up … --overlay vxlan"
        )
    nodes = world.network.nodes
    for here, there in (fault.nodes, fault.nodes[::-1]):
        _filter(world, nodes[here].space, filters.overlay_dropped(nodes[there].addresses))


def _black_hole(fault: Fault, world: World) -> None:
    """Only packets as they are on a wire have the length that they have there: the kernel must cut them up before."""
    for space in (world.network.outside, *_spaces(world)):
        space.links.link("set", index=index_of(space.links, "eth0"), gso_max_segs=1)
        _filter(world, space, filters.larger_dropped(fault.number))


def _lose(fault: Fault, world: World) -> None:
    for space in _spaces(world, fault.nodes):
        _filter(world, space, filters.some_dropped(fault.number))


def _delay(fault: Fault, world: World) -> None:
    for space in _spaces(world, fault.nodes):
        try:
            index = index_of(space.links, "eth0")
            space.links.tc("replace", "netem", index=index, handle=_ROOT, delay=fault.number * 1000)
        except NetlinkError as error:
            raise AccessError(
                "fault delay: this kernel has no network emulator",
                str(error),
                "as root: modprobe sch_netem (a package of further kernel modules may have it)",
            ) from error


def _crash_proxy(fault: Fault, world: World) -> None:
    (node,) = fault.nodes
    world.follow(without_proxy(world.objects, world.snapshot, node))
    world.forget_services(node)


def _stop_dns(_: Fault, world: World) -> None:
    world.follow(without_dns(world.objects, world.snapshot))


def _silence_dns_server(_: Fault, world: World) -> None:
    service = dns_service(world.snapshot)
    servers = world.snapshot.pods_selected(service.namespace, service.spec.selector) if service else ()
    living = [world.pods[pod.ref] for pod in servers if pod.ref in world.pods]
    networks = [live.space for live in living if live.space]
    if len(networks) < 2:
        raise InputError(f"fault dns-half-down: it takes two DNS servers, and the lab has {len(networks)}")
    with world.network.inside(min(networks, key=lambda space: space.addresses[0].packed).descriptor):
        replace_tables([filters.queries_dropped()])


def _keep_sources(fault: Fault, world: World) -> None:
    world.stop_masquerading(fault.nodes or world.network.nodes)


def _turn_aside(fault: Fault, world: World) -> None:
    one, other = fault.nodes
    world.network.detour(one, other)
    _filter(world, world.network.outside, filters.unbegun_dropped())


def _filtering(table: Callable[[], Table]) -> Callable[[Fault, World], None]:
    """A fault that is no more than a filter on its nodes; on all, where it names none."""

    def let_in_filter(fault: Fault, world: World) -> None:
        for space in _spaces(world, fault.nodes):
            _filter(world, space, table())

    return let_in_filter


def _spaces(world: World, names: Iterable[str] = ()) -> list[Space]:
    """Those of the nodes of these names, or of all."""
    nodes = world.network.nodes
    return [nodes[name].space for name in (tuple(names) or nodes)]


def _filter(world: World, space: Space, table: Table) -> None:
    with world.network.inside(space.descriptor):
        replace_tables([table])


_WAYS: Mapping[str, Callable[[Fault, World], None]] = MappingProxyType(
    {
        "vxlan-dropped": _drop_overlay,
        "mtu-black-hole": _black_hole,
        "loss": _lose,
        "delay": _delay,
        "proxy-gone": _crash_proxy,
        "node-port-dropped": _filtering(filters.node_ports_dropped),
        "node-isolated": _filtering(filters.everything_dropped),
        "firewall-rejects": _filtering(filters.connections_prohibited),
        "kubelet-blocked": _filtering(filters.to_own_pods_dropped),
        "pods-masqueraded": _filtering(filters.pods_masqueraded),
        "dns-down": _stop_dns,
        "dns-half-down": _silence_dns_server,
        "hairpin-off": _filtering(filters.hairpins_dropped),
        "no-masquerade": _keep_sources,
        "asymmetric-route": _turn_aside,
    }
)
