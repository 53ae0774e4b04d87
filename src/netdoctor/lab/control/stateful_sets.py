"""StatefulSets: pods with numbers, one after the other.

Source: Kubernetes documentation, StatefulSets, "Deployment and Scaling Guarantees" and "Update strategies".
"""

from __future__ import annotations

from collections.abc import Mapping

from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.control.pods import REVISION, make_pod, revision, up_to_date
from netdoctor.lab.control.views import Children, changed, children, finished, of_kind, ready, without, workload_spec
from netdoctor.lab.objects import Manifest, Objects, key_of


def number_pods(objects: Objects, past: Objects) -> Objects:
    """One step for every StatefulSet: at most one pod is made, or replaced, unless they may all at once."""
    pods = children(objects, "Pod")
    for stateful_set in tuple(of_kind(objects, "StatefulSet")):
        objects = _step(stateful_set, _by_ordinal(stateful_set, pods), objects, past)
    return objects


def revision_name(stateful_set: Manifest) -> str:
    """The label of pods that are of the present template."""
    return f"{stateful_set['metadata']['name']}-{revision(stateful_set['spec']['template'])}"


def _by_ordinal(stateful_set: Manifest, pods: Children) -> dict[int, Manifest]:
    prefix = f"{stateful_set['metadata']['name']}-"
    names = {pod["metadata"]["name"]: pod for pod in pods.get(key_of(stateful_set), ())}
    numbers = ((whole_number(name.removeprefix(prefix)), pod) for name, pod in names.items())
    return {number: pod for number, pod in numbers if number is not None}


def _step(stateful_set: Manifest, mine: Mapping[int, Manifest], objects: Objects, past: Objects) -> Objects:
    spec = workload_spec(stateful_set)
    wanted = range(spec.ordinals.start, spec.ordinals.start + spec.replicas)
    objects = without(objects, {key_of(pod) for number, pod in mine.items() if number not in wanted or finished(pod)})
    ordered = spec.pod_management_policy == "OrderedReady"
    for number in wanted:
        pod = mine.get(number)
        if pod is None or finished(pod):
            made = _numbered(stateful_set, number, past)
            objects = changed(objects, (key_of(made), made))
            if ordered:
                return objects
        elif ordered and not ready(pod):
            return objects  # the next one waits for it, and so does an update
    if spec.update_strategy.type == "OnDelete":
        return objects
    return _updated(
        stateful_set, mine, [n for n in wanted if n >= spec.update_strategy.rolling_update.partition], objects
    )


def _updated(stateful_set: Manifest, mine: Mapping[int, Manifest], numbers: list[int], objects: Objects) -> Objects:
    """Without the outdated pod with the highest number, if those above it are ready."""
    template, name = stateful_set["spec"]["template"], revision_name(stateful_set)
    for number in reversed(numbers):
        pod = mine.get(number)
        if pod is not None and not up_to_date(pod, template, name):
            return without(objects, {key_of(pod)})
        if pod is None or not ready(pod):
            return objects
    return objects


def _numbered(stateful_set: Manifest, number: int, past: Objects) -> Manifest:
    name = f"{stateful_set['metadata']['name']}-{number}"
    labels = {
        "apps.kubernetes.io/pod-index": str(number),
        REVISION: revision_name(stateful_set),
        "statefulset.kubernetes.io/pod-name": name,
    }
    spec = {"hostname": name}
    if service := stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = service
    return make_pod(stateful_set, name, past, labels=labels, spec=spec)
