"""Other names in the place of real ones: the same for the same, wherever it stands.

What is replaced are words: DNS labels, and label values between other characters. So `web.shop.svc.cluster.local`,
the Service's name and a selector's value still agree. Of `web-7d9f-x2k` the part that is a name of its own is
replaced by its own pseudonym: what belongs to `web` can be told from its name, as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_SHORT = 2  # characters, which tell nobody
# What is the same in every cluster, and what diagnoses and labs recognise things by.
KEPT = frozenset(
    """
    default kubernetes kube-system kube-public kube-node-lease kube-dns coredns rke2-coredns-rke2-coredns
    node-local-dns kube-proxy kube-apiserver kube-controller-manager kube-scheduler etcd control-plane
    calico-node calico-kube-controllers canal cilium cilium-operator anetd kindnet kindnetd kube-network-policies
    kube-router antrea-agent ovnkube-node weave-net azure-npm aws-node kube-flannel kube-flannel-ds k3s
    cilium-config kube-flannel-cfg canal-config calico-config antrea-config kube-router-cfg cni-config kubeadm-config
    calico-system calico-typha calico flannel flannel-io bird vxlan geneve tunnel native cluster-pool azure-cns netd
    svc pod pods deploy deployment sts statefulset daemonset replicaset service node namespace ingress outside external
    cluster local arpa in-addr ip6 true false linux amd64 arm64 http https grpc tcp udp sctp tls dns localhost sleep
    errors health ready forward cache loop reload loadbalance log hosts rewrite template prometheus ttl fallthrough
    insecure lameduck autopath mode
    netdoctor testapp docker nginx controller ingress-nginx nginx-ingress traefik haproxy-ingress kubernetes-ingress
    kong io dev gcr ghcr quay registry k8s library iptables ipvs nftables never strict
    """.split()  # noqa: SIM905 - as a list it would be 90 lines
)


class RedactedNames:
    """Pseudonyms, numbered in the order in which names come."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._parts: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def learn(self, kind: str, names: Iterable[str]) -> None:
        """Replace all words of these names from now on, wherever they stand; `kind` begins their pseudonyms."""
        for word in sorted({word for name in names for word in WORD.findall(name)}, key=lambda word: (len(word), word)):
            self._pseudonym(kind, word)

    def text(self, text: str) -> str:
        """A text with the words in it replaced that are known."""
        return WORD.sub(lambda found: self._known.get(found[0], found[0]), text)

    def _pseudonym(self, kind: str, word: str) -> str:
        """A pseudonym; of a word that begins with a known one and a hyphen, the rest gets one of its own."""
        if word in KEPT or len(word) <= _SHORT or word.isdigit():
            return word
        if word not in self._known:
            cut = self._cut(word)
            if cut:
                begin, rest = word[:cut], word[cut + 1 :]
                found = f"{self._known.get(begin, begin)}-{self._part(rest)}"
            else:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                found = f"{kind}{self._counts[kind]}"
            self._known[word] = found
        return self._known[word]

    def _part(self, word: str) -> str:
        """Of the rest of a name even what is well known, by itself, may tell something."""
        if word in KEPT:
            return self._parts.setdefault(word, f"word{len(self._parts) + 1}")
        return self._pseudonym("part", word)

    def _cut(self, word: str) -> int:
        """Where the longest known beginning ends; 0 where there is none."""
        ends = (at for at in range(len(word) - 1, 0, -1) if word[at] == "-")
        return next((at for at in ends if word[:at] in self._known or word[:at] in KEPT), 0)
