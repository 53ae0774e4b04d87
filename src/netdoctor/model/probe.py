"""Probes as the command line sees them: which pod sends them, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from netdoctor.model.refs import ObjectRef
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind

__all__ = [
    "NotTested",
    "Observation",
    "Observed",
    "Outcome",
    "Position",
    "Probe",
    "ProbeKind",
    "ProbePod",
    "Role",
]


class Role(StrEnum):
    """Why a probe pod stands where it stands."""

    SOURCE = "source"  # as the source asked about: its labels, namespace, DNS settings
    NEUTRAL = "neutral"  # no label that a policy could mean: the contrast to SOURCE
    NODE = "node"  # a node's own network, which no policy about pods and no translation concerns: another contrast
    ENDPOINT = "endpoint"  # inside an endpoint's pod, by ephemeral container, to read its sockets


@dataclass(frozen=True, slots=True)
class Position:
    """Where one probe pod runs, and as whom."""

    id: str
    role: Role
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    stands_for: ObjectRef | None = None  # the workload or pod whose labels it carries
    node: str | None = None  # required node
    not_node: str | None = None  # any node but this one
    host_network: bool = False
    dns_policy: str = "ClusterFirst"
    dns_config: Mapping[str, Any] | None = None
    host_aliases: tuple[Mapping[str, Any], ...] = ()
    service_account: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    affinity: Mapping[str, Any] | None = None
    tolerations: tuple[Mapping[str, Any], ...] = ()
    outside: bool = False  # no pod, but a client outside the cluster: the probes run there
    attach_to: ObjectRef | None = None  # a running pod: the probes run inside it, by ephemeral container


@dataclass(frozen=True, slots=True)
class ProbePod:
    """A position and the probes that it sends. Probe ids are unique in the whole run."""

    position: Position
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """A probe, what it saw, and where it really ran (`node` and `pod_ip` as the cluster assigned them)."""

    probe: Probe
    position: Position
    observation: Observation
    node: str | None = None
    pod_ip: str | None = None

    @property
    def id(self) -> str:
        """The probe's id, as evidence names it."""
        return self.probe.id

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        return self.observation.outcome


@dataclass(frozen=True, slots=True)
class NotTested:
    """Something that could not be tested, and why. Both texts are for the reader.

    A `contrast` tells only why something fails: where nothing does, it is not missed.
    """

    what: str
    because: str
    contrast: bool = False
