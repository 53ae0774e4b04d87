"""From the user's words to a source."""

import pytest

from netdoctor.model.errors import InputError
from netdoctor.path.source import SourceKind, resolve_source
from tests.path.conftest import Load

CLUSTER = """
{apiVersion: v1, kind: Node, metadata: {name: worker-1}}
---
{apiVersion: v1, kind: Node, metadata: {name: worker-1.prod}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: prod}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: prod}, spec: {containers: [{name: db}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: prod},
 spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: prod}, spec: {ports: [{port: 80}]}}
"""


@pytest.mark.parametrize(
    ("text", "kind", "ref"),
    [
        (None, SourceKind.NEUTRAL, "Pod prod/netdoctor"),
        ("ns/prod", SourceKind.NEUTRAL, "Pod prod/netdoctor"),
        ("node/worker-1", SourceKind.NODE, "Node worker-1"),
        ("no/worker-1.prod", SourceKind.NODE, "Node worker-1.prod"),
        ("pod/db-0", SourceKind.POD, "Pod prod/db-0"),
        ("deploy/web", SourceKind.WORKLOAD, "Deployment prod/web"),
        ("deployment/web.prod", SourceKind.WORKLOAD, "Deployment prod/web"),
    ],
)
def test_every_form(snapshot: Load, text: str | None, kind: SourceKind, ref: str) -> None:
    source = resolve_source(snapshot(CLUSTER), text, "prod", "prod")
    assert (source.kind, str(source.ref)) == (kind, ref)


def test_a_namespace_is_one_by_what_is_in_it_too(snapshot: Load) -> None:
    """Files often lack the Namespace object."""
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: prod}}"
    assert str(resolve_source(snapshot(pod), "pod/db-0.prod", "web", "web").ref) == "Pod prod/db-0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("node/gone", "--from node/gone: Node 'gone' not found"),
        ("deploy/gone", "--from deploy/gone: Deployment 'gone' not found in namespace prod"),
        ("deploy/web:80", "--from deploy/web:80: a source has no port"),
        ("svc/api", "--from svc/api: a Service sends no traffic"),
        ("web", "--from: 'web' is not a kind that netdoctor knows"),
    ],
)
def test_what_is_no_source(snapshot: Load, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        resolve_source(snapshot(CLUSTER), text, "prod", "prod")
    assert refused.value.what == said


def test_a_pod_like_that_of_a_workload_runs_as_its_service_account(snapshot: Load) -> None:
    robot = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: prod, labels: {team: a}}}"
    deployment = """
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: cron, namespace: prod}, spec: {selector: {},
     template: {metadata: {labels: {app: cron}}, spec: {serviceAccountName: robot}}}}"""
    files = snapshot(f"{robot}\n---{deployment}\n---{CLUSTER}")
    known = resolve_source(files, "deploy/cron", "prod", "prod").endpoint
    assert (known.service_account, known.service_account_labels["team"], known.service_accounts_read) == (
        "robot",
        "a",
        True,
    )
    other = resolve_source(files, "deploy/web", "prod", "prod").endpoint
    assert (other.service_account, other.service_accounts_read) == ("default", False)
