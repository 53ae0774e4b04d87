from __future__ import annotations

from tests.lab.builders import lab, names, one, some, workload
from tests.lab.kubectl.shell import Shell

BROKEN = "set image deploy/web -n shop app=netdoctor.dev/nope:1"


def test_a_rollout_that_is_complete() -> None:
    shell = Shell(lab(workload("Deployment", "web"), workload("DaemonSet", "log"), workload("StatefulSet", "db")))
    assert shell("rollout status deploy/web ds/log -n shop").splitlines() == [
        'deployment "web" successfully rolled out',
        'daemon set "log" successfully rolled out',
    ]
    assert shell("rollout status sts/db -n shop").startswith(
        "statefulset rolling update complete 1 pods at revision db-"
    )


def test_a_rollout_that_never_completes_can_be_undone() -> None:
    shell = Shell(lab(workload("Deployment", "web")))
    before = names(some(shell.objects, "Pod"))
    shell(BROKEN)
    assert shell("rollout status deploy/web -n shop", code=1).splitlines() == [
        'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...',
        "error: timed out waiting for the condition",
    ]
    assert shell("rollout undo deploy/web -n shop") == "deployment.apps/web rolled back"
    assert names(some(shell.objects, "Pod")) == before
    shell("rollout status deploy/web -n shop")
    shell("rollout undo deploy/web -n shop")
    assert (
        one(shell.objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == "netdoctor.dev/nope:1"
    )


def test_a_restart_makes_all_pods_anew_each_time() -> None:
    shell = Shell(lab(workload("Deployment", "web", replicas=2), workload("DaemonSet", "log")))
    before = uids(shell)
    for _ in range(3):
        assert shell("rollout restart deploy/web -n shop") == "deployment.apps/web restarted"
        assert shell("rollout restart ds/log -n shop") == "daemonset.apps/log restarted"
        now = uids(shell)
        assert len(now) == 4
        assert not now & before
        before = now


def uids(shell: Shell) -> set[str]:
    return {pod["metadata"]["uid"] for pod in some(shell.objects, "Pod")}
