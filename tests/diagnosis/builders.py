"""A small healthy cluster, objects to put into it, and cases as probes would have seen them.

Objects are dicts as the API has them, in namespace `shop`, with status. Addresses: node worker-1 has the pods
10.244.1.0/24, worker-2 10.244.2.0/24.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from netdoctor.cluster.decode import convert
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.model.probe import Observation, Observed, Outcome, Position, Probe, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import CheckReport
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.plan import Aim, Aimed, PlanOptions, make_plan

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
NAMESPACE = "shop"

Manifest = dict[str, Any]
Sight = Outcome | Observation | None  # None: as if it had not been sent
See = Callable[[Aimed, Probe, Position], Sight]


# Objects -----------------------------------------------------------------------------------------------------


def manifest(kind: str, name: str, version: str = "v1", namespace: str = NAMESPACE, **fields: Any) -> Manifest:
    """Any object; `labels` and the like go into metadata."""
    metadata = {"name": name, "namespace": namespace}
    for key in ("labels", "annotations", "ownerReferences", "uid", "deletionTimestamp"):
        if key in fields:
            metadata[key] = fields.pop(key)
    if not namespace:
        del metadata["namespace"]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def admin_policy(name: str, **spec: Any) -> Manifest:
    """An AdminNetworkPolicy of priority 10 that selects every pod."""
    version = "policy.networking.k8s.io/v1alpha1"
    spec = {"priority": 10, "subject": {"namespaces": {}}, **spec}
    return manifest("AdminNetworkPolicy", name, version, namespace="", spec=spec)


def container(name: str = "app", *ports: int | Manifest, **fields: Any) -> Manifest:
    """A container; a port is a number or a whole entry."""
    listed = [{"containerPort": port} if isinstance(port, int) else port for port in ports]
    return {"name": name, "image": "example/app:1", "ports": listed, **fields}


def pod(
    name: str,
    ip: str = "",
    labels: Mapping[str, str] | None = None,
    containers: tuple[Manifest, ...] = (container("app", 8080),),
    ready: bool = True,
    owner: str = "",
    node: str = "",
    age: float = 3600,
    statuses: tuple[Manifest, ...] = (),
    **fields: Any,
) -> Manifest:
    """A running pod on worker-1 or, by its address, worker-2; `statuses` are those of its containers."""
    status = {
        "phase": "Running" if ip else "Pending",
        "podIP": ip,
        "startTime": (NOW - timedelta(seconds=age)).isoformat(),
        "conditions": [{"type": "Ready", "status": str(ready)}, *fields.pop("conditions", ())],
        "containerStatuses": list(statuses)
        or [{"name": c["name"], "ready": ready, "state": {"running": {}}} for c in containers],
    }
    if owner:
        fields["ownerReferences"] = [{"kind": "ReplicaSet", "name": f"{owner}-1", "controller": True}]
    spec = {"nodeName": node or f"worker-{ip.split('.')[2]}" if ip else "", "containers": list(containers)}
    spec |= fields.pop("spec", {})
    status |= fields.pop("status", {})
    return manifest("Pod", name, labels=dict(labels or {"app": "api"}), uid=name, spec=spec, status=status, **fields)


def deployment(
    name: str,
    labels: Mapping[str, str] | None = None,
    replicas: int = 1,
    containers: tuple[Manifest, ...] = (container("app", 8080),),
    **fields: Any,
) -> list[Manifest]:
    """A Deployment with its ReplicaSet, which is the `owner` of its pods."""
    wanted = dict(labels or {"app": name})
    template = {"metadata": {"labels": wanted}, "spec": {"containers": list(containers)}}
    spec = {"replicas": replicas, "selector": {"matchLabels": wanted}, "template": template}
    owner = [{"kind": "Deployment", "name": name, "controller": True}]
    return [
        manifest("Deployment", name, "apps/v1", uid=name, spec=spec, **fields),
        manifest("ReplicaSet", f"{name}-1", "apps/v1", uid=f"{name}-1", ownerReferences=owner, spec=spec),
    ]


def service(name: str, *ports: Manifest, selector: Mapping[str, str] | None = None, **spec: Any) -> Manifest:
    """A Service with the ClusterIP 10.96.0.50 that selects app=api; `selector={}` for none."""
    chosen = {"app": "api"} if selector is None else dict(selector)
    listed = list(ports) or [{"port": 80, "targetPort": 8080}]
    return manifest("Service", name, spec={"clusterIP": "10.96.0.50", "selector": chosen, "ports": listed, **spec})


def endpoints(
    service_name: str, *addresses: str, port: int | None = 8080, port_name: str = "", name: str = "", **fields: Any
) -> Manifest:
    """An EndpointSlice; an address with `!` before it is not ready."""
    listed = [
        {"addresses": [a.lstrip("!")], "conditions": {"ready": not a.startswith("!")}, **fields} for a in addresses
    ]
    labels = {"kubernetes.io/service-name": service_name}
    ports = [{"name": port_name, "port": port, "protocol": "TCP"}] if port else []
    return manifest(
        "EndpointSlice",
        name or f"{service_name}-1",
        "discovery.k8s.io/v1",
        labels=labels,
        addressType="IPv4",
        endpoints=listed,
        ports=ports,
    )


def policy(
    name: str,
    selector: Mapping[str, str] | None = None,
    *,
    ingress: list[Manifest] | None = None,
    egress: list[Manifest] | None = None,
) -> Manifest:
    """A NetworkPolicy for the pods with these labels (none: all) and the directions whose rules are given."""
    given = {"ingress": ingress, "egress": egress}
    rules = {direction: listed for direction, listed in given.items() if listed is not None}
    chosen = {"matchLabels": dict(selector)} if selector else {}
    types = [direction.capitalize() for direction in rules]
    spec = {"podSelector": chosen, "policyTypes": types, **rules}
    return manifest("NetworkPolicy", name, "networking.k8s.io/v1", spec=spec)


def event(about: str, reason: str, message: str, kind: str = "Pod") -> Manifest:
    """A Warning."""
    involved = {"kind": kind, "name": about, "namespace": NAMESPACE}
    return manifest(
        "Event", f"{about}.{reason}", involvedObject=involved, reason=reason, message=message, type="Warning"
    )


def cluster_dns(*addresses: str, replicas: int | None = None) -> list[Manifest]:
    """Deployment kube-system/coredns and its Service with these servers; `!` before an address: not ready."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    selector = {"k8s-app": "kube-dns"}
    wanted = len(addresses) if replicas is None else replicas
    made = deployment("coredns", selector, wanted, (container("coredns", 53),))
    for number, address in enumerate(addresses, 1):
        ready = not address.startswith("!")
        ip, server = address.lstrip("!"), (container("coredns", 53),)
        made.append(pod(f"coredns-{number}", ip, selector, server, ready, owner="coredns"))
    made.append(endpoints("kube-dns", *addresses) | {"ports": ports})
    made.append(manifest("Service", "kube-dns", spec={"clusterIP": "10.96.0.10", "selector": selector, "ports": ports}))
    for item in made:
        item["metadata"]["namespace"] = "kube-system"
    return made


