from __future__ import annotations

import pytest

from tests.lab.builders import container, lab, names, one, service, some, workload
from tests.lab.kubectl.shell import Shell


@pytest.fixture
def shell() -> Shell:
    ports = [{"containerPort": 8080, "name": "http"}]
    return Shell(lab(workload("Deployment", "web", container("http:8080", ports=ports)), service("web")))


def test_scale(shell: Shell) -> None:
    assert shell("scale deployment web -n shop --replicas=3") == "deployment.apps/web scaled"
    assert len(some(shell.objects, "Pod")) == 3
    shell("scale deploy --all -n shop --replicas 0")
    assert some(shell.objects, "Pod") == []


def test_patch_of_each_type(shell: Shell) -> None:
    assert (
        shell("""patch svc web -n shop -p '{"spec":{"ports":[{"port":80,"targetPort":9090}]}}'""")
        == "service/web patched"
    )
    assert one(shell.objects, "Service")["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 9090}]
    shell("""patch svc web -n shop --type merge -p '{"spec":{"ports":[{"port":81}]}}'""")
    assert one(shell.objects, "Service")["spec"]["ports"] == [{"port": 81, "protocol": "TCP", "targetPort": 81}]
    shell("""patch svc web -n shop --type=json -p '[{"op":"replace","path":"/spec/selector/app","value":"api"}]'""")
    assert one(shell.objects, "Service")["spec"]["selector"] == {"app": "api"}
    assert shell("patch svc web -n shop -p 'spec: {type: ClusterIP}'") == "service/web patched (no change)"


def test_a_status_can_be_patched_as_an_operator_would(shell: Shell) -> None:
    (pod,) = names(some(shell.objects, "Pod"))
    change = '[{"op":"add","path":"/status/conditions/-","value":{"type":"example.com/x","status":"True"}}]'
    shell(f"patch pod {pod} -n shop --subresource=status --type=json -p '{change}'")
    shell(f"wait pod/{pod} -n shop --for=condition=example.com/x")


def test_labels(shell: Shell) -> None:
    assert shell("label ns shop tier=web") == "namespace/shop labeled"
    assert shell("label ns shop tier=web") == "namespace/shop not labeled"
    assert shell("label ns shop tier=db", code=1) == "error: 'tier' already has a value (web), and --overwrite is false"
    assert shell("label ns shop tier=db --overwrite") == "namespace/shop labeled"
    assert shell.objects["Namespace", "", "shop"]["metadata"]["labels"]["tier"] == "db"
    assert shell("label ns shop tier-") == "namespace/shop unlabeled"
    assert "tier" not in shell.objects["Namespace", "", "shop"]["metadata"]["labels"]
    assert shell("label ns shop", code=1) == "error: at least one label update is required"


def test_relabelling_a_pod_takes_it_out_of_its_service(shell: Shell) -> None:
    (pod,) = names(some(shell.objects, "Pod"))
    shell(f"label pod {pod} -n shop app=quarantine --overwrite")
    (endpoint,) = one(shell.objects, "EndpointSlice")["endpoints"]
    assert endpoint["targetRef"]["name"] != pod
    assert len(some(shell.objects, "Pod")) == 2


def test_expose(shell: Shell) -> None:
    assert shell("expose deploy/web -n shop --name=late --port=80 --target-port=http") == "service/late exposed"
    made = shell.objects["Service", "shop", "late"]["spec"]
    assert (made["selector"], made["ports"][0]["targetPort"]) == ({"app": "web"}, "http")
    assert "AlreadyExists" in shell("expose deploy/web -n shop", code=1)


def test_set_image_and_env(shell: Shell) -> None:
    before = names(some(shell.objects, "Pod"))
    assert shell("set image deploy/web -n shop app=nginx:1.27") == "deployment.apps/web image updated"
    assert names(some(shell.objects, "Pod")) != before
    assert shell("set env deploy/web -n shop MODE=loud LEVEL=3") == "deployment.apps/web env updated"
    shell("set env deploy/web -n shop LEVEL-")
    (own,) = one(shell.objects, "Pod")["spec"]["containers"]
    assert (own["image"], own["env"]) == ("nginx:1.27", [{"name": "MODE", "value": "loud"}])
    shell("set image deploy/web -n shop *=nginx:1.28")
    assert one(shell.objects, "Pod")["spec"]["containers"][0]["image"] == "nginx:1.28"


def test_delete(shell: Shell) -> None:
    (pod,) = some(shell.objects, "Pod")
    name = pod["metadata"]["name"]
    assert shell(f"delete pod {name} -n shop") == f'pod "{name}" deleted'
    assert one(shell.objects, "Pod")["metadata"]["name"] != name
    shell("delete deploy,svc -l missing=label -n shop")
    assert shell.said == "No resources found"
    assert shell("delete ns shop") == 'namespace "shop" deleted'
    assert not [key for key in shell.objects if key[1] == "shop"]
