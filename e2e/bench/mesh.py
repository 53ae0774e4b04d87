"""How a mesh of many nodes behaves, with an API server and nodes that are simulated in this process.

`python -m e2e.bench.mesh [NODES]` prints the pairs, the probes, the time, the requests and the memory. What is real:
the choice of pairs, the objects, the watch with every change of every pod (documents of the size that an API server
sends), what the pods say in the agent's own form, the diagnosis and the report. What is not: the network, the kubelets,
and so the time that pods take to start and to probe.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from netdoctor.cluster.own import RUN_LABEL
from netdoctor.diagnosis.mesh.diagnose import diagnose_mesh
from netdoctor.lab.objects import key_of, snapshot_of
from netdoctor.probing.kube.fleet import KubeFleet
from netdoctor.probing.kube.fleet_manifest import ANSWER, ROLE_LABEL
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.mesh.fleet import MeshPlan
from netdoctor.probing.mesh.selection import select, shuffled
from netdoctor.report.mesh import render_mesh
from netdoctor.report.mesh_format import MeshFormat
from netdoctor.report.style import Style
from netdoctor_probe.mesh.document import NODE, Member, Mesh, PeerSeen, Said, decode_mesh, encode_said
from netdoctor_probe.wire import Outcome

Document = dict[str, Any]
#: What a pod on a node sees of a peer: (network, from, to, seen when all is well).
See = Callable[[str, str, str, PeerSeen], PeerSeen]
_ENTRY: Document = {'k:{"type":"Ready"}': {".": {}, "f:lastProbeTime": {}, "f:status": {}, "f:type": {}}}
#: As long as those of a real pod are: they are most of what a watch brings.
_MANAGED_FIELDS = [{"manager": "kubelet", "operation": "Update", "fieldsV1": {f"f:{n}": _ENTRY for n in range(30)}}]


def all_well(_: str, __: str, ___: str, seen: PeerSeen) -> PeerSeen:
    """Nothing is wrong anywhere."""
    return seen


@dataclass
class SimulatedCluster:
    """An API server with nodes. As `FleetAPI` it counts what it is asked; `refuses` are roles that it admits not."""

    nodes: tuple[str, ...]
    see: See = all_well
    dead: frozenset[str] = frozenset()  # nodes whose kubelets start nothing
    made: dict[tuple[str, str], Document] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    longest: int = 0  # bytes of what a pod has said
    sent: int = 0  # bytes of the watch
    _events: SimpleQueue[bytes | None] = field(default_factory=SimpleQueue)

    def create(self, document: Document, *, dry_run: bool = False) -> Document:
        """Make an object, and what its controller makes of it."""
        self.requests.append(("POST" if not dry_run else "POST dryRun", document["kind"]))
        if dry_run:
            return document
        self.made[document["kind"], document["metadata"]["name"]] = document
        if document["kind"] == "DaemonSet":
            for number, node in enumerate(self.nodes):
                for pod in self._pods(document, node, number):
                    self._say({"type": "MODIFIED", "object": pod})
        return {**document, "metadata": {**document["metadata"], "uid": "1"}}

    def delete(self, kind: str, namespace: str, name: str) -> bool:  # noqa: ARG002 - as the API has it
        """Remove an object, and the pods that it owns."""
        self.requests.append(("DELETE", kind))
        for number in range(len(self.nodes)) if kind == "DaemonSet" else ():
            self._say({"type": "DELETED", "object": {"metadata": {"name": f"{name}-{number:05}"}}})
        return self.made.pop((kind, name), None) is not None

    def watch_run(self, namespace: str, run: str) -> SimulatedCluster:  # noqa: ARG002
        """The one watch."""
        self.requests.append(("WATCH", "Pod"))
        return self

    def __iter__(self) -> Iterator[bytes]:
        """The watch's lines."""
        while (line := self._events.get()) is not None:
            yield line

    def close(self) -> None:
        """End the watch."""
        self._events.put(None)

    def _say(self, event: Document) -> None:
        line = json.dumps(event).encode()
        self.sent += len(line)
        self._events.put(line)

    def _pods(self, daemon_set: Document, node: str, number: int) -> Iterator[Document]:
        """A pod as it is bound, as it is being created, and as it runs or has asked."""
        labels = daemon_set["spec"]["template"]["metadata"]["labels"]
        metadata = {
            "name": f"{daemon_set['metadata']['name']}-{number:05}",
            "labels": {**labels, RUN_LABEL: labels[RUN_LABEL]},
            "managedFields": _MANAGED_FIELDS,
        }
        pod: Document = {"metadata": metadata, "spec": {**daemon_set["spec"]["template"]["spec"], "nodeName": node}}
        yield {**pod, "status": {"phase": "Pending"}}
        if node in self.dead:
            return
        waiting = [{"name": "netdoctor", "state": {"waiting": {"reason": "ContainerCreating"}}}]
        yield {**pod, "status": {"phase": "Pending", "containerStatuses": waiting}}
        role = labels[ROLE_LABEL]
        if role == ANSWER:
            running = [{"name": "netdoctor", "state": {"running": {}}}]
            yield {**pod, "status": {"phase": "Running", "podIP": _pod_address(number), "containerStatuses": running}}
            return
        ended = {"terminated": {"exitCode": 0, "message": self._said(node, role), "containerID": "x"}}
        yield {**pod, "status": {"phase": "Running", "initContainerStatuses": [{"name": "asking", "state": ended}]}}

    def _said(self, node: str, network: str) -> str:
        """What the agent would say: the document is the one that the pods are given."""
        [config] = [document for (kind, _), document in self.made.items() if kind == "ConfigMap"]
        mesh = decode_mesh(config["data"]["mesh.json"])
        me = next(number for number, member in enumerate(mesh.members) if member.name == node)
        seen = []
        for peer in (me, *mesh.peers(me)):
            to = mesh.members[peer]
            if to.pod or (network == NODE and peer != me):
                well = PeerSeen(peer, Outcome.OK, mesh.samples, mesh.samples, 312, 1840, 2961, 1450, believed=1450)
                seen.append(self.see(network, node, to.name, well))
        text = encode_said(Said(network, tuple(seen)))
        self.longest = max(self.longest, len(text))
        return text


