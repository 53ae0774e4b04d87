"""All controllers, the scheduler and the kubelets together, until none of them has anything left to do."""

from __future__ import annotations

from netdoctor.lab.control.admission import admitted
from netdoctor.lab.control.daemon_sets import cover_nodes
from netdoctor.lab.control.deployments import deploy
from netdoctor.lab.control.endpoint_slices import with_slices
from netdoctor.lab.control.events import Occurrence, with_events
from netdoctor.lab.control.jobs import start_jobs
from netdoctor.lab.control.kubelet import run_pods
from netdoctor.lab.control.names import with_uid
from netdoctor.lab.control.ownership import with_replica_sets, without_orphans
from netdoctor.lab.control.replica_sets import replicate
from netdoctor.lab.control.scheduler import schedule
from netdoctor.lab.control.services import with_addresses
from netdoctor.lab.control.stateful_sets import number_pods
from netdoctor.lab.control.statuses import with_statuses
from netdoctor.lab.objects import Objects, key_of

_CONTROLLERS = (deploy, replicate, number_pods, cover_nodes, start_jobs)
_STEPS = 100_000  # far more than the largest StatefulSet needs: a fault of a controller must not hang the lab


def reconcile(objects: Objects, past: Objects | None = None) -> Objects:
    """The objects once everything has settled.

    Args:
        objects: what users and earlier runs have left. Not changed.
        past: the objects before the last change, where there was one. Pods that are made anew have neither the uid
            nor (but for those of StatefulSets) the name of one that there was.

    Returns:
        The objects with all that follows from them. What has not changed is the same value as before, so that
        identity (`is`) tells whether a pod was touched.

    Raises:
        InputError: two Services want the same address or node port, or none is left.
    """
    past = {**(past or {}), **objects}
    objects = with_addresses(_with_namespaces(objects))
    objects = with_replica_sets(objects, past)
    said: tuple[Occurrence, ...] = ()
    for _ in range(_STEPS):
        before = objects
        objects = without_orphans(objects, past)
        for controller in _CONTROLLERS:
            objects = controller(objects, past)
        objects, unscheduled = schedule(objects)
        objects, on_nodes = run_pods(objects)
        said = (*unscheduled, *on_nodes)
        if objects is before:
            break
    return with_events(with_slices(with_statuses(objects)), said)


def _with_namespaces(objects: Objects) -> Objects:
    """With the Namespaces that objects are in, and that nobody made."""
    named = dict.fromkeys(namespace for _, namespace, _ in objects if namespace)
    new: Objects = {}
    for name in named:
        key = ("Namespace", "", name)
        made = admitted({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        if key not in objects and made is not None:
            new[key] = with_uid(made, key_of(made), {})
    return {**objects, **new} if new else objects
