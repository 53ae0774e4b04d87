"""A lab as it is: namespaces, links, programs and packet filters, made to follow its objects.

The order is that of a cluster: nodes, pods with their networks, what nodes filter and translate, names, and then the
programs. Only what has changed is touched, so that connections elsewhere go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from netdoctor.cluster.addresses import Address, parse_networks
from netdoctor.cluster.facts import cluster_domain, dns_service
from netdoctor.cluster.objects import Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.balancers import balanced
from netdoctor.lab.network import LabNetwork, PodSpace
from netdoctor.lab.node_filters import NodeFilters
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.lab.place import Place, Resolution, clear, furnish, hosts_file
from netdoctor.lab.processes import Process, load, start, wait_until_begun
from netdoctor.lab.programs import Program, programs
from netdoctor.lab.rules.policies import LocalPod
from netdoctor.lab.served import API_SERVER, NODE_DNS, OUTSIDE_ROOTS, outside_programs, serving, write_served
from netdoctor.lab.subnets import around, last_free, parsed
from netdoctor.model.refs import ObjectRef


@dataclass(slots=True)
class LivePod:
    """A pod that has a network: `space` is None where that is its node's."""

    pod: Pod
    place: Place
    space: PodSpace | None
    processes: dict[str, Process] = field(default_factory=dict)  # by container and program

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it another pod."""
        return self.pod.metadata.uid, self.pod.spec.node_name, self.pod.ips


class World:
    """The lab's kernel state. Not for threads: it changes the namespace of the process that calls it."""

    def __init__(
        self, name: str, objects: Objects, outside: Mapping[str, Sequence[str]], *, overlay: bool = False
    ) -> None:
        """Make everything, and wait until the programs listen.

        Args:
            name: of the lab.
            objects: with the status that they have in a cluster.
            outside: addresses of names outside the cluster, where something listens.
            overlay: whether packets between the nodes' pods travel in VXLAN.

        Raises:
            OSError: the kernel refuses.
            NetdoctorError: the objects cannot be realised.
        """
        self.name = name
        self.objects, self.snapshot = objects, snapshot_of(objects, name)
        self.pods: dict[ObjectRef, LivePod] = {}
        self.stand_ins: dict[str, LivePod] = {}
        self.node_places: dict[str, Place] = {}
        self._outside = outside
        self._others: list[Process] = []
        nodes = self.snapshot.nodes
        self.network = LabNetwork([address for node in nodes for address in _addresses(node)], overlay=overlay)
        for node in nodes:
            pod_networks = parse_networks({*node.spec.pod_cidrs, node.spec.pod_cidr} - {""})
            self.network.add_node(node.name, _addresses(node), pod_networks)
        self._filters = NodeFilters(self.network)
        self.network.add_outside(parsed(address for addresses in outside.values() for address in addresses))
        descriptor = self.network.outside.descriptor
        self.outside_place = furnish("outside", descriptor, "", hosts_file("outside", (), ()))
        self._realise()
        self._serve_nodes_and_outside()

    def follow(self, objects: Objects) -> None:
        """Make what exists what the objects say. Raises as the constructor does."""
        self.objects, self.snapshot = objects, snapshot_of(objects, self.name)
        self._realise()

    def _realise(self) -> None:
        for node in self.snapshot.nodes:
            if node.name not in self.node_places:
                self._furnish_node(node)
        self._follow_pods()
        self.filter()
        for address, name in balanced(self.snapshot).items():
            self.network.lead_in(address, name)
        write_served(self.snapshot, self.objects, self._outside)
        self._follow_programs()

    # Pods ----------------------------------------------------------------------------------------------------

    def _follow_pods(self) -> None:
        wanted = {pod.ref: pod for pod in self.snapshot.pods if _has_network(pod, self.network)}
        for ref, live in list(self.pods.items()):
            if ref not in wanted or live.identity != LivePod(wanted[ref], live.place, None).identity:
                self._remove(self.pods.pop(ref))
        for ref, pod in wanted.items():
            if ref in self.pods:
                self.pods[ref].pod = pod
            else:
                self.pods[ref] = self._add(pod)

    def _add(self, pod: Pod) -> LivePod:
        resolv_conf = self._resolution.of_pod(pod.spec, pod.namespace)
        hosts = hosts_file(self._resolution.names(pod), pod.ips, pod.spec.host_aliases)
        if pod.spec.host_network:
            descriptor = self.network.nodes[pod.spec.node_name].space.descriptor
            return LivePod(pod, furnish(pod.spec.node_name, descriptor, resolv_conf, hosts), None)
        space = self.network.add_pod(pod.spec.node_name, parsed(pod.ips))
        place = furnish(pod.spec.hostname or pod.name, space.descriptor, resolv_conf, hosts)
        return LivePod(pod, place, space)

    def _remove(self, live: LivePod) -> None:
        for process in live.processes.values():
            process.stop()
        if live.space is not None:
            self.network.remove_pod(live.space)
        clear(live.place)

    def add_stand_in(self, name: str, pod: Pod) -> None:
        """A pod for probes: no object stands for it, but policies see it after `filter`."""
        self.stand_ins[name] = self._add(pod)

    def remove_stand_ins(self, names: Iterable[str]) -> None:
        """Take them away again."""
        for name in names:
            self._remove(self.stand_ins.pop(name))

    # Programs ------------------------------------------------------------------------------------------------

    def _follow_programs(self) -> None:
        wanted = {ref: self._programs(ref) for ref in self.pods}
        load(program for group in wanted.values() for program in group.values())
        begun = []
        for ref, live in self.pods.items():
            for key, process in list(live.processes.items()):
                if wanted[ref].get(key) != process.program:
                    live.processes.pop(key).stop()
            for key, program in wanted[ref].items():
                if key not in live.processes:
                    live.processes[key] = start(program, live.place)
                    begun.append(live.processes[key])
        wait_until_begun(begun)

    def _programs(self, ref: ObjectRef) -> dict[str, Program]:
        found = map(serving, programs(self.objects["Pod", ref.namespace, ref.name]))
        return {f"{program.container} {program.module}": program for program in found}

    def _serve_nodes_and_outside(self) -> None:
        """What no pod of the objects does: the API server, and what listens outside."""
        started: list[tuple[Program, Place]] = [(NODE_DNS, self.outside_place)]
        started += [(program, self.outside_place) for program in outside_programs(self._outside, OUTSIDE_ROOTS)]
        masters = set(_api_servers(self.snapshot))
        for node in self.snapshot.nodes:
            if masters.intersection(_addresses(node)):
                started.append((API_SERVER, self.node_places[node.name]))
        load(program for program, _ in started)
        self._others += [start(program, place) for program, place in started]
        wait_until_begun(self._others)

    @property
    def processes(self) -> Iterator[Process]:
        """All that run."""
        yield from self._others
        for live in self.pods.values():
            yield from live.processes.values()

    # Packet filters ------------------------------------------------------------------------------------------

    def filter(self) -> None:
        """Make all nodes translate and filter as the objects say now, and for the probe pods that there are."""
        local: defaultdict[str, list[LocalPod]] = defaultdict(list)
        for live in (*self.pods.values(), *self.stand_ins.values()):
            if live.space is not None:
                local[live.space.node].append(LocalPod(live.pod, live.space.interface))
        self._filters.follow(self.snapshot, self.objects, (live.pod for live in self.stand_ins.values()), local)

    def forget_services(self, node: str) -> None:
        """Take away what a service proxy that does not run any more has left on a node."""
        self._filters.forget_services(node)

    def stop_masquerading(self, nodes: Iterable[str]) -> None:
        """Let what pods of these nodes send out of the cluster keep the pods' own addresses, from now on."""
        self._filters.stop_masquerading(nodes)
        self.filter()

    # Names ---------------------------------------------------------------------------------------------------

    @property
    def _resolution(self) -> Resolution:
        service = dns_service(self.snapshot)
        return Resolution(cluster_domain(self.snapshot), service.vips if service else (), self.network.gateways)

    def _furnish_node(self, node: Node) -> None:
        hosts = hosts_file(node.name, [str(address) for address in _addresses(node)], ())
        descriptor = self.network.nodes[node.name].space.descriptor
        self.node_places[node.name] = furnish(node.name, descriptor, self._resolution.of_node(), hosts)

    def free_addresses(self, node: str) -> tuple[str, ...]:
        """Addresses for one more pod on a node, one per IP family that its pods have."""
        used = {a for live in (*self.pods.values(), *self.stand_ins.values()) for a in parsed(live.pod.ips)}
        families = {address.version for address in used} or {4}
        ranges = [n for n in self.network.nodes[node].networks if n.version in families]
        return tuple(str(last_free(network, used)) for network in ranges or around(used))


def _addresses(node: Node) -> tuple[Address, ...]:
    return parsed(address.address for address in node.status.addresses if address.type == "InternalIP")


def _has_network(pod: Pod, network: LabNetwork) -> bool:
    return bool(pod.ips) and not pod.finished and pod.spec.node_name in network.nodes


def _api_servers(snapshot: Snapshot) -> Iterator[Address]:
    for one in snapshot.endpoint_slices:
        if (one.namespace, one.service) == ("default", "kubernetes"):
            yield from parsed(address for endpoint in one.endpoints for address in endpoint.addresses)
