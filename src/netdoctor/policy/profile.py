"""Where network plugins differ, because the NetworkPolicy API leaves it to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CNIProfile:
    """How one network plugin reads NetworkPolicy.

    Attributes:
        name: as `--cni` takes it.
        ipblock_matches_pods: whether an ipBlock that contains a pod's address matches that pod.
        ipblock_matches_nodes: the same for the addresses of nodes.
        enforces: whether it enforces policies at all; None where its name does not tell.
    """

    name: str
    ipblock_matches_pods: bool = True
    ipblock_matches_nodes: bool = True
    enforces: bool | None = None


# Most plugins turn an ipBlock into a match on addresses, and so do the upstream e2e tests. Cilium gives pods and nodes
# identities, and its CIDR rules see neither: https://docs.cilium.io/en/stable/security/policy/language/#cidr-based
_BY_IDENTITY = frozenset({"cilium", "gke-dataplane-v2"})
_WITHOUT_POLICY = frozenset({"flannel"})
# Canal is Flannel's network with Calico's policies.
_WITH_CALICO = frozenset({"calico", "canal"})


def profile_for(name: str) -> CNIProfile:
    """The profile of a network plugin; one that is not known matches addresses."""
    by_identity = name in _BY_IDENTITY
    return CNIProfile(
        name=name,
        ipblock_matches_pods=not by_identity,
        ipblock_matches_nodes=not by_identity,
        enforces=False if name in _WITHOUT_POLICY else None,
    )


def policy_family(name: str) -> Literal["calico", "cilium", ""]:
    """Whose policies a plugin enforces beside those of Kubernetes; empty for none, and where that is not known."""
    names = set(name.split("+"))
    return "calico" if names & _WITH_CALICO else "cilium" if names & _BY_IDENTITY else ""
