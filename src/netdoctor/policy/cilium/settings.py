"""What of Cilium's configuration decides how its policies are read: the ConfigMap cilium-config.

Source: the reference of cilium-agent's options; "Policy Enforcement Modes" and "Policy Audit Mode" of its
documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netdoctor.cluster.objects import ConfigMap
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

CONFIG = ObjectRef("ConfigMap", "cilium-config", "kube-system")


@dataclass(frozen=True, slots=True)
class Settings:
    """Options that policies depend on; of a ConfigMap that is not there, their defaults.

    Attributes:
        mode: `default`, `always` (who no policy selects is isolated too) or `never`.
        audit: nothing is dropped, only reported.
        cluster: its name, as policies may ask for it.
        node_labels: whether nodes are known by their labels, which fromNodes and toNodes need.
        cidrs_match_nodes: whether blocks of addresses select nodes.
    """

    mode: str = "default"
    audit: bool = False
    cluster: str = "default"
    node_labels: bool = False
    cidrs_match_nodes: bool = False

    @property
    def off(self) -> str:
        """Why nothing is dropped, by whom that was asked for; empty where policies are enforced."""
        if self.mode == "never":
            return "enable-policy is never: no policy is enforced, and every flow passes"
        return "policy-audit-mode is true: what policies deny is reported, and nothing is dropped" if self.audit else ""


def settings(snapshot: Snapshot) -> Settings:
    """Those of a cluster."""
    config = snapshot.find(CONFIG)
    data: Mapping[str, str] = config.data if isinstance(config, ConfigMap) else {}
    return Settings(
        mode=data.get("enable-policy") or "default",
        audit=data.get("policy-audit-mode") == "true",
        cluster=data.get("cluster-name") or "default",
        node_labels=data.get("enable-node-selector-labels") == "true",
        cidrs_match_nodes="nodes" in data.get("policy-cidr-match-mode", "").replace(",", " ").split(),
    )
