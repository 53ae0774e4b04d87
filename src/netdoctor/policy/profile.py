"""Where network plugins differ, because the NetworkPolicy API leaves it to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CNIProfile:
    """How one network plugin reads NetworkPolicy.

    Attributes:
        name: as `--cni` takes it.
        ipblock_matches_pods: whether an ipBlock that contains a pod's address matches that pod.
        ipblock_matches_nodes: the same for the addresses of nodes.
        enforces: whether it enforces policies at all; None where that is not known.
    """

    name: str
    ipblock_matches_pods: bool = True
    ipblock_matches_nodes: bool = True
    enforces: bool | None = True


# Plugins that turn an ipBlock into a match on addresses match pods with it, as the upstream e2e tests expect. Cilium
# gives pods and nodes identities, and its CIDR rules see neither (its documentation, policy-cidr-match-mode).
_PROFILES = {
    profile.name: profile
    for profile in (
        CNIProfile("antrea"),
        CNIProfile("aws-vpc-cni"),
        CNIProfile("azure-npm"),
        CNIProfile("calico"),
        CNIProfile("canal"),
        CNIProfile("cilium", ipblock_matches_pods=False, ipblock_matches_nodes=False),
        CNIProfile("flannel", enforces=False),
        CNIProfile("gke-dataplane-v2", ipblock_matches_pods=False, ipblock_matches_nodes=False),
        CNIProfile("kindnet"),
        CNIProfile("kube-router"),
        CNIProfile("ovn-kubernetes"),
        CNIProfile("weave"),
    )
}


def profile_for(name: str) -> CNIProfile:
    """The profile of a network plugin; one that is not known reads policies as the upstream e2e tests do."""
    return _PROFILES.get(name.lower()) or CNIProfile(name or "unknown", enforces=None)
