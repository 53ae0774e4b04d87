"""What runs a mesh, whatever it runs in: a pod that answers on each node, and two that ask (pod and node network)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from netdoctor_probe.mesh.document import AT_ONCE, NODE, POD, SWEEP_SECONDS, Mesh, Said

NETWORKS = (POD, NODE)


@dataclass(frozen=True, slots=True)
class MeshPlan:
    """A mesh whose pods have no addresses yet, and the namespace where they are to run.

    `down` are nodes on which no pod can start, and why: nobody waits for theirs, and others ask them nevertheless.
    """

    namespace: str
    mesh: Mesh
    down: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Within which every pod has said what it saw."""
        mesh = self.mesh
        pair = mesh.samples * mesh.interval + 3 * mesh.timeout + SWEEP_SECONDS
        return 10 + pair * math.ceil((len(mesh.offsets) + 1) / AT_ONCE)


@dataclass(frozen=True, slots=True)
class MeshRun:
    """What came back.

    Attributes:
        mesh: with the addresses of the pods that answered.
        said: by node and network (`POD`, `NODE`).
        missing: why nothing was said, likewise; untrusted text.
        unserved: why no pod answered on a node, by node; untrusted text.
        notes: about what is left.
    """

    mesh: Mesh
    said: Mapping[tuple[str, str], Said]
    missing: Mapping[tuple[str, str], str]
    unserved: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Fleet(Protocol):
    """Runs a mesh."""

    def run(self, plan: MeshPlan, progress: Callable[[str], None]) -> MeshRun:
        """Run it and wait for it. Leaves nothing behind, whether it returns or raises.

        Raises:
            NetdoctorError: nothing could be started.
            KeyboardInterrupt: a signal came, and everything has been removed.
        """
        ...
