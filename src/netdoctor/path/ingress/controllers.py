"""The Ingress controllers that run in the cluster: recognised by their images, their classes, and their arguments.

Sources: the documentation of each controller, "IngressClass" (ingress-nginx: `--controller-class`, `--ingress-class`,
`--watch-ingress-without-class`; Traefik: `providers.kubernetesIngress.ingressClass`; HAProxy: `--ingress.class`;
Contour: `--ingress-class-name`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdoctor.cluster.objects import Container, DaemonSet, Deployment, Pod, PodSpec, Service, Workload
from netdoctor.cluster.selectors import matches_labels
from netdoctor.cluster.snapshot import Snapshot

HTTP = 80
_WEB = {"http": (HTTP, ("http", "web", "http2")), "https": (443, ("https", "websecure"))}


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of controller.

    Attributes:
        title: as its makers call it.
        controllers: `spec.controller` of its IngressClasses; what begins with one and a slash is one too.
        images: how the name of its image ends, without tag.
        annotation: the value of the annotation kubernetes.io/ingress.class that it takes unless told otherwise.
        classless: arguments with which it takes Ingresses without a class too.
        class_flags: arguments that limit it to a class; without one it takes Ingresses without a class too.
        label: of its pods (KEY=VALUE), where images alone do not tell.
    """

    title: str
    controllers: tuple[str, ...]
    images: tuple[str, ...]
    annotation: str
    classless: tuple[str, ...] = ()
    class_flags: tuple[str, ...] = ()
    label: str = ""


_WITHOUT_CLASS = ("--watch-ingress-without-class",)
FAMILIES = (
    Family(
        "ingress-nginx",
        ("k8s.io/ingress-nginx",),
        ("ingress-nginx/controller", "nginx-ingress-controller"),
        "nginx",
        classless=_WITHOUT_CLASS,
    ),
    Family(
        "NGINX Ingress Controller",
        ("nginx.org/ingress-controller",),
        ("nginx/nginx-ingress", "nginx-ic/nginx-plus-ingress", "nginx-ingress"),
        "nginx",
    ),
    Family(
        "Traefik",
        ("traefik.io/ingress-controller",),
        ("traefik",),
        "traefik",
        class_flags=("--providers.kubernetesingress.ingressclass",),
    ),
    Family(
        "HAProxy Kubernetes Ingress Controller",
        ("haproxy.org/ingress-controller",),
        ("kubernetes-ingress",),
        "haproxy",
        class_flags=("--ingress.class",),
    ),
    Family(
        "HAProxy Ingress",
        ("haproxy-ingress.github.io/controller",),
        ("haproxy-ingress",),
        "haproxy",
        classless=_WITHOUT_CLASS,
    ),
    Family(
        "Contour",
        ("projectcontour.io/ingress-controller",),
        ("envoyproxy/envoy",),
        "contour",
        class_flags=("--ingress-class-name",),
        label="app=envoy",
    ),
    Family(
        "Emissary-ingress",
        ("getambassador.io/ingress-controller",),
        ("emissary", "emissary-ingress", "ambassador", "aes"),
        "ambassador",
    ),
    Family(
        "Istio ingress gateway",
        ("istio.io/ingress-controller",),
        ("istio/proxyv2",),
        "istio",
        label="istio=ingressgateway",
    ),
    Family("Kong Ingress Controller", ("ingress-controllers.konghq.com/kong",), ("kong", "kong-gateway"), "kong"),
    Family(
        "netdoctor's ingress program",
        ("netdoctor.dev/ingress",),
        ("netdoctor.dev/ingress",),
        "lab",
        classless=_WITHOUT_CLASS,
    ),
)


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller: what runs it, and the Service by which clients reach it, if there is one."""

    family: Family
    owner: Workload | Pod
    pods: tuple[Pod, ...]
    service: Service | None

    @property
    def label(self) -> str:
        """`ingress-nginx (Deployment ingress-nginx/controller)`."""
        return f"{self.family.title} ({self.owner.ref})"

    @property
    def spec(self) -> PodSpec:
        """What its pods are made from."""
        return self.owner.spec if isinstance(self.owner, Pod) else self.owner.spec.template.spec

    @property
    def arguments(self) -> tuple[str, ...]:
        """Commands and arguments of all its containers."""
        return tuple(word for c in self.spec.containers for word in (*c.command, *c.args))

    def argument(self, flag: str) -> str | None:
        """The value of `--flag=VALUE` or `--flag VALUE`, empty for one without; None where it is not given."""
        words = self.arguments
        for number, word in enumerate(words):
            name, equals, value = word.partition("=")
            if name.lower() == flag:
                following = words[number + 1] if number + 1 < len(words) else ""
                return value if equals else "" if following.startswith("-") else following
        return None

    @property
    def annotation(self) -> str:
        """The value of kubernetes.io/ingress.class that it takes."""
        given = self.argument("--ingress-class") or self.argument("--ingress.class")
        return given or self.family.annotation

    @property
    def takes_classless(self) -> bool:
        """Whether it takes Ingresses that name no class."""
        if self.family.class_flags:
            return all(self.argument(flag) is None for flag in self.family.class_flags)
        return any(self.argument(flag) not in (None, "false") for flag in self.family.classless)

    def serves(self, controller: str) -> bool:
        """Whether an IngressClass with this `spec.controller` is its."""
        own = self.argument("--controller-class")
        if own:
            return own == controller
        return is_of(self.family, controller)


def is_of(family: Family, controller: str) -> bool:
    """Whether a `spec.controller` is one of a family's."""
    return any(controller == one or controller.startswith(f"{one}/") for one in family.controllers)


