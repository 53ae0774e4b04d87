"""The cause that says so itself: a firewall that rejects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from netdoctor.cluster.objects import Node
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.pairs import admitted, follows
from netdoctor.diagnosis.whose import node_at
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Finding, Fix
from netdoctor.path.egress import leaves_cluster
from netdoctor.probing.aims import Aim

_DIRECT = (Aim.BACKEND, Aim.DNS_SERVER, Aim.NODE_POD, Aim.NODE)
_PROHIBITED = ("admin prohibited", "host prohibited", "network prohibited", "source address failed policy")
_REJECT = "port unreachable"  # what iptables' REJECT says by default; no TCP of a kernel says so


class NodeFirewallRejects(Cause):
    """A firewall on a node, or between nodes, rejects packets, and its ICMP message says who it is.

    What it means: what the source sends to an endpoint's own address comes back as an ICMP error: administratively
    prohibited, or "port unreachable" to a TCP connection. To an application it looks like "no route to host" or
    "connection refused".

    Why it breaks: firewalld, nftables or iptables rules on a node (or a router between) reject what they do not know:
    addresses of pods, the port, or whatever comes in by the interface.

    How it is seen: in the socket's error queue, with the sender's address: it is that of a node, or of a router.

    Trap: a ClusterIP without endpoints is rejected by kube-proxy in just this way, so only the endpoints' own addresses
    count. Some network plugins reject what a NetworkPolicy denies: only what policies certainly admit counts. "Host
    unreachable" is no firewall: a node says so when nobody has the address.

    Fix: let the traffic through the firewall of the node that the report names.

    References: RFC 1812, 5.2.7.1 (codes 9, 10 and 13); RFC 4443, 3.1; Kubernetes documentation, Ports and Protocols.
    """

    code: ClassVar[str] = "NodeFirewallRejects"
    title: ClassVar[str] = "a firewall rejects what is sent to endpoints, and says so"
    would_change: ClassVar[str] = "an answer of the endpoint itself, or no ICMP message at all"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a direct probe that policies admit is rejected as only firewalls do."""
        if not case.probed or leaves_cluster(case.snapshot, case.path.target):
            return None
        direct = [s for s in case.of(*_DIRECT) if s.tried and (s.aimed.aim is not Aim.NODE or s.aimed.required)]
        rejected = [s for s in direct if _by_firewall(s) and admitted(case, s)]
        if rejected:
            return self._found(case, rejected)
        return self.ruled_out("no ICMP message says that anything is prohibited") if direct else None

    def _found(self, case: Case, rejected: Sequence[Seen]) -> Found:
        senders = list(dict.fromkeys(s.observed.observation.answered_by or "" for s in rejected))
        nodes = [node for sender in senders if (node := node_at(case.snapshot, sender))]
        where = ", ".join(f"{node.name} ({sender})" if node else sender for sender, node in _named(case, senders))
        meaning = rejected[0].observed.observation.detail.get("meaning")
        target = rejected[0].observed.probe
        objects: tuple[ObjectRef, ...] = tuple(node.ref for node in nodes)
        finding = Finding(
            code=self.code,
            title=f"a firewall at {where} rejects what is sent to {target.host or target.server}",
            certainty=Certainty.LIKELY,
            objects=objects or (case.path.target.ref,),
            explanation=(
                f'{where} answers with the ICMP message "{meaning}" in place of the endpoint. No policy denies the '
                "flow, so it is a firewall's rule there that rejects it"
                + ("." if nodes else ", on a router that is none of the cluster's nodes.")
            ),
            evidence=probe_evidence(rejected),
            fixes=(
                Fix(
                    f"let this through the firewall at {where}: firewalld, nftables or iptables rules with REJECT",
                    kubectl("describe", nodes[0].ref) if nodes else "",
                ),
            ),
        )
        return Found(finding, ids(follows(case, rejected)), proven=False)


def _by_firewall(seen: Seen) -> bool:
    observation = seen.observed.observation
    if seen.outcome is not Outcome.REJECTED or not observation.answered_by:
        return False
    meaning = observation.detail.get("meaning")
    return meaning in _PROHIBITED or (meaning == _REJECT and seen.observed.probe.kind == "tcp")


def _named(case: Case, senders: Sequence[str]) -> Iterator[tuple[str, Node | None]]:
    for sender in senders:
        yield sender, node_at(case.snapshot, sender)
