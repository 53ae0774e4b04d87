"""A mesh in the embedded lab: the agents run in namespaces that stand for their pods. A `Fleet`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from netdoctor.lab.client import Lab, StandIn
from netdoctor.probing.lab_agents import Agent, Agents, follow
from netdoctor.probing.mesh.fleet import NETWORKS, MeshPlan, MeshRun
from netdoctor_probe.mesh.document import NODE, Mesh, Said, decode_said, encode_mesh
from netdoctor_probe.wire import WireError

_LOADED = ("netdoctor_probe.mesh.member", "netdoctor_probe.mesh.serve")
_READY_SECONDS = 5.0  # for the pods that answer to listen
_END_SECONDS = 5.0


class LabFleet:
    """Runs meshes in a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def run(self, plan: MeshPlan, progress: Callable[[str], None]) -> MeshRun:
        """Run a mesh, as `Fleet.run` says."""
        names = [member.name for member in plan.mesh.members]
        progress(f"probing between {len(names)} nodes of lab {self._lab.name}")
        with Agents(self._lab, _LOADED) as agents:
            servers = self._stand_ins(plan, "server", names)
            serve = ("--serve", str(plan.mesh.port), str(plan.seconds + _READY_SECONDS))
            serving = [agents.start(server.place, serve, {}) for server in servers.values()]
            follow(serving, _READY_SECONDS, lambda agent: bool(agent.said))
            mesh = _with_pods(plan.mesh, servers)
            asking = self._ask(plan, mesh, names, agents)
            follow(asking.values(), plan.seconds + _END_SECONDS)
        return _result(mesh, asking)

    def _stand_ins(self, plan: MeshPlan, role: str, names: Sequence[str]) -> dict[str, StandIn]:
        """A place on each node, by its name."""
        made = self._lab.stand_in({f"{role}-{name}": _manifest(plan, role, name) for name in names})
        return {name: made[f"{role}-{name}"] for name in names}

    def _ask(self, plan: MeshPlan, mesh: Mesh, names: Sequence[str], agents: Agents) -> dict[tuple[str, str], Agent]:
        document = encode_mesh(mesh)
        asking = {}
        for network in NETWORKS:
            ask = ("--mesh", network, "-", str(plan.seconds))
            for name, stand_in in self._stand_ins(plan, network, names).items():
                asking[name, network] = agents.start(stand_in.place, ask, {"NODE_NAME": name}, document)
        return asking


def _with_pods(mesh: Mesh, servers: Mapping[str, StandIn]) -> Mesh:
    return replace(mesh, members=tuple(replace(m, pod=servers[m.name].ip or "") for m in mesh.members))


def _result(mesh: Mesh, asking: Mapping[tuple[str, str], Agent]) -> MeshRun:
    said: dict[tuple[str, str], Said] = {}
    missing: dict[tuple[str, str], str] = {}
    for asked, agent in asking.items():
        text = agent.said.decode(errors="replace").strip()
        try:
            said[asked] = decode_said(text)
        except WireError as error:
            missing[asked] = f"the probe agent gave no complete answer: {text or error}"
    return MeshRun(mesh, said, missing, {})


def _manifest(plan: MeshPlan, role: str, node: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"netdoctor-{role}-{node}", "namespace": plan.namespace, "labels": {}},
        "spec": {"nodeName": node, "hostNetwork": role == NODE, "containers": [{"name": "netdoctor"}]},
    }
