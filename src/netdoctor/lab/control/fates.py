"""What becomes of each container of a pod on its node: whether it runs, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netdoctor.lab.control.commands import exit_code, sleeps_on
from netdoctor.lab.control.images import image_problem
from netdoctor.lab.control.references import missing_for, missing_volume
from netdoctor.lab.control.shapes import Container, PodSpec
from netdoctor.lab.control.views import controller_of
from netdoctor.lab.environment import arguments_of
from netdoctor.lab.objects import Manifest, Objects
from netdoctor.lab.programs import is_testapp
from netdoctor_apps.testapp.listener import BadArgumentError, Listener, parse

_ALL = {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
_LOOPBACK = ("127.", "::1")
_COREFILE = "/etc/coredns/Corefile"


@dataclass(frozen=True, slots=True)
class Fate:
    """What a container does.

    Attributes:
        state: ``waiting`` to be started, ``running``, ``ended``.
        reason: of a waiting container, as the kubelet words it.
        message: the same.
        exit_code: of one that has ended.
        events: what the kubelet says of it, as (reason, message).
    """

    state: Literal["waiting", "running", "ended"]
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    events: tuple[tuple[str, str], ...] = ()


RUNNING = Fate("running")
ENDED = Fate("ended")  # with exit code 0


def fates(pod: Manifest, spec: PodSpec, objects: Objects) -> dict[str, Fate]:
    """The fate of each container of a pod that is on a node, init containers too, by its name."""
    namespace = pod["metadata"]["namespace"]
    unmounted = [(v.name, said) for v in spec.volumes if (said := missing_volume(v, namespace, objects))]
    every = (*spec.init_containers, *spec.containers)
    if unmounted:
        events = tuple(("FailedMount", f'MountVolume.SetUp failed for volume "{v}" : {said}') for v, said in unmounted)
        waiting = Fate("waiting", "PodInitializing" if spec.init_containers else "ContainerCreating", events=events)
        return {container.name: waiting for container in every}
    if not pod["status"].get("podIP"):
        return {container.name: Fate("waiting", "ContainerCreating") for container in every}
    found: dict[str, Fate] = {}
    for container in spec.init_containers:
        found[container.name] = fate = _started(container, namespace, objects) or _of_init(container, pod)
        if not (container.sidecar and fate.state == "running") and fate != ENDED:
            break
    else:
        found |= dict(_of_main(pod, spec, objects))
    return {c.name: found.get(c.name, Fate("waiting", "PodInitializing")) for c in every}


def _started(container: Container, namespace: str, objects: Objects) -> Fate | None:
    """What keeps a container from being started at all."""
    problem = image_problem(container)
    if problem is not None:
        return Fate("waiting", problem.reason, problem.message, events=problem.events)
    said = missing_for(container, namespace, objects)
    if said:
        return Fate("waiting", "CreateContainerConfigError", said, events=(("Failed", f"Error: {said}"),))
    return None


def _of_init(container: Container, pod: Manifest) -> Fate:
    """Init containers end well unless they are seen not to."""
    if container.sidecar:
        return _of_command(container, pod) or RUNNING
    if is_testapp(container.image):
        return _of_testapp(container, pod, [])
    words = (*container.command, *container.args)
    return RUNNING if sleeps_on(words) else Fate("ended", exit_code=exit_code(words) or 0)


def _of_main(pod: Manifest, spec: PodSpec, objects: Objects) -> Iterator[tuple[str, Fate]]:
    opened: list[Listener] = []
    for container in spec.containers:
        fate = _started(container, pod["metadata"]["namespace"], objects)
        if fate is None and is_testapp(container.image):
            fate = _of_testapp(container, pod, opened)
        yield container.name, fate or _of_command(container, pod) or RUNNING


def _of_command(container: Container, pod: Manifest) -> Fate | None:
    """The end of a container whose command is seen to end; those of a Job do, unless they serve something."""
    words = (*container.command, *container.args)
    if container.image.rpartition("/")[2].partition(":")[0] == "coredns":
        return _of_coredns(words, pod)
    code = exit_code(words)
    owner = controller_of(pod)
    if code is None and owner is not None and owner[0] == "Job" and not container.ports and not sleeps_on(words):
        code = 0
    return None if code is None else Fate("ended", exit_code=code)


def _of_coredns(words: tuple[str, ...], pod: Manifest) -> Fate | None:
    """The cluster's DNS server has one configuration file, and ends where it is told another."""
    named = words[words.index("-conf") + 1 :][:1] if "-conf" in words else ()
    wrong = named and named[0] != _COREFILE and pod["metadata"]["namespace"] == "kube-system"
    return Fate("ended", exit_code=1) if wrong else None


def _of_testapp(container: Container, pod: Manifest, opened: list[Listener]) -> Fate:
    """The test application ends with 2 on a bad argument, and with 1 where it cannot listen."""
    try:
        listeners = parse(arguments_of(container, pod))
    except BadArgumentError:
        return Fate("ended", exit_code=2)
    addresses = [entry["ip"] for entry in pod["status"].get("podIPs", ())]
    for listener in listeners:
        foreign = not (
            listener.address in _ALL or listener.address in addresses or listener.address.startswith(_LOOPBACK)
        )
        if foreign or any(_collide(listener, other) for other in opened):
            return Fate("ended", exit_code=1)
        opened.append(listener)
    return RUNNING


def _collide(one: Listener, other: Listener) -> bool:
    same = (one.port, one.protocol == "udp") == (other.port, other.protocol == "udp")
    return same and (one.address == other.address or bool(_ALL & {one.address, other.address}))
