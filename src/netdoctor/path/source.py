"""Who asks: the source of a flow, as pods, policies and DNS see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from netdoctor.cluster.objects import Namespace, Node, Pod, PodSpec, Workload
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef
from netdoctor.path.reference import parse_reference, require
from netdoctor.policy.flow import Endpoint, node_endpoint, service_account, virtual_pod

OUTSIDE = "outside"  # as `--from` has it


class SourceKind(StrEnum):
    """Whose place a probe pod takes."""

    NEUTRAL = "neutral"
    WORKLOAD = "workload"
    POD = "pod"
    NODE = "node"
    OUTSIDE = "outside"  # a client outside the cluster


@dataclass(frozen=True, slots=True)
class Source:
    """The source asked about. `spec` is the pod spec it stands for; None for neutral pods and nodes."""

    kind: SourceKind
    ref: ObjectRef
    namespace: str
    labels: Mapping[str, str]
    spec: PodSpec | None
    pods: tuple[Pod, ...]
    endpoint: Endpoint
    node: str = ""

    @property
    def host_network(self) -> bool:
        """Whether it has its node's network instead of one of its own."""
        return self.kind is SourceKind.NODE or (self.spec is not None and self.spec.host_network)

    @property
    def on_pod_network(self) -> bool:
        """Whether it has a pod's address, which policies select and nodes translate."""
        return self.kind is not SourceKind.OUTSIDE and not self.host_network

    @property
    def label(self) -> str:
        """A short name for prose."""
        if self.kind is SourceKind.NEUTRAL:
            return f"a neutral pod in {self.namespace}"
        if self.kind is SourceKind.OUTSIDE:
            return "a client outside the cluster"
        return f"{self.ref.kind} {self.ref.name}"


def neutral(snapshot: Snapshot, namespace: str) -> Source:
    """A pod without any label that a policy could mean."""
    endpoint = virtual_pod(namespace, {}, snapshot)
    return Source(SourceKind.NEUTRAL, ObjectRef("Pod", "netdoctor", namespace), namespace, {}, None, (), endpoint)


def resolve_source(snapshot: Snapshot, text: str | None, namespace: str, target_namespace: str) -> Source:
    """The source for `--from TEXT`; without it, a neutral pod in the target's namespace. Raises InputError."""
    if text is None:
        return neutral(snapshot, target_namespace)
    if text == OUTSIDE:
        return _outside(target_namespace)
    reference = parse_reference(text, "--from")
    if reference.port is not None:
        raise InputError(f"--from {text}: a source has no port")
    found = require(snapshot, reference, namespace, f"--from {text}")
    if isinstance(found, Namespace):
        return neutral(snapshot, found.name)
    if isinstance(found, Node):
        return Source(SourceKind.NODE, found.ref, target_namespace, {}, None, (), node_endpoint(found), node=found.name)
    if isinstance(found, Pod | Workload):
        return standing_for(found, snapshot)
    raise InputError(
        f"--from {text}: a {reference.kind} sends no traffic",
        hint="give a pod, a workload (deploy/, sts/, ds/), ns/NAME, node/NAME, or outside",
    )


def _outside(target_namespace: str) -> Source:
    """A client whose address is not known, and that nobody translates."""
    return unknown_source("a client outside the cluster", target_namespace)


def unknown_source(name: str, namespace: str) -> Source:
    """Someone of whom no pod and no address is known; `name` is for people."""
    endpoint = Endpoint(kind="ip", name=name)
    return Source(SourceKind.OUTSIDE, ObjectRef("Host", OUTSIDE), namespace, {}, None, (), endpoint)


def standing_for(found: Pod | Workload, snapshot: Snapshot) -> Source:
    """A pod or a workload as a source."""
    pods: tuple[Pod, ...]
    if isinstance(found, Pod):
        kind, labels, spec, pods = SourceKind.POD, found.labels, found.spec, (found,)
    else:
        template = found.spec.template
        kind, labels, spec, pods = SourceKind.WORKLOAD, template.labels, template.spec, snapshot.pods_of(found)
    node = next((pod.spec.node_name for pod in pods if pod.spec.node_name and not pod.finished), "")
    account = service_account(spec)
    pod = virtual_pod(found.namespace, labels, snapshot, node=node, name=found.name, account=account)
    endpoint = replace(pod, host_network=spec.host_network)
    return Source(kind, found.ref, found.namespace, labels, spec, pods, endpoint, node=node)
