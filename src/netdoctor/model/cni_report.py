"""What `cni -o json` prints, as types. Bytes for MTUs; addresses as they stand in the objects."""

from __future__ import annotations

import msgspec

from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Untested


class CNISetting(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is configured, and the field that says so; none where it is a default."""

    name: str
    value: str
    object: ObjectRef | None = None


class CNIAddresses(msgspec.Struct, frozen=True, omit_defaults=True):
    """A range of addresses, and what it is for."""

    network: str
    use: str
    object: ObjectRef | None = None


class CNIEncapsulation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is put around packets between pods of different nodes; `name` is ``none`` or ``unknown`` else."""

    name: str
    because: str
    mode: str = ""
    vni: int | None = None
    overhead: int = 0


class CNIMTU(msgspec.Struct, frozen=True, rename="camel"):
    """The arithmetic: what nodes send at most, less what is put around packets, is what pods may send.

    Attributes:
        nodes: of the nodes' interfaces.
        nodes_from: who says so; ``assumed`` where nobody does.
        overhead: bytes of the encapsulation; null where that is not known.
        expected: the largest that pods may have; null where that is not known.
        configured: what the plugin is told to give them; null where it finds that out by itself, or where no object
            tells.
        configured_from: who says so.
    """

    nodes: int
    nodes_from: str
    overhead: int | None
    expected: int | None
    configured: int | None
    configured_from: str

    @property
    def assumed(self) -> bool:
        """Whether nobody says what nodes send at most."""
        return self.nodes_from == "assumed"


class CNIEncryption(msgspec.Struct, frozen=True):
    """Encryption between nodes. `state` is ``on``, ``off`` or ``unknown``; `by` is ``WireGuard`` or ``IPsec``."""

    state: str
    by: str
    because: str


class CNIOpening(msgspec.Struct, frozen=True, rename="camel"):
    """What firewalls must let through. `needed` is false for what only monitoring uses."""

    what: str
    from_: str = msgspec.field(name="from")
    to: str
    purpose: str
    needed: bool = True


class CNIEnforcement(msgspec.Struct, frozen=True, rename="camel"):
    """Which kinds of policies have an effect; `network_policy` is null where that is not known."""

    network_policy: bool | None
    kinds: tuple[str, ...]
    because: str


class CNIReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The network plugin of a cluster.

    Attributes:
        name: as `--cni` takes it; several joined by ``+``; ``unknown``.
        versions: the images that run, and their tags.
        not_judged: what could be wrong and cannot be told.
        unseen: what no object tells, here as in every cluster.
    """

    api_version: str = "netdoctor.dev/v1"
    kind: str = "CNIReport"
    name: str
    versions: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    encapsulation: CNIEncapsulation
    settings: tuple[CNISetting, ...]
    addresses: tuple[CNIAddresses, ...]
    enforces: CNIEnforcement
    mtu: CNIMTU
    encryption: CNIEncryption
    openings: tuple[CNIOpening, ...]
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[Untested, ...] = ()
    unseen: tuple[Untested, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 nothing found, 1 found, 4 nothing found so far as it can be known."""
        return 1 if self.findings else 4 if self.not_judged else 0
