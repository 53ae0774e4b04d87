"""A trace from request to report: read the cluster, plan, probe, explain."""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.cli.output import emit, note, terminal
from netdoctor.cli.reading import Access, progress_at_terminal, read_cluster
from netdoctor.diagnosis.tracing import TraceCase, explain_trace
from netdoctor.model.errors import InputError
from netdoctor.model.probe import NotTested
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.path.source import SourceKind
from netdoctor.path.target import TargetKind
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.prober import ProbeRun
from netdoctor.probing.trace_plan import plan_trace
from netdoctor.report.trace import render_trace
from netdoctor.report.trace_format import TraceFormat


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """What the command line asks for. `timeout` (seconds) is of one packet."""

    source: str
    target: str
    namespace: str | None
    access: Access
    attach: bool
    timeout: float
    options: ProbeOptions


def run_trace(request: TraceRequest, output: TraceFormat, *, quiet: bool) -> int:
    """Follow the way, print the report, return the exit code. Raises NetdoctorError."""
    progress = progress_at_terminal(quiet=quiet)
    names = (request.source, request.target)
    cluster = read_cluster((), request.access, request.namespace, names, progress)
    snapshot = cluster.snapshot
    path = build_path(snapshot, request.target, request.source, request.namespace or cluster.namespace)
    if path.target.kind in (TargetKind.INGRESS, TargetKind.HTTP_ROUTE, TargetKind.GATEWAY):
        hint = f"netdoctor check {request.target} tells what is known of it; trace the Service behind it"
        raise InputError(f"{request.target}: the way through an Ingress or a Gateway is no single one", hint=hint)
    expectation = expect(snapshot, path)
    plan = plan_trace(snapshot, path, expectation, request.timeout, attach=request.attach)
    prober = cluster.prober(request.options, outside=path.source.kind is SourceKind.OUTSIDE)
    assert prober is not None  # only files have none, and a trace takes no files
    ran = prober.run(plan.pods, progress) if plan.pods else ProbeRun(())
    for text in ran.notes:
        note(text)
    untested = (*ran.not_tested, *(NotTested("the source as it is", text) for text in ran.warnings))
    report = explain_trace(TraceCase(snapshot, path, expectation, plan.aims, ran.observed, untested))
    emit(render_trace(report, output, terminal(quiet=quiet)))
    return report.exit_code