def controllers(snapshot: Snapshot) -> tuple[Controller, ...]:
    """Every controller that runs, or is meant to, in the cluster."""
    return tuple(_controllers(snapshot))


def _controllers(snapshot: Snapshot) -> Iterator[Controller]:
    for workload in snapshot.workloads:
        template = workload.spec.template
        family = _family(template.spec.containers, template.labels)
        if family is not None and isinstance(workload, Deployment | DaemonSet):
            pods = tuple(pod for pod in snapshot.pods_of(workload) if not pod.finished)
            yield Controller(family, workload, pods, _service(snapshot, workload.namespace, template.labels))
    for pod in snapshot.pods:
        family = None if pod.finished or snapshot.workload_of(pod) else _family(pod.spec.containers, pod.labels)
        if family is not None:
            yield Controller(family, pod, (pod,), _service(snapshot, pod.namespace, pod.labels))


def _family(containers: Sequence[Container], labels: dict[str, str]) -> Family | None:
    names = [_repository(container.image) for container in containers]
    for family in FAMILIES:
        key, _, value = family.label.partition("=")
        labelled = not key or value in (labels.get(key), labels.get("app.kubernetes.io/name"))
        if labelled and any(_ends(name, image) for name in names for image in family.images):
            return family
    return None


def _ends(name: str, image: str) -> bool:
    return name == image or name.endswith(f"/{image}")


def _repository(image: str) -> str:
    """The image's name without tag and digest; the registry may have a port."""
    path, slash, last = image.partition("@")[0].rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def _service(snapshot: Snapshot, namespace: str, labels: dict[str, str]) -> Service | None:
    """The Service for clients: one for HTTP that the most can reach; those for admission webhooks are for others."""
    reaching = ("LoadBalancer", "NodePort", "ClusterIP")
    selecting = [
        service
        for service in snapshot.services
        if service.namespace == namespace
        and service.spec.type in reaching
        and service.spec.selector
        and matches_labels(service.spec.selector, labels)
        and web_ports(service)
    ]
    return min(selecting, key=lambda s: ("http" not in web_ports(s), reaching.index(s.spec.type)), default=None)


def web_ports(service: Service) -> dict[str, int]:
    """The ports for plain HTTP and for HTTPS, by scheme."""
    found: dict[str, int] = {}
    for scheme, (number, names) in _WEB.items():
        for port in service.spec.ports:
            if port.name in names or port.port == number:
                found.setdefault(scheme, port.port)
    webhook = any("webhook" in port.name for port in service.spec.ports)
    return {} if webhook and "http" not in found else found


def container_ports(spec: PodSpec) -> dict[str, int]:
    """The same of the pods themselves, for controllers without a Service."""
    found: dict[str, int] = {}
    for scheme, (number, names) in _WEB.items():
        for container in spec.containers:
            for port in container.ports:
                if port.name in names or number in (port.container_port, port.host_port):
                    found.setdefault(scheme, port.container_port)
    return found


def door_ports(controller: Controller) -> dict[str, int]:
    """Where it takes requests, by scheme: ports of its Service, or of its pods."""
    if controller.service is not None:
        return web_ports(controller.service)
    return container_ports(controller.spec) or {"http": HTTP}
