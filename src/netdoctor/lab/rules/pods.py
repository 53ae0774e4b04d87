"""The pods of a cluster that policies can select, each a bit of a mask, with their addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from netdoctor.cluster.objects import Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.nft.fields import is_port
from netdoctor.lab.rules.addresses import VERSIONS, Range, merged, of_version
from netdoctor.policy.flow import pod_endpoint
from netdoctor.policy.matching import union
from netdoctor.policy.rules import PodPeer
from netdoctor.policy.selection import LabelIndex, numbers

Named = tuple[tuple[str, str, int], ...]  # name, protocol and number of a pod's named ports


def named_ports(pod: Pod) -> Named:
    """What a pod calls its ports."""
    return tuple(
        (one.name, one.protocol, one.container_port) for one in pod.ports if one.name and is_port(one.container_port)
    )


class PodIndex:
    """Pods with an address and a network of their own; bit n of a mask is the n-th of `pods`.

    `naming` are the numbers of those that name ports, with these.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.pods = [pod for pod in snapshot.pods if pod.ips and not pod.spec.host_network and not pod.finished]
        self.numbers = {(pod.namespace, pod.name): number for number, pod in enumerate(self.pods)}
        self.everything = (1 << len(self.pods)) - 1
        self.naming = [(number, named) for number, pod in enumerate(self.pods) if (named := named_ports(pod))]
        self._labels = LabelIndex([pod.labels for pod in self.pods])
        self._accounts = LabelIndex([pod_endpoint(pod, snapshot).service_account_labels for pod in self.pods])
        by_namespace: defaultdict[str, int] = defaultdict(int)
        for number, pod in enumerate(self.pods):
            by_namespace[pod.namespace] |= 1 << number
        self._by_namespace = dict(by_namespace)
        self._names = list(by_namespace)
        self._namespaces = LabelIndex([snapshot.namespace_labels(name) for name in self._names])
        self._addresses = {v: [[int(a) for a in of_version(pod.ips, v)] for pod in self.pods] for v in VERSIONS}
        self._ranges: dict[tuple[int, int], tuple[Range, ...]] = {}

    def selected(self, peer: PodPeer) -> int:
        """Those that a peer, or a policy's subject, selects."""
        if peer.namespace_selector is None:
            chosen = self._by_namespace.get(peer.namespace, 0)
        else:
            selected = numbers(self._namespaces.selected(peer.namespace_selector))
            chosen = union(self._by_namespace[self._names[number]] for number in selected)
        chosen &= self._labels.selected(peer.pod_selector)
        if peer.service_account_selector is not None:
            chosen &= self._accounts.selected(peer.service_account_selector)
        return chosen

    def addresses(self, number: int, version: int) -> Iterable[int]:
        """Of one pod, in one family."""
        return self._addresses[version][number]

    def ranges(self, mask: int, version: int) -> tuple[Range, ...]:
        """The addresses of pods, in one family."""
        found = self._ranges.get((mask, version))
        if found is None:
            of_pods = self._addresses[version]
            found = merged((one, one) for number in numbers(mask) for one in of_pods[number])
            self._ranges[mask, version] = found
        return found