def _pod_address(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def planned(nodes: int, seed: int) -> tuple[MeshPlan, tuple[str, ...]]:
    """A mesh of so many nodes, and their names."""
    chance = random.Random(seed)
    names = tuple(f"node-{number:04}" for number in range(nodes))
    selection = select(nodes, chance)
    members = tuple(
        Member(name, f"172.16.{int(name[5:]) >> 8}.{int(name[5:]) & 255}") for name in shuffled(names, chance)
    )
    return MeshPlan("default", Mesh(members, selection.offsets)), names


def main(nodes: int) -> None:
    """Run it once, with one node cut off, and print the numbers."""
    plan, names = planned(nodes, seed=1)
    victim = names[nodes // 3]

    def cut_off(_: str, source: str, to: str, seen: PeerSeen) -> PeerSeen:
        lost = PeerSeen(seen.peer, Outcome.TIMEOUT, seen.sent, tcp="timeout")
        return lost if source != to and victim in {source, to} else seen

    api = SimulatedCluster(names, cut_off)
    objects = ({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in names)
    snapshot = snapshot_of({key_of(one): one for one in objects}, "a simulation")
    begun, used = time.monotonic(), time.process_time()
    run = KubeFleet(api, ProbeOptions()).run(plan, lambda _: None)
    probed = time.monotonic()
    report = diagnose_mesh(snapshot, run, select(nodes, random.Random(1)), "default")
    text = render_mesh(report, MeshFormat.JSON, Style())
    ended, used = time.monotonic(), time.process_time() - used
    coverage = report.coverage
    figures = {
        "nodes": f"{nodes}, with {3 * nodes} pods of 3 DaemonSets",
        "pairs": f"{len(report.pairs)}: {coverage.tested} of {coverage.possible} ordered pairs of nodes, each twice, "
        "and those within nodes",
        "datagrams": f"{sum(pair.sent for pair in report.pairs)}",
        "API requests": f"{len(api.requests)}: {', '.join(f'{verb} {kind}' for verb, kind in api.requests)}",
        "the watch": f"{api.sent / 1e6:.1f} MB",
        "one pod's answer": f"at most {api.longest} of 4096 bytes",
        "time": f"{probed - begun:.1f} s to follow, {ended - probed:.1f} s to diagnose and print; {used:.1f} s CPU",
        "the JSON report": f"{len(text) / 1e6:.1f} MB",
        "memory": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, with the simulation",
        "found": ", ".join(f"{cause.code}: {cause.title}" for cause in report.causes),
    }
    for name, figure in figures.items():
        print(f"{name:18}{figure}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
