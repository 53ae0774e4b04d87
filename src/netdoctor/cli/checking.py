"""One check from request to report: read the cluster, plan, probe, diagnose."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import msgspec

from netdoctor.cli.ca_file import ca_certificates
from netdoctor.cli.check_request import NO_TARGET, Request
from netdoctor.cli.output import emit, note, terminal
from netdoctor.cli.reading import Cluster, Progress, progress_at_terminal, read_cluster
from netdoctor.cli.saving import require_writable, save
from netdoctor.cluster.objects import Pod
from netdoctor.cluster.recording import document
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.model.chance import SAMPLES
from netdoctor.model.errors import InputError
from netdoctor.model.probe import NotTested, Outcome
from netdoctor.model.report import CheckReport
from netdoctor.path.expectation import expect
from netdoctor.path.path import Path, build_path
from netdoctor.path.source import SourceKind
from netdoctor.probing.plan import Aim, PlanOptions, make_plan
from netdoctor.probing.prober import Prober, ProbeRun
from netdoctor.probing.recorded import RecordedCheck, RecordedLog, RecordedProber
from netdoctor.report import Format, encode, listed
from netdoctor.report.check import render_check
from netdoctor.report.check_format import CheckFormat


def carry_out(request: Request, output: CheckFormat, *, quiet: bool, verbose: bool = False) -> int:
    """Check every target, print the report or reports, return the exit code. Raises NetdoctorError."""
    begun = time.monotonic()
    request.require_possible()
    ca = ca_certificates(request.ca_file) if request.ca_file else ""
    progress = progress_at_terminal(quiet=quiet)
    if request.save:
        require_writable(request.save)
    names = [*request.targets, *([request.source] if request.source else [])]
    files = [request.snapshot] if request.snapshot else []
    cluster = read_cluster(files, request.access, request.namespace, names, progress)
    asked = _asked(request, cluster, ca)
    if request.dry_run:
        manifests = [manifest for one in asked for manifest in _dry_run(request, cluster, one)]
        emit(encode(listed(manifests), Format.JSON if output is CheckFormat.JSON else Format.YAML))
        return 0
    answers = [_answer(request, cluster, one, progress) for one in asked]
    reports = [report for report, _ in answers]
    if request.save:
        save(document(cluster.snapshot, [made for _, made in answers]), request.save)
    told = reports[0] if len(reports) == 1 and not request.all_services else reports
    emit(render_check(told, output, terminal(quiet=quiet, verbose=verbose), time.monotonic() - begun))
    return worst(report.exit_code for report in reports)


def worst(codes: Iterable[int]) -> int:
    """One exit code for several targets: what went wrong, a fault, what could not be tested, what is healthy."""
    return min(codes, key=(130, 2, 1, 3, 4, 0).index, default=0)


def _asked(request: Request, cluster: Cluster, ca: str) -> Sequence[RecordedCheck]:
    """The checks to be made, or those that were. Raises InputError."""
    if not request.targets and not request.all_services:
        if not cluster.recorded:
            raise InputError(NO_TARGET, hint="netdoctor check svc/NAME")
        return cluster.recorded
    here = request.namespace or cluster.namespace
    names = request.targets or _services(cluster.snapshot, None if request.all_namespaces else here)
    made = {(check.target, check.source, check.namespace): check for check in cluster.recorded}
    options = PlanOptions(
        timeout=request.timeout,
        attach=request.attach,
        samples=request.samples or SAMPLES,
        source_port=request.source_port,
        ca=ca,
    )
    new = [RecordedCheck(target=name, source=request.source, namespace=here, options=options) for name in names]
    return [made.get((check.target, check.source, check.namespace), check) for check in new]


def _answer(
    request: Request, cluster: Cluster, asked: RecordedCheck, progress: Progress
) -> tuple[CheckReport, RecordedCheck]:
    """The report, and the check with all that was seen."""
    path = build_path(cluster.snapshot, asked.target, asked.source, asked.namespace)
    if path.target.way is not None:
        cluster = cluster.with_tls_secrets(path.target.way.secrets)
    snapshot = cluster.snapshot
    expectation = expect(snapshot, path)
    prober = _prober(request, cluster, asked, path)
    if prober is None:
        return diagnose(Case(snapshot, path, expectation, {}, (), (), probed=False, logs={})), asked
    plan = make_plan(snapshot, path, expectation, asked.options)
    ran = prober.run(plan.pods, progress) if plan.pods else ProbeRun((), ())
    for text in ran.notes:
        note(text)
    untested = (*plan.not_tested, *ran.not_tested, *(NotTested("the source as it is", text) for text in ran.warnings))
    case = Case(snapshot, path, expectation, plan.aims, ran.observed, untested, probed=True, logs={})
    logs = asked.log_texts if asked.run else cluster.logs(_silent_pods(case))
    told = tuple(RecordedLog(pod, text) for pod, text in logs.items())
    return diagnose(replace(case, logs=logs)), msgspec.structs.replace(asked, pods=plan.pods, run=ran, logs=told)


def _prober(request: Request, cluster: Cluster, asked: RecordedCheck, path: Path) -> Prober | None:
    if asked.run is not None:
        return RecordedProber(asked.pods, asked.run)
    outside = path.source.kind is SourceKind.OUTSIDE
    return cluster.prober(request.options, outside=outside) if request.probe else None


def _dry_run(request: Request, cluster: Cluster, asked: RecordedCheck) -> list[object]:
    from netdoctor.probing.kube.prober import KubeProber  # noqa: PLC0415 - only here: it takes long to load

    if cluster.client is None:
        raise InputError("--dry-run: the probe pods depend on a live cluster")
    snapshot = cluster.snapshot
    path = build_path(snapshot, asked.target, asked.source, asked.namespace)
    if path.source.kind is SourceKind.OUTSIDE:
        return []  # this machine asks, and no pod
    plan = make_plan(snapshot, path, expect(snapshot, path), asked.options)
    return list(KubeProber(cluster.client, snapshot, request.options).manifests(plan.pods))


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
