"""A mesh in the embedded lab: the agents run in namespaces that stand for their pods. A `Fleet`."""

from __future__ import annotations

import importlib
import os
import selectors
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from netdoctor.lab import kernel
from netdoctor.lab.client import Lab, StandIn
from netdoctor.probing.mesh.fleet import NETWORKS, MeshPlan, MeshRun
from netdoctor_probe.mesh.document import NODE, Mesh, Said, decode_said, encode_mesh
from netdoctor_probe.wire import WireError

_AGENT = "netdoctor_probe.__main__"
_LOADED = (_AGENT, "netdoctor_probe.mesh.member", "netdoctor_probe.mesh.serve")  # once, before there are many of it
_READY_SECONDS = 5.0  # for the pods that answer to listen
_END_SECONDS = 5.0


@dataclass(slots=True)
class _Agent:
    """One agent under way, and what it has said."""

    process: int
    pipe: int
    said: bytes = b""


class LabFleet:
    """Runs meshes in a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def run(self, plan: MeshPlan, progress: Callable[[str], None]) -> MeshRun:
        """Run a mesh, as `Fleet.run` says."""
        for module in _LOADED:
            importlib.import_module(module)
        names = [member.name for member in plan.mesh.members]
        progress(f"probing between {len(names)} nodes of lab {self._lab.name}")
        agents: list[_Agent] = []
        try:
            servers = self._stand_ins(plan, "server", names)
            serve = ("--serve", str(plan.mesh.port), str(plan.seconds + _READY_SECONDS))
            serving = [self._start(server, serve, "", {}) for server in servers.values()]
            agents += serving
            _follow(serving, _READY_SECONDS, lambda agent: bool(agent.said))
            mesh = _with_pods(plan.mesh, servers)
            asking = self._ask(plan, mesh, names)
            agents += asking.values()
            _follow(list(asking.values()), plan.seconds + _END_SECONDS, lambda _: False)
        finally:
            for agent in agents:
                _end(agent)
            self._lab.release()
        return _result(mesh, asking)

    def _stand_ins(self, plan: MeshPlan, role: str, names: Sequence[str]) -> dict[str, StandIn]:
        """A place on each node, by its name."""
        made = self._lab.stand_in({f"{role}-{name}": _manifest(plan, role, name) for name in names})
        return {name: made[f"{role}-{name}"] for name in names}

    def _ask(self, plan: MeshPlan, mesh: Mesh, names: Sequence[str]) -> dict[tuple[str, str], _Agent]:
        document = encode_mesh(mesh)
        asking = {}
        for network in NETWORKS:
            ask = ("--mesh", network, "-", str(plan.seconds))
            for name, place in self._stand_ins(plan, network, names).items():
                asking[name, network] = self._start(place, ask, document, {"NODE_NAME": name})
        return asking

    def _start(self, stand_in: StandIn, arguments: Sequence[str], stdin: str, names: Mapping[str, str]) -> _Agent:
        read, write = os.pipe()

        def run() -> int:
            document = os.memfd_create("mesh")
            os.write(document, stdin.encode())
            os.lseek(document, 0, os.SEEK_SET)
            os.dup2(document, 0)
            for standard in (1, 2):
                os.dup2(write, standard)
            kernel.close_files()
            os.environ.update(names)
            return int(importlib.import_module(_AGENT).main([*arguments]))

        process = self._lab.run(stand_in.place, run)
        os.close(write)
        os.close(stand_in.place.network)
        return _Agent(process, read)


def _follow(agents: Sequence[_Agent], seconds: float, done: Callable[[_Agent], bool]) -> None:
    """Read what all agents say until they are done or have ended; at most so many seconds."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for agent in agents:
            selector.register(agent.pipe, selectors.EVENT_READ, agent)
        while selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                part = os.read(key.fd, 1 << 16)
                key.data.said += part
                if not part or done(key.data):
                    selector.unregister(key.fd)


def _end(agent: _Agent) -> None:
    os.close(agent.pipe)
    ended, _ = os.waitpid(agent.process, os.WNOHANG)
    if not ended:
        os.kill(agent.process, 9)
        os.waitpid(agent.process, 0)


def _with_pods(mesh: Mesh, servers: Mapping[str, StandIn]) -> Mesh:
    return replace(mesh, members=tuple(replace(m, pod=servers[m.name].ip or "") for m in mesh.members))


def _result(mesh: Mesh, asking: Mapping[tuple[str, str], _Agent]) -> MeshRun:
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
