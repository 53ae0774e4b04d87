"""What is known of one network plugin: the same form for all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netdoctor.cluster.cni import CNI
from netdoctor.cluster.encapsulation import Encapsulation
from netdoctor.cluster.objects import DaemonSet
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.cni_report import CNIMTU, CNIEncryption, CNIOpening, CNISetting
from netdoctor.model.refs import ObjectRef

EVERY_NODE = "every node"
UNKNOWN = CNIEncryption("unknown", "", "no object tells")


@dataclass(frozen=True, slots=True)
class MTUSetting:
    """Bytes, and the field that says so."""

    value: int
    field: ObjectRef


@dataclass(frozen=True, slots=True)
class Masquerade:
    """A range of pods whose addresses are not replaced on the way out of the cluster, and the field that says so."""

    field: ObjectRef
    said: str
    patch: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What one plugin's settings say.

    Attributes:
        pod_mtu: the largest packets of pods, where it is set and not left to the plugin.
        node_mtu: what the plugin is told that nodes' interfaces take.
        not_masqueraded: where pods keep their addresses on the way out.
        openings: beside those that the encapsulation needs.
    """

    settings: tuple[CNISetting, ...] = ()
    pod_mtu: MTUSetting | None = None
    node_mtu: MTUSetting | None = None
    encryption: CNIEncryption = UNKNOWN
    not_masqueraded: tuple[Masquerade, ...] = ()
    openings: tuple[CNIOpening, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All that rules look at."""

    snapshot: Snapshot
    plugin: CNI
    running: tuple[tuple[str, DaemonSet], ...]
    wrapped: Encapsulation
    facts: Facts
    mtu: CNIMTU

    def runs(self, *names: str) -> bool:
        """Whether one of these plugins is, or is part of, the cluster's."""
        return bool({*names} & {*self.plugin.name.split("+")})


def mtu_setting(value: object, field: ObjectRef) -> MTUSetting | None:
    """A number of bytes, as number or text; 0 and whatever is none leave it to the plugin."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    number = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
    return MTUSetting(number, field) if number else None


def between_nodes(what: str, purpose: str, *, needed: bool = True) -> CNIOpening:
    """From every node to every node."""
    return CNIOpening(what, EVERY_NODE, EVERY_NODE, purpose, needed)