def api(*ports: Manifest, containers: tuple[Manifest, ...] = (container("app", 8080),), **spec: Any) -> list[Manifest]:
    """A healthy Service api, with its Deployment and one pod on worker-1 (10.244.1.5)."""
    return [
        service("api", *ports, **spec),
        *deployment("api", containers=containers),
        pod("api-1", "10.244.1.5", containers=containers, owner="api"),
        endpoints("api", "10.244.1.5"),
    ]


def web(**spec: Any) -> list[Manifest]:
    """Deployment web (app=web) with a pod on worker-2, to ask from; `spec` is more of its pod spec."""
    made = deployment("web")
    made[0]["spec"]["template"]["spec"] |= spec
    return [*made, pod("web-1", "10.244.2.7", {"app": "web"}, owner="web", spec=spec)]


def base() -> list[Manifest]:
    """Two nodes and the namespaces."""
    nodes = [
        manifest(
            "Node",
            f"worker-{n}",
            namespace="",
            spec={"podCIDR": f"10.244.{n}.0/24"},
            status={
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": f"172.18.0.{n}"}],
            },
        )
        for n in (1, 2)
    ]
    namespaces = [manifest("Namespace", name, namespace="") for name in (NAMESPACE, "kube-system", "other")]
    return [*nodes, *namespaces]


def cluster(
    *objects: Manifest | list[Manifest], unread: tuple[Unread, ...] = (), dns: list[Manifest] | None = None
) -> Snapshot:
    """The small cluster with these objects in it, and with one DNS server unless `dns` says otherwise."""
    flat = [one for item in objects for one in (item if isinstance(item, list) else [item])]
    servers = cluster_dns("10.244.2.2") if dns is None else dns
    read = [with_defaults(found) for item in (*base(), *servers, *flat) if (found := convert(item)) is not None]
    return Snapshot.of(read, source="test", taken_at=NOW, unread=unread)


