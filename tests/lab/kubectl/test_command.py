from __future__ import annotations

import pytest

from netdoctor.lab.kubectl import kubectl
from tests.lab.builders import lab, service, workload
from tests.lab.kubectl.shell import Shell

OBJECTS = lab(workload("Deployment", "web"), service("web"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "error: a command is missing; the lab knows annotate, apply, "),
        ("logs web", 'error: unknown command "logs" for "kubectl"; the lab knows annotate, apply, create, delete, '),
        ("get pods --colour", "error: unknown flag: --colour"),
        ("get pods -z", "error: unknown shorthand flag: 'z' in -z"),
        ("get pods -n", "error: flag needs an argument: -n"),
        ("get", "error: you must specify the type of resource"),
        ("get gadgets", 'error: the server doesn\'t have a resource type "gadgets"'),
        ("get deploy api -n shop", 'Error from server (NotFound): deployments.apps "api" not found'),
        ("get deploy/web svc -n shop", "error: there is no need to specify a resource type as a separate argument"),
        ("get pods -l a~b", "error: unable to parse requirement"),
        ("delete pods", "error: resource(s) were provided, but no name was specified"),
        ("scale deploy/web -n shop", "error: The --replicas=COUNT flag is required"),
        ("scale svc/web -n shop --replicas=1", "error: services cannot be scaled"),
        ("apply", "error: must specify one of -f and -k"),
        ("apply -f missing.yaml", "error: the path 'missing.yaml' cannot be read: No such file or directory"),
        ("wait pods -n shop --all", "error: must specify --for"),
        ("patch svc/web -n shop", "error: must specify --patch or --patch-file"),
        ("patch svc/web -n shop -p {", "error: unable to parse the patch"),
        ("patch svc/web -n shop --type json -p 1", "error: a JSON patch is a list of operations"),
        ("patch svc/web -n shop --type sideways -p {}", "error: --type must be one of [json merge strategic]"),
        ("set image deploy/web -n shop other=x:1", 'error: unable to find container named "other"'),
        ("rollout history deploy/web -n shop", "error: the lab knows `rollout status`"),
        ("rollout undo deploy/web -n shop", 'error: no rollout history found for deployment "web"'),
        ("delete ns kube-system", 'Error from server (Forbidden): namespaces "kube-system" is forbidden'),
        ("delete node worker-1", "error: the lab's nodes stay as long as it does"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(line: str, said: str) -> None:
    shell = Shell(OBJECTS)
    shell(line, code=1)
    assert shell.said.startswith(said)
    assert shell.said.count("\n") == 0
    assert shell.objects is OBJECTS


def test_flags_may_come_before_the_verb_and_in_every_form() -> None:
    shell = Shell(OBJECTS)
    forms = ("-n shop get pods -o name", "get pods -nshop -oname", "get --namespace=shop --output name pods")
    assert len({shell(line) for line in forms}) == 1


def test_a_dry_run_changes_nothing() -> None:
    shell = Shell(OBJECTS)
    assert (
        shell("scale deploy/web -n shop --replicas=3 --dry-run=server") == "deployment.apps/web scaled (server dry run)"
    )
    assert shell.objects is OBJECTS


def test_the_objects_that_were_given_are_not_changed() -> None:
    copy = lab(workload("Deployment", "web"), service("web"))
    kubectl(OBJECTS, ["scale", "deploy/web", "-n", "shop", "--replicas=3"])
    assert copy == OBJECTS
