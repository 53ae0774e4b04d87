"""One check from request to report: read the cluster, plan, probe, diagnose."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from netdoctor.cli.output import emit, note, terminal
from netdoctor.cli.reading import Access, Cluster, Progress, progress_at_terminal, read_cluster
from netdoctor.cluster.objects import Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.model.errors import InputError
from netdoctor.model.probe import NotTested, Outcome
from netdoctor.model.report import CheckReport
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.path.source import SourceKind
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.prober import KubeProber
from netdoctor.probing.plan import Aim, PlanOptions, make_plan
from netdoctor.report import Format, encode, listed
from netdoctor.report.check import render_check
from netdoctor.report.check_format import CheckFormat


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for. No targets = all Services. `timeout` (seconds) is of one probe's attempt."""

    targets: tuple[str, ...]
    source: str | None
    namespace: str | None
    all_namespaces: bool
    snapshot: str | None
    access: Access
    probe: bool
    dry_run: bool
    attach: bool
    timeout: float
    options: ProbeOptions


def carry_out(request: Request, output: CheckFormat, *, quiet: bool) -> int:
    """Check every target, print the report or reports, return the exit code. Raises NetdoctorError."""
    begun = time.monotonic()
    progress = progress_at_terminal(quiet=quiet)
    asked = [*request.targets, *([request.source] if request.source else [])]
    files = [request.snapshot] if request.snapshot else []
    cluster = read_cluster(files, request.access, request.namespace, asked, progress)
    here = request.namespace or cluster.namespace
    names = request.targets or _services(cluster.snapshot, None if request.all_namespaces else here)
    if request.dry_run:
        manifests = [manifest for name in names for manifest in _dry_run(request, cluster, name, here)]
        emit(encode(listed(manifests), Format.JSON if output is CheckFormat.JSON else Format.YAML))
        return 0
    reports = [_report(request, cluster, name, here, progress) for name in names]
    told = reports[0] if len(request.targets) == 1 else reports
    emit(render_check(told, output, terminal(quiet=quiet), time.monotonic() - begun))
    return worst(report.exit_code for report in reports)


def worst(codes: Iterable[int]) -> int:
    """One exit code for several targets: a fault, then what could not be tested, then what is healthy."""
    return min(codes, key=(1, 3, 4, 0).index, default=0)


def _report(request: Request, cluster: Cluster, target: str, namespace: str, progress: Progress) -> CheckReport:
    snapshot = cluster.snapshot
    path = build_path(snapshot, target, request.source, namespace)
    expectation = expect(snapshot, path)
    outside = path.source.kind is SourceKind.OUTSIDE
    prober = cluster.prober(request.options, outside=outside) if request.probe else None
    if prober is None:
        return diagnose(Case(snapshot, path, expectation, {}, (), (), probed=False, logs={}))
    plan = make_plan(snapshot, path, expectation, _plan_options(request))
    ran = prober.run(plan.pods, progress)
    for text in ran.notes:
        note(text)
    untested = (*plan.not_tested, *ran.not_tested, *(NotTested("the source as it is", text) for text in ran.warnings))
    case = Case(snapshot, path, expectation, plan.aims, ran.observed, untested, probed=True, logs={})
    return diagnose(replace(case, logs=cluster.logs(_silent_pods(case))))


def _dry_run(request: Request, cluster: Cluster, target: str, namespace: str) -> list[object]:
    if cluster.client is None:
        raise InputError("--dry-run: the probe pods depend on a live cluster")
    snapshot = cluster.snapshot
    path = build_path(snapshot, target, request.source, namespace)
    if path.source.kind is SourceKind.OUTSIDE:
        return []  # this machine asks, and no pod
    plan = make_plan(snapshot, path, expect(snapshot, path), _plan_options(request))
    return list(KubeProber(cluster.client, snapshot, request.options).manifests(plan.pods))


def _plan_options(request: Request) -> PlanOptions:
    return PlanOptions(timeout=request.timeout, attach=request.attach)


def _silent_pods(case: Case) -> Iterator[Pod]:
    """Pods whose logs may say why they do not answer: endpoints that refuse, DNS servers that are not ready."""
    for seen in case.of(Aim.BACKEND, Aim.UNREADY):
        backend = seen.aimed.backend
        if seen.outcome is Outcome.REFUSED and backend is not None and backend.pod is not None:
            yield backend.pod
    for backend in case.path.dns.unready:
        if backend.pod is not None:
            yield backend.pod


def _services(cluster: Snapshot, namespace: str | None) -> list[str]:
    services = [service for service in cluster.services if namespace in (None, service.namespace)]
    if not services:
        raise InputError(f"no Service in namespace {namespace}" if namespace else "the cluster has no Service")
    return [f"svc/{service.name}.{service.namespace}" for service in services]