# Probes ------------------------------------------------------------------------------------------------------


def sees(default: Outcome = Outcome.OK, **by_aim: Sight) -> See:
    """Probes that end with `default`, but for those of some aims: `sees(VIP=Outcome.TIMEOUT)`."""
    return lambda aimed, probe, position: by_aim.get(aimed.aim.name, default)


def unless(other: See, **by_address: Outcome) -> See:
    """The same, but for probes of an address: `unless(…, **{"10.244.1.5": Outcome.REFUSED})`."""
    return lambda aimed, probe, position: by_address.get(probe.host) or other(aimed, probe, position)


def tries(probe: Probe, failed: int, outcome: Outcome = Outcome.TIMEOUT, of: int = 10, **detail: Any) -> Observation:
    """What came of a sample: so many of its tries failed."""
    outcomes = {name: count for name, count in ((str(outcome), failed), ("ok", of - failed)) if count}
    told = {"tries": of, "passed": of - failed, "outcomes": outcomes, **detail}
    return Observation(probe.id, outcome if failed else Outcome.OK, 0.01, detail=told)


def sampled(other: See | None = None, of: int = 10, **failed: int) -> See:
    """Samples of these aims have so many timeouts, others none; single probes are as `other` has them, or pass."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if probe.tries == 1:
            return other(aimed, probe, position) if other else Outcome.OK
        return tries(probe, failed.get(aimed.aim.name, 0), of=of)

    return see


def lookup(outcome: Outcome, *queries: tuple[str, Outcome]) -> Observation:
    """What came of a lookup, and what it asked: (name, outcome) of each question, 10 ms each."""
    asked = [{"name": name, "qtype": "A", "outcome": str(answer), "seconds": 0.01} for name, answer in queries]
    return Observation("", outcome, 0.01, detail={"queries": asked})


def examine(
    snapshot: Snapshot,
    target: str,
    see: See | None = None,
    *,
    source: str | None = None,
    logs: Mapping[ObjectRef, str] | None = None,
    attach: bool = False,
    source_port: int = 0,
) -> Case:
    """The case of `check TARGET -n shop [--from SOURCE]`; without `see` no probe was sent."""
    path = build_path(snapshot, target, source, NAMESPACE)
    expectation = expect(snapshot, path)
    if see is None:
        return Case(snapshot, path, expectation, {}, (), (), probed=False, logs={})
    plan = make_plan(snapshot, path, expectation, PlanOptions(attach=attach, source_port=source_port))
    observed = []
    for pod_ in plan.pods:
        for probe in pod_.probes:
            sight = see(plan.aims[probe.id], probe, pod_.position)
            observation = Observation(probe.id, sight, 0.01) if isinstance(sight, Outcome) else sight
            if observation is not None:
                observed.append(Observed(probe, pod_.position, observation, pod_.position.node))
    return Case(snapshot, path, expectation, plan.aims, tuple(observed), (), probed=True, logs=logs or {})


def labels_matter(see: See) -> See:
    """The same, but the neutral pod gets through everywhere."""
    return lambda aimed, probe, position: Outcome.OK if position.role is Role.NEUTRAL else see(aimed, probe, position)


def listening(*sockets: tuple[str, str, int]) -> See:
    """What an agent inside the endpoint's pod lists: (protocol, address, port); all other probes are refused."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if position.role is Role.ENDPOINT and aimed.aim is Aim.SOCKETS:
            listed = [{"protocol": p, "address": a, "port": n} for p, a, n in sockets]
            return Observation(probe.id, Outcome.OK, 0.0, detail={"listening": listed})
        return Outcome.OK if aimed.aim.name.startswith(("NAME", "DNS", "RESOLV")) else Outcome.REFUSED

    return see


def found(cause: type[Cause], case: Case) -> Found:
    """What a cause found; fails where it found nothing."""
    result = cause().examine(case)
    assert isinstance(result, Found), result
    return result


def ruled_out(cause: type[Cause], case: Case) -> str:
    """What speaks against a cause; fails where it is found or does not apply."""
    result = cause().examine(case)
    assert isinstance(result, RuledOut), result
    return result.because


def report(case: Case) -> CheckReport:
    """The report of all causes."""
    return diagnose(case)


def codes(case: Case) -> list[str]:
    """The codes of all root causes that are reported."""
    return sorted(finding.code for finding in report(case).causes)


def refs(finding: Found) -> list[str]:
    """The objects that a finding names."""
    return [str(ref) for ref in finding.finding.objects]
