"""The resolver settings that kubelet writes into a pod's /etc/resolv.conf.

Rules: Kubernetes "DNS for Services and Pods" (dnsPolicy, dnsConfig), kubelet's pkg/kubelet/network/dns/dns.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.cluster.objects import PodDNSConfig, PodSpec
from netdoctor.path.names import NDOTS, search_list

MAX_NAMESERVERS = 3  # of glibc (resolv.h, MAXNS) and of kubelet: what comes after is never asked


@dataclass(frozen=True, slots=True)
class Resolver:
    """What the objects say about a resolv.conf. None stands for what only the node's own file tells."""

    nameservers: tuple[str, ...] | None
    search: tuple[str, ...] | None
    ndots: int | None

    @property
    def first(self) -> str:
        """The nameserver that is asked: the others are only where it is silent. Empty where it is not known."""
        return next(iter(self.nameservers or ()), "")

    def asks(self, servers: frozenset[str]) -> bool:
        """Whether the first nameserver is one of `servers`."""
        return self.first in servers


def resolver_of(spec: PodSpec, namespace: str, domain: str, cluster_dns: tuple[str, ...]) -> Resolver:
    """The settings of a pod with this spec. `cluster_dns` are the addresses of the cluster's DNS Service.

    hostNetwork with ClusterFirst falls back to Default (kubernetes/kubernetes#35761).
    """
    policy = "Default" if spec.host_network and spec.dns_policy == "ClusterFirst" else spec.dns_policy
    config = spec.dns_config or PodDNSConfig()
    if policy == "Default":
        return Resolver(None, None, _ndots(config, None))
    first = policy != "None"
    nameservers = tuple(dict.fromkeys((*(cluster_dns if first else ()), *config.nameservers)))
    search = tuple(dict.fromkeys((*(search_list(namespace, domain) if first else ()), *config.searches)))
    return Resolver(nameservers[:MAX_NAMESERVERS], search, _ndots(config, NDOTS if first else 1))


def _ndots(config: PodDNSConfig, default: int | None) -> int | None:
    given = [option.value for option in config.options if option.name == "ndots" and option.value.isdecimal()]
    return min(int(given[-1]), 15) if given else default  # RES_MAXNDOTS
