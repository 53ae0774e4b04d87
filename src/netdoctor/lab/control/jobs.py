"""Jobs: one pod each, which runs once."""

from __future__ import annotations

from netdoctor.lab.control.names import generated
from netdoctor.lab.control.pods import make_pod
from netdoctor.lab.control.views import changed, children, of_kind, workload_spec
from netdoctor.lab.objects import Objects, key_of


def start_jobs(objects: Objects, past: Objects) -> Objects:
    """Make the pod of every Job that has none; it is not made a second time, whatever becomes of it."""
    pods = children(objects, "Pod")
    for job in tuple(of_kind(objects, "Job")):
        if pods.get(key_of(job)) or workload_spec(job).suspend:
            continue
        metadata = job["metadata"]
        name = generated(f"{metadata['name']}-", "Pod", metadata["namespace"], (objects, past))
        uid = metadata.get("uid", "")
        labels = {"job-name": metadata["name"], "batch.kubernetes.io/job-name": metadata["name"]}
        labels |= {"controller-uid": uid, "batch.kubernetes.io/controller-uid": uid}
        pod = make_pod(job, name, past, labels=labels)
        objects = changed(objects, (key_of(pod), pod))
    return objects
