"""What a lab's nodes translate and filter: made of its objects, and sent to the kernel where it has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from netdoctor.cluster.cni import cni
from netdoctor.cluster.objects import Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.enforcement import enforces, proxied
from netdoctor.lab.network import LabNetwork
from netdoctor.lab.nft.door import remove_tables, replace_tables
from netdoctor.lab.nft.table import Table
from netdoctor.lab.objects import Objects
from netdoctor.lab.rules.details import details_of
from netdoctor.lab.rules.nat import nat_table
from netdoctor.lab.rules.policies import LocalPod, PolicyTables
from netdoctor.lab.rules.services import service_table
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.profile import profile_for


class NodeFilters:
    """The tables of all nodes, as they were sent last."""

    def __init__(self, network: LabNetwork) -> None:
        self._network = network
        self._tables: dict[str, dict[str, Table]] = {}
        self._not_masquerading: set[str] = set()

    def follow(
        self, snapshot: Snapshot, objects: Objects, stand_ins: Iterable[Pod], local: Mapping[str, Sequence[LocalPod]]
    ) -> None:
        """Make all nodes translate and filter as Services, EndpointSlices and policies say now.

        `stand_ins` are pods that are no objects, and that policies see nevertheless; `local` the pods that a node's
        links lead to.
        """
        everybody = replace(snapshot, pods=(*snapshot.pods, *stand_ins))
        translating, enforced = proxied(snapshot), enforces(snapshot)
        plugin = cni(snapshot).name
        policies = PolicyTables(compile_policies(everybody, cni=plugin), profile_for(plugin))
        details, nat = details_of(objects), nat_table(everybody)
        for node in self._network.nodes:
            made = {**self._tables.get(node, {}), "nat": nat}
            if node in self._not_masquerading:
                del made["nat"]
            if node in translating:
                made["services"] = service_table(everybody, node, details)
            if enforced:
                made["policies"] = policies.table(local.get(node, ()))
            else:
                made.pop("policies", None)
            self._send(node, made)

    def forget_services(self, node: str) -> None:
        """Take away what a service proxy that does not run any more has left on a node."""
        self._send(node, {name: table for name, table in self._tables[node].items() if name != "services"})

    def stop_masquerading(self, nodes: Iterable[str]) -> None:
        """Let what pods of these nodes send out of the cluster keep the pods' own addresses, when this follows next."""
        self._not_masquerading.update(nodes)

    def _send(self, node: str, made: dict[str, Table]) -> None:
        before = self._tables.get(node, {})
        changed = [table for name, table in made.items() if before.get(name) != table]
        gone = [table.name for name, table in before.items() if name not in made]
        with self._network.inside(self._network.nodes[node].space.descriptor):
            replace_tables(changed)
            remove_tables(gone)
        self._tables[node] = made
