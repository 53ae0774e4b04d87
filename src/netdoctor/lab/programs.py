"""What the containers of a pod run in the lab, and where that listens: no image is ever run.

The test application's containers run the very program of their image; DNS servers and ingress controllers are stood in
for. For everything else the ports that its container declares are opened, so that the network can be examined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from netdoctor.lab.control.shapes import Container, PodSpec
from netdoctor.lab.environment import arguments_of, environment_of
from netdoctor.lab.objects import Manifest, Objects
from netdoctor_apps.testapp.listener import BadArgumentError, parse

TESTAPP = "netdoctor_apps.testapp"
DNS = "netdoctor_apps.dns"
INGRESS = "netdoctor_apps.ingress"

_INGRESS_IMAGES = (
    "ingress-nginx/controller",
    "nginx-ingress",
    "traefik",
    "haproxy-ingress",
    "kubernetes-ingress",
    "kong",
)
_INGRESS_PORTS = {"http": ("http", "web"), "https": ("https", "websecure")}
_DNS_PORT = 53
_MOST_NOTES = 8


@dataclass(frozen=True, slots=True)
class Listening:
    """A port that is open.

    Attributes:
        protocol: ``TCP`` or ``UDP``.
        port: its number.
        address: the only address on which it is open; empty for all.
        speaks: what answers there: ``http``, ``tcp``, ``tls``, ``udp``, ``dns``.
    """

    protocol: str
    port: int
    address: str = ""
    speaks: str = "http"

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Program:
    """A program for the pod's network namespace.

    Attributes:
        container: name of the container for which it runs.
        module: the Python package whose ``__main__.main`` takes the arguments.
        arguments: for it.
        environment: all that it needs to find in its environment.
        listens: what it opens.
        because: what a reader must know where something else runs than the image; empty where nothing does.
    """

    container: str
    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    listens: tuple[Listening, ...]
    because: str = ""


def programs(pod: Manifest) -> tuple[Program, ...]:
    """What a pod runs, as far as its status says that it runs.

    The processes of nodes (kube-proxy, the network plugin, the API server) are not run.
    """
    status = pod.get("status", {})
    statuses = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    running = {s["name"] for s in statuses if "running" in s.get("state", {})}
    ready = {s["name"] for s in statuses if s.get("ready")}
    return run_by(pod, running, ready)


def run_by(pod: Manifest, running: Collection[str], ready: Collection[str]) -> tuple[Program, ...]:
    """What a pod would run if these containers of it ran.

    Args:
        pod: with its addresses.
        running: names of the containers that run.
        ready: those of them that pass their own probes, which shows that the ports of these probes are open.
    """
    spec = msgspec.convert(pod["spec"], PodSpec)
    if not runs_anything(pod, spec):
        return ()
    containers = [c for c in (*spec.init_containers, *spec.containers) if c.name in running]
    exact = (each for c in containers if is_testapp(c.image) for each in _opened(c, pod))
    taken = {(each.protocol, each.port) for each in exact}
    found: list[Program] = []
    for container in containers:
        made = list(_of_container(container, pod, taken, probed=container.name in ready))
        taken |= {(listening.protocol, listening.port) for program in made for listening in program.listens}
        found += made
    return tuple(found)


def runs_anything(pod: Manifest, spec: PodSpec) -> bool:
    """Whether the pod's containers are run at all: those in kube-system that are part of a node are not."""
    system = spec.host_network and pod["metadata"].get("namespace") == "kube-system"
    return not system or any(is_testapp(c.image) or _stand_in(c) for c in spec.containers)


def listening_notes(objects: Objects) -> tuple[str, ...]:
    """One line for each workload whose images are not run, and what listens instead."""
    notes: dict[str, None] = {}
    for (kind, namespace, name), pod in objects.items():
        if kind == "Pod":
            whose = _workload(objects, pod) or f"Pod {namespace}/{name}"
            notes.update({f"{whose}: {p.because}": None for p in programs(pod) if p.because})
    return tuple(notes)


def stood_in(objects: Objects) -> tuple[str, ...]:
    """The same for a person who is about to rely on it: not what every lab does, and no more than can be read."""
    notes = [note for note in listening_notes(objects) if f"{DNS.rpartition('.')[2]} program stands in" not in note]
    more = len(notes) - _MOST_NOTES
    return (*notes[:_MOST_NOTES], *([f"and {more} more workloads whose images are not run"] if more > 0 else []))


