"""DNS causes: answers that are not what the cluster has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids
from netdoctor.diagnosis.dns import failed_names, server_ref, server_workload
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.names import service_name
from netdoctor.probing.plan import Aim

_SETTLED = 60.0  # seconds after which no cache has an old answer any more: twice the TTL that CoreDNS is shipped with
_CONFIG = ObjectRef("ConfigMap", "coredns", "kube-system")


class DNSStaleRecord(Cause):
    """DNS gives another address for the Service than the Service has.

    What it means: the name resolves, and none of the addresses in the answer is the Service's ClusterIP, or, where it
    is headless, any of its endpoints.

    Why it breaks: clients connect to whom they are told. The DNS servers have lost the API server and answer from what
    they knew, a cache before them keeps an answer, or somebody has pinned the name in the Corefile (hosts, rewrite).

    How it is seen: the addresses in the answers are compared with the Service and its EndpointSlices. Each DNS server
    is asked for itself, so that one of several that is stale is told from a cache.

    Trap: for as long as the TTL after a change, 30 seconds in most clusters, an old answer is in good order: a Service
    or pods younger than a minute are not judged. A search list may lead the name elsewhere first; only answers for
    the Service's own full name count.

    Fix: restart the DNS servers so that they read the cluster anew; take the name out of the Corefile.

    References: Kubernetes documentation, DNS for Services and Pods; CoreDNS, plugins kubernetes, cache and hosts.
    """

    code: ClassVar[str] = "DNSStaleRecord"
    title: ClassVar[str] = "DNS gives another address for the Service than it has"
    would_change: ClassVar[str] = "an answer with an address of the Service, or a change within the last minute"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an answer for the Service's full name has none of its addresses, long after any change."""
        service = case.path.target.service
        if service is None or service.spec.type == "ExternalName" or not case.probed or not case.path.dns.name:
            return None
        right, fqdn = _addresses(case, service), service_name(service.ref, case.path.dns.domain)
        asked = [s for s in case.of(Aim.NAME, Aim.DNS_SERVER, Aim.DNS_VIP) if s.ok and _answers(s)]
        asked = [s for s in asked if s.aimed.aim is not Aim.NAME or _full_name(s) == fqdn]
        if not asked or not right:
            return None
        stale = [s for s in asked if not right & _answers(s)]
        if not stale:
            return self.ruled_out(f"{fqdn} resolves to what {service.ref} has")
        if _young(case, service):
            return self.ruled_out(f"{service.ref} changed less than a minute ago, when old answers are in good order")
        return self._found(case, service, stale, [s for s in asked if s not in stale])

    def _found(self, case: Case, service: Service, stale: list[Seen], fresh: list[Seen]) -> Found:
        right = ", ".join(sorted(_addresses(case, service))[:4])
        wrong = ", ".join(sorted(_answers(stale[0])))
        servers, server = _servers(stale), server_ref(case)
        config = (_CONFIG,) if server.name == _CONFIG.name or case.snapshot.find(_CONFIG) else ()
        others = (
            f" {', '.join(sorted(_servers(fresh) - servers))} answers rightly." if _servers(fresh) - servers else ""
        )
        finding = Finding(
            code=self.code,
            title=f"DNS says that {service.ref} is at {wrong}, and it is at {right}",
            certainty=certainty(stale),
            objects=(server, *config),
            explanation=(
                f"{', '.join(sorted(servers)) or 'The resolver'} answers {wrong} for {service.ref}, whose addresses "
                f"are {right}, and that has not changed within the last minute.{others} The DNS servers answer from "
                "what they knew earlier, or the Corefile pins the name."
            ),
            evidence=(
                Evidence(str(service.ref.at("spec.clusterIP")), right),
                *(Evidence(s.id, f"{s.observed.probe.name}: {', '.join(sorted(_answers(s)))}") for s in stale[:3]),
            ),
            fixes=(
                *(Fix("look whether the Corefile pins the name", kubectl("get", ref, "-o", "yaml")) for ref in config),
                Fix("have the DNS servers read the cluster anew", _anew(case)),
            ),
        )
        return Found(finding, ids(failed_names(case)))


def _anew(case: Case) -> str:
    """Restarts the DNS servers; where it is not known what runs them, shows their Service."""
    workload = server_workload(case)
    return kubectl("rollout restart", workload.ref) if workload else kubectl("describe", server_ref(case))


def _addresses(case: Case, service: Service) -> set[str]:
    """What DNS may answer: the ClusterIPs, or each listed endpoint of a headless Service."""
    if not service.headless:
        return set(map(_canonical, service.vips))
    listed = (e.addresses for group in case.snapshot.slices_of(service) for e in group.endpoints)
    return {_canonical(address) for addresses in listed for address in addresses}


def _answers(seen: Seen) -> set[str]:
    """The addresses in an answer; a server may be asked in one family, and has nothing of the other."""
    return {_canonical(str(address)) for address in seen.observed.observation.detail.get("answers", ())}


def _canonical(address: str) -> str:
    """As it is compared: an IPv6 address has many spellings (RFC 5952)."""
    return str(parse_address(address) or address)


def _full_name(seen: Seen) -> str:
    return str(seen.observed.observation.detail.get("canonical", ""))


def _servers(seen: Iterable[Seen]) -> set[str]:
    return {s.observed.probe.server for s in seen if s.aimed.aim is Aim.DNS_SERVER}


def _young(case: Case, service: Service) -> bool:
    """Whether the Service, or a pod of a headless one, is so new that caches may have an older answer."""
    made = [service.metadata.creation_timestamp]
    if service.headless:
        made += [pod.status.start_time for pod in case.pods_of_service()]
    return any(when is not None and (case.snapshot.taken_at - when).total_seconds() < _SETTLED for when in made)
