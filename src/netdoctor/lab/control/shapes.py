"""What the lab's controllers, scheduler and kubelet read of manifests, as types: the rest of a manifest stays as it is.

Shapes follow the Kubernetes API reference (v1.34); unknown fields are skipped. `admission` lets nothing pass that does
not have them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from netdoctor.cluster.objects import ContainerPort, LabelSelector, ReadinessGate
from netdoctor.lab.control.scheduling_shapes import Affinity, Toleration
from netdoctor.lab.control.shape_base import Shape as _Shape

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
CountOrPercent = int | Annotated[str, msgspec.Meta(pattern=r"^\d{1,4}%$")]


class KeyRef(_Shape, frozen=True):
    """A reference to a ConfigMap or Secret, or to one key of it."""

    name: str = ""
    key: str = ""
    optional: bool = False


class FieldRef(_Shape, frozen=True):
    """valueFrom.fieldRef."""

    field_path: str


class EnvSource(_Shape, frozen=True):
    """valueFrom of an environment variable."""

    field_ref: FieldRef | None = None
    config_map_key_ref: KeyRef | None = None
    secret_key_ref: KeyRef | None = None


class EnvVar(_Shape, frozen=True):
    """env[] of a container."""

    name: str
    value: str = ""
    value_from: EnvSource | None = None


class EnvFrom(_Shape, frozen=True):
    """envFrom[] of a container."""

    config_map_ref: KeyRef | None = None
    secret_ref: KeyRef | None = None


class SecretVolume(_Shape, frozen=True):
    """volumes[].secret."""

    secret_name: str = ""
    optional: bool = False


class Volume(_Shape, frozen=True):
    """spec.volumes[] of a pod, as far as it needs another object."""

    name: str
    config_map: KeyRef | None = None
    secret: SecretVolume | None = None


class ProbeAction(_Shape, frozen=True):
    """httpGet, tcpSocket or grpc of a probe."""

    port: int | str
    path: str = "/"
    scheme: str = "HTTP"
    host: str = ""


class ExecAction(_Shape, frozen=True):
    """exec of a probe."""

    command: tuple[str, ...] = ()


class Probe(_Shape, frozen=True):
    """A readiness or startup probe; durations in seconds."""

    http_get: ProbeAction | None = None
    tcp_socket: ProbeAction | None = None
    grpc: ProbeAction | None = None
    exec: ExecAction | None = None
    initial_delay_seconds: int = 0
    timeout_seconds: int = 1


class Container(_Shape, frozen=True):
    """containers[] or initContainers[] of a pod."""

    name: str
    image: str = ""
    image_pull_policy: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFrom, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    restart_policy: str = ""

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that stays (KEP-753)."""
        return self.restart_policy == "Always"


class PodSpec(_Shape, frozen=True):
    """spec of a pod or of a template."""

    containers: Annotated[tuple[Container, ...], msgspec.Meta(min_length=1)]
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_name: str = ""
    node_selector: dict[str, str] = msgspec.field(default_factory=dict)
    affinity: Affinity = Affinity()
    tolerations: tuple[Toleration, ...] = ()
    host_network: bool = False
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    readiness_gates: tuple[ReadinessGate, ...] = ()


class TemplateMeta(_Shape, frozen=True):
    """metadata of a template."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class Template(_Shape, frozen=True):
    """spec.template."""

    spec: PodSpec
    metadata: TemplateMeta = TemplateMeta()


class RollingUpdate(_Shape, frozen=True):
    """rollingUpdate of a strategy."""

    max_surge: CountOrPercent | None = None
    max_unavailable: CountOrPercent | None = None
    partition: Count = 0


class Strategy(_Shape, frozen=True):
    """strategy of a Deployment, or updateStrategy of another workload."""

    type: Literal["RollingUpdate", "Recreate", "OnDelete"] = "RollingUpdate"
    rolling_update: RollingUpdate = RollingUpdate()


class Ordinals(_Shape, frozen=True):
    """spec.ordinals of a StatefulSet."""

    start: Count = 0


class WorkloadSpec(_Shape, frozen=True):
    """spec of a Deployment, ReplicaSet, StatefulSet, DaemonSet or Job."""

    template: Template
    selector: LabelSelector | None = None
    replicas: Count = 1
    paused: bool = False
    suspend: bool = False
    strategy: Strategy = Strategy()
    update_strategy: Strategy = Strategy()
    pod_management_policy: Literal["OrderedReady", "Parallel"] = "OrderedReady"
    ordinals: Ordinals = Ordinals()


class PodShape(_Shape, frozen=True):
    """A Pod."""

    spec: PodSpec


class WorkloadShape(_Shape, frozen=True):
    """A Deployment, ReplicaSet, StatefulSet, DaemonSet or Job."""

    spec: WorkloadSpec
