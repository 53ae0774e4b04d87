from __future__ import annotations

from tests.lab.builders import container, lab, one, some


def job(*words: str, image: str = "busybox:1.36", **spec: object) -> dict[str, object]:
    made = {"restartPolicy": "Never", "containers": [container(image=image, command=list(words))]}
    metadata = {"name": "migrate", "namespace": "shop"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": made}, **spec}}


def test_a_job_runs_once_and_is_complete() -> None:
    objects = lab(job("sh", "-c", "migrate && echo done"))
    assert one(objects, "Pod", "migrate-")["status"]["phase"] == "Succeeded"
    assert objects["Job", "shop", "migrate"]["status"]["succeeded"] == 1


def test_a_job_that_fails_has_failed() -> None:
    objects = lab(job("false"))
    assert one(objects, "Pod", "migrate-")["status"]["phase"] == "Failed"


def test_a_job_that_sleeps_is_active() -> None:
    objects = lab(job("sleep", "infinity"))
    assert one(objects, "Pod", "migrate-")["status"]["phase"] == "Running"
    assert objects["Job", "shop", "migrate"]["status"]["active"] == 1


def test_a_suspended_job_has_no_pod() -> None:
    assert some(lab(job("true", suspend=True)), "Pod") == []
