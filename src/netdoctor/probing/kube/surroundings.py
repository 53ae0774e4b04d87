"""What in a namespace would act on a pod because of its labels: Services, controllers, budgets, autoscalers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from netdoctor.cluster.client import Client
from netdoctor.cluster.objects import LabelSelector, NamespacedPod, ObjectMeta, PolicyPeer, Workload
from netdoctor.cluster.selectors import matches
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import AccessError
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.cluster_wide import written_rules


@dataclass(frozen=True, slots=True)
class Selecting:
    """An object and the pods that it selects."""

    ref: ObjectRef
    selector: LabelSelector


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler; it counts the pods that its target's selector selects.

    Attributes:
        ref: itself.
        counts: its target's selector.
        at_rest: whether it has as many replicas as it wants.
        weighs_unready: whether it counts the usage of pods that are not ready too: of all resources but CPU.
    """

    ref: ObjectRef
    counts: LabelSelector
    at_rest: bool
    weighs_unready: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of a namespace that looks at labels of pods.

    Attributes:
        publishing: Services with publishNotReadyAddresses.
        adopters: controllers that adopt any pod that their selector matches: ReplicaSets, DaemonSets,
            ReplicationControllers. (StatefulSets look at the name too; Jobs select by a label of their own.)
        budgets: PodDisruptionBudgets that ask the controllers of their pods for their scale: those with
            maxUnavailable, and those with a percentage.
        autoscalers: whose target is known.
        policy_keys: label keys by which policies select pods of the namespace, each with one such policy.
        unread: kinds that could not be read, and why. Untrusted text.
    """

    publishing: tuple[Selecting, ...] = ()
    adopters: tuple[Selecting, ...] = ()
    budgets: tuple[Selecting, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()
    policy_keys: Mapping[str, ObjectRef] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


def read_surroundings(client: Client, snapshot: Snapshot, namespace: str) -> Surroundings:
    """What the snapshot has of a namespace, and the three kinds that only probe pods need, read now."""
    with ThreadPoolExecutor(len(EXTRA)) as pool:
        lists = dict(zip(EXTRA, pool.map(lambda kind: _read(client, kind, namespace), EXTRA), strict=True))
    unread = {kind: found.because for kind in _KNOWN if (found := snapshot.unread_for(kind, namespace))}
    unread |= {kind: read for kind, read in lists.items() if isinstance(read, str)}
    items = {kind: read for kind, read in lists.items() if not isinstance(read, str)}
    controllers = [w for w in (*snapshot.replica_sets, *snapshot.daemon_sets) if w.namespace == namespace]
    old = [
        Selecting(_ref("ReplicationController", item), LabelSelector(match_labels=item.spec.labels))
        for item in items.get("ReplicationController", ())
        if item.spec.labels
    ]
    return Surroundings(
        publishing=tuple(
            Selecting(service.ref, LabelSelector(match_labels=service.spec.selector))
            for service in snapshot.services
            if service.namespace == namespace and service.spec.selector and service.spec.publish_not_ready_addresses
        ),
        adopters=(*(Selecting(w.ref, w.spec.selector) for w in controllers), *old),
        budgets=tuple(_budgets(items.get("PodDisruptionBudget", ()))),
        autoscalers=tuple(_autoscalers(items.get("HorizontalPodAutoscaler", ()), snapshot)),
        policy_keys=dict(_policy_keys(snapshot, namespace)),
        unread=unread,
    )


class _Resource(msgspec.Struct):
    name: str


class _Metric(msgspec.Struct):
    resource: _Resource | None = None


class _Target(msgspec.Struct):
    kind: str
    name: str


class _Spec(msgspec.Struct, rename="camel"):
    """Of the three kinds together: no field means two things."""

    selector: dict[str, object] | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    scale_target_ref: _Target | None = None
    metrics: list[_Metric] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The selector of a ReplicationController, which is a plain map."""
        return {key: str(value) for key, value in (self.selector or {}).items()}