def is_testapp(image: str) -> bool:
    """Whether an image is the test application."""
    return _repository(image) == "netdoctor.dev/testapp"


def _of_container(
    container: Container, pod: Manifest, taken: set[tuple[str, int]], *, probed: bool
) -> Iterator[Program]:
    environment = environment_of(container, pod)
    if is_testapp(container.image):
        listens = _opened(container, pod)
        arguments = tuple(arguments_of(container, pod))
        yield Program(container.name, TESTAPP, arguments, environment, listens)
        return
    main = None
    stand_in = _stand_in(container)
    if stand_in is not None:
        module, arguments, listens = stand_in
        because = f"image {container.image} is not run; netdoctor's own {module.rpartition('.')[2]} program stands in"
        main = Program(container.name, module, arguments, environment, listens, because)
        taken = taken | {(listening.protocol, listening.port) for listening in listens}
        yield main
    others = [
        listening
        for listening in _declared(container, probed=probed)
        if (listening.protocol, listening.port) not in taken
    ]
    if others:
        arguments = tuple(f"{listening.speaks}:{listening.port}" for listening in others)
        ports = ", ".join(map(str, others))
        because = "" if main else f"image {container.image} is not run; it listens on its declared ports {ports}"
        yield Program(container.name, TESTAPP, arguments, environment, tuple(others), because)


def _opened(container: Container, pod: Manifest) -> tuple[Listening, ...]:
    """What the test application opens; nothing where it refuses its arguments."""
    try:
        listeners = parse(arguments_of(container, pod))
    except BadArgumentError:
        return ()
    return tuple(
        Listening("UDP" if each.protocol == "udp" else "TCP", each.port, each.address, each.protocol)
        for each in listeners
    )


def _declared(container: Container, *, probed: bool) -> list[Listening]:
    """The declared ports, then those of the container's own probes; SCTP is not spoken."""
    found = [
        Listening(port.protocol, port.container_port, speaks="http" if port.protocol == "TCP" else "udp")
        for port in container.ports
        if port.protocol != "SCTP"
    ]
    names = {port.name: port.container_port for port in container.ports if port.name}
    for probe in (container.readiness_probe, container.startup_probe, container.liveness_probe):
        action = probe and (probe.http_get or probe.tcp_socket)
        if probed and action:
            number = names.get(action.port) if isinstance(action.port, str) else action.port
            if number and 0 < number < 65536:
                found.append(Listening("TCP", number))
    return list(dict.fromkeys(found))


def _stand_in(container: Container) -> tuple[str, tuple[str, ...], tuple[Listening, ...]] | None:
    """Module, arguments and open ports of what runs instead of a DNS server or an ingress controller."""
    repository = _repository(container.image)
    if repository.rpartition("/")[2] in ("coredns", "k8s-dns-node-cache"):
        port = _port_named(container, ("dns",)) or _DNS_PORT
        both = tuple(Listening(protocol, port, speaks="dns") for protocol in ("UDP", "TCP"))
        return DNS, ("--listen", str(port)), both
    ports = {name: _port_named(container, names) for name, names in _INGRESS_PORTS.items()}
    envoy = repository.endswith("envoyproxy/envoy") and all(ports.values())  # others are sidecars
    if not (envoy or repository == "netdoctor.dev/ingress" or repository.endswith(_INGRESS_IMAGES)):
        return None
    http, https = ports["http"] or 80, ports["https"] or 443
    listens = (Listening("TCP", http), Listening("TCP", https, speaks="tls"))
    return INGRESS, (f"http:{http}", f"https:{https}"), listens


def _port_named(container: Container, names: Collection[str]) -> int | None:
    return next((port.container_port for port in container.ports if port.name in names), None)


def _repository(image: str) -> str:
    """The image's name without tag and digest; the registry may have a port."""
    path, slash, last = image.partition("@")[0].rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def _workload(objects: Objects, pod: Manifest) -> str:
    """KIND NAMESPACE/NAME of what keeps the pod running; empty for pods that nothing owns."""
    namespace = pod["metadata"].get("namespace", "default")
    owner: Manifest | None = pod
    named = ""
    while owner is not None:
        above = next((o for o in owner["metadata"].get("ownerReferences", ()) if o.get("controller")), None)
        if above is None:
            break
        named = f"{above['kind']} {namespace}/{above['name']}"
        owner = objects.get((above["kind"], namespace, above["name"]))
    return named
