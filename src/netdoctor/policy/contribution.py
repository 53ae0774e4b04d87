"""What the policies of one network plugin's own kinds add to those of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.rules import Direction, Ruleset, Tier


@dataclass(frozen=True, slots=True)
class HostGap:
    """Why it is not known what policies do to a node's own traffic, and which ports are open all the same."""

    because: str
    open: frozenset[tuple[Direction, str, int]] = frozenset()  # direction as the node sees it, protocol, port


@dataclass(frozen=True, slots=True)
class Contribution:
    """One family of policies, compiled.

    Attributes:
        rulesets: by namespace of the pods that they select; under "" those that select pods of the whole cluster.
        problems: what is wrong with a policy (reference with path, text), as of CompiledPolicies.
        warnings: what is valid, but worth knowing: a policy without effect, an order that is left open.
        gaps: by tier and namespace ("" is all of them), why there may be policies that are not known and that may come
            before all others of the tier.
        hosts: by node, what is not known of the policies for its own traffic; they are no part of the general form.
    """

    rulesets: Mapping[str, tuple[Ruleset, ...]] = field(default_factory=dict)
    problems: tuple[tuple[ObjectRef, str], ...] = ()
    warnings: tuple[tuple[ObjectRef, str], ...] = ()
    gaps: Mapping[tuple[Tier, str], str] = field(default_factory=dict)
    hosts: Mapping[str, HostGap] = field(default_factory=dict)