class _Status(msgspec.Struct, rename="camel"):
    current_replicas: int | None = None
    desired_replicas: int | None = None


class _Item(msgspec.Struct):
    metadata: ObjectMeta
    spec: _Spec
    status: _Status = msgspec.field(default_factory=_Status)


class _List(msgspec.Struct):
    items: list[_Item] | None = None


_LISTS = msgspec.json.Decoder(_List)  # before any thread: msgspec crashes where two see a type for the first time


POLICIES = ("NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
_KNOWN = ("Service", "ReplicaSet", "DaemonSet", *POLICIES)
EXTRA = {  # what only probe pods need
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
}


def _read(client: Client, kind: str, namespace: str) -> list[_Item] | str:
    """The objects, or why they cannot be read."""
    try:
        return _LISTS.decode(client.request("GET", EXTRA[kind].format(namespace))).items or []
    except AccessError as error:
        return error.why or error.what
    except msgspec.MsgspecError as error:
        return str(error)


def _ref(kind: str, item: _Item) -> ObjectRef:
    return ObjectRef(kind, item.metadata.name, item.metadata.namespace)


def _budgets(items: Iterable[_Item]) -> Iterator[Selecting]:
    for item in items:
        asks_controllers = item.spec.max_unavailable is not None or isinstance(item.spec.min_available, str)
        if asks_controllers and item.spec.selector is not None:
            selector = msgspec.convert(item.spec.selector, LabelSelector)
            yield Selecting(_ref("PodDisruptionBudget", item), selector)


def _autoscalers(items: Iterable[_Item], snapshot: Snapshot) -> Iterator[Autoscaler]:
    for item in items:
        target = item.spec.scale_target_ref
        scaled = snapshot.get(target.kind, item.metadata.namespace, target.name) if target else None
        if isinstance(scaled, Workload):
            status = item.status  # desired is 0 until metrics have come for the first time
            at_rest = not status.desired_replicas or status.current_replicas == status.desired_replicas
            weighs_unready = any(m.resource and m.resource.name != "cpu" for m in item.spec.metrics or ())
            yield Autoscaler(_ref("HorizontalPodAutoscaler", item), scaled.spec.selector, at_rest, weighs_unready)


def _policy_keys(snapshot: Snapshot, namespace: str) -> Iterator[tuple[str, ObjectRef]]:
    for policy in snapshot.network_policies:
        spec, here = policy.spec, policy.namespace == namespace
        peers = [p for rule in spec.ingress for p in rule.from_] + [p for rule in spec.egress for p in rule.to]
        selectors = [peer.pod_selector for peer in peers if here or _reaches(peer, snapshot, namespace)]
        for selector in (*selectors, spec.pod_selector if here else None):
            yield from ((key, policy.ref) for key in _keys(selector))
    for wide in snapshot.cluster_wide_policies:
        chosen = [wide.spec.subject.pods, *(peer.pods for rule in written_rules(wide) for peer in rule.peers)]
        for pods in chosen:
            if pods and _means(pods, snapshot, namespace):
                yield from ((key, wide.ref) for key in _keys(pods.pod_selector))


def _keys(selector: LabelSelector | None) -> Iterator[str]:
    if selector is not None:
        yield from selector.match_labels
        yield from (requirement.key for requirement in selector.match_expressions)


def _means(pods: NamespacedPod, snapshot: Snapshot, namespace: str) -> bool:
    """Whether a policy for the whole cluster can mean pods of the namespace."""
    return matches(pods.namespace_selector or LabelSelector(), snapshot.namespace_labels(namespace))


def _reaches(peer: PolicyPeer, snapshot: Snapshot, namespace: str) -> bool:
    """Whether a peer of a policy elsewhere can mean pods of the namespace."""
    return matches(peer.namespace_selector, snapshot.namespace_labels(namespace))
