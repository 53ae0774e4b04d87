"""Causes of load that one endpoint takes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut
from netdoctor.diagnosis.kubectl import merge_patch
from netdoctor.model.chance import CONFIDENCE, chance_of_skew
from netdoctor.model.report import Certainty, Evidence, Finding
from netdoctor.path.path import Route
from netdoctor.path.source import Source, SourceKind
from netdoctor.probing.aims import Aim


class SessionAffinitySkew(Cause):
    """Clients that share an address all use one endpoint.

    What it means: the Service has session affinity by client address, and several clients come from one address, such
    as those in a node's own network. Whatever they send goes to one endpoint, while the others have nothing to do.

    Why it breaks: with `sessionAffinity: ClientIP` kube-proxy remembers for each address which endpoint it was given,
    for three hours by default. It cannot tell clients behind one address apart.

    How it is seen: of many HTTP requests from that address to the ClusterIP all are answered by one endpoint, which is
    known by its pod's name in the answers; the report has the count, and how likely so many would be by chance.

    Trap: a single client is meant to be kept on one endpoint: then nothing is wrong. With few requests all may go to
    one endpoint by chance: of n requests to N endpoints with a chance of N^(1-n).

    Fix: switch session affinity off, or keep sessions by a cookie at an Ingress.

    References: Kubernetes documentation, Virtual IPs and Service Proxies, "Session affinity".
    """

    code: ClassVar[str] = "SessionAffinitySkew"
    title: ClassVar[str] = "clients that share an address all use one endpoint"
    would_change: ClassVar[str] = "requests from that address that other endpoints answer too"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """A warning, where one address stands for several clients."""
        service = case.backing
        if service is None or service.spec.session_affinity != "ClientIP":
            return None
        for route in case.path.routes:
            for sample in case.of(Aim.ANSWERED_BY, route=route):
                counts = _counts(sample, route)
                if sum(counts.values()):
                    return self._judge(case, service, sample, counts)
        return None

    def _judge(self, case: Case, service: Service, sample: Seen, counts: Mapping[str, int]) -> Found | RuledOut:
        name, most = Counter(counts).most_common(1)[0]
        total = sum(counts.values())
        told = f"{most} of {total} requests were answered by {name}"
        chance = chance_of_skew(list(counts.values()))
        clients = _sharing(case, sample)
        if chance > 1 - CONFIDENCE:
            return self.ruled_out(f"{told}, which chance alone does in 1 of {1 / chance:.3g} cases")
        if clients is None:
            return self.ruled_out(f"{told}: one client is meant to be kept on one endpoint")
        where = sample.observed.node or case.path.source.ref.name
        field = service.ref.at("spec.sessionAffinity")
        finding = Finding(
            code=self.code,
            title=f"all clients in the network of {where} use one of {len(counts)} endpoints of {service.ref}",
            certainty=Certainty.CERTAIN,
            objects=(field,),
            explanation=(
                f"{told}; if each request were given to any of {len(counts)} endpoints alike, one of them would get so "
                f"many in 1 of {1 / chance:.3g} cases. {field} is ClientIP, so that whatever comes from one address "
                f"goes to one endpoint; the address of {where} is that of {clients} pods in the node's network."
            ),
            evidence=(Evidence(str(field), "ClientIP"), Evidence(sample.id, told)),
            fixes=(
                merge_patch("give each connection to any endpoint", service.ref, {"spec": {"sessionAffinity": "None"}}),
            ),
        )
        return Found(finding, warning=True)


def _counts(sample: Seen, route: Route) -> dict[str, int]:
    """How many requests each ready endpoint answered, by its pod's name."""
    told = sample.observed.observation.detail.get("endpoints", {})
    return {b.pod.name: int(told.get(b.pod.name, 0)) for b in route.ready if b.pod is not None}


def _sharing(case: Case, sample: Seen) -> int | None:
    """How many pods share the address that the requests came from; None where it is one client's own."""
    source: Source = case.path.source
    if not source.host_network:
        return None
    node = sample.observed.node or source.node
    pods = [p for p in case.snapshot.pods if p.spec.host_network and p.spec.node_name == node and not p.finished]
    return len(pods) if len(pods) > 1 or source.kind is SourceKind.NODE else None
