"""A verification from request to output: read the files and the cluster, decide, probe, compare."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from netdoctor.cli.output import emit, note, terminal
from netdoctor.cli.policies import PolicyInput, PolicyRequest, read_policies
from netdoctor.cli.reading import Progress, progress_at_terminal
from netdoctor.cluster.expected_flows import ExpectedFlow, load_expected
from netdoctor.diagnosis.verification import Observations, Verifying, verify_statically, verify_with_packets
from netdoctor.model.errors import InputError, NetdoctorError
from netdoctor.model.report import Untested
from netdoctor.model.verify_report import VerifiedFlow, VerifyReport
from netdoctor.path.expected import DecidedExpectation, decide_expected
from netdoctor.path.generated import expected_by_policies
from netdoctor.probing.flow_plan import plan_flows
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.many import probe_all
from netdoctor.probing.plan import PlanOptions
from netdoctor.probing.prober import Prober
from netdoctor.report import Format, encode
from netdoctor.report.verify import render_verification
from netdoctor.report.verify_format import VerifyFormat


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What the command line asks for. No files = what the policies say, at most `limit` flows.

    `timeout` (seconds) is of one probe's attempt.
    """

    policies: PolicyRequest
    files: tuple[str, ...]
    limit: int
    probe: bool
    timeout: float
    options: ProbeOptions
    output: VerifyFormat


def verify_expected(request: VerifyRequest) -> int:
    """Verify what files or policies expect, print the report, return the exit code. Raises NetdoctorError."""
    begun = time.monotonic()
    expected = load_expected(request.files) if request.files else ()
    asked = read_policies(request.policies, [name for flow in expected for name in (flow.source, flow.destination)])
    expected = expected or _generated(asked, request.limit)
    prober = asked.cluster.prober(request.options) if request.probe and asked.cluster else None
    report = verification(asked, expected, prober, request.timeout, progress_at_terminal(quiet=request.policies.quiet))
    style = terminal(quiet=request.policies.quiet)
    emit(render_verification(report, request.output, style, time.monotonic() - begun))
    return report.exit_code


def print_generated(request: VerifyRequest) -> int:
    """Write what the policies expect as a file that `verify` takes. Raises NetdoctorError."""
    flows = [
        {
            "from": flow.source,
            "to": flow.destination,
            "expect": "allow" if flow.allowed else "deny",
            "because": flow.because,
        }
        for flow in _generated(read_policies(request.policies), request.limit)
    ]
    if request.output not in (VerifyFormat.TABLE, VerifyFormat.YAML, VerifyFormat.JSON):
        raise InputError(f"-o {request.output}: --print writes yaml or json")
    emit(encode({"flows": flows}, Format.JSON if request.output is VerifyFormat.JSON else Format.YAML))
    return 0


def _generated(asked: PolicyInput, limit: int) -> tuple[ExpectedFlow, ...]:
    """What the policies expect; what the limit leaves out goes to stderr."""
    found = expected_by_policies(asked.policies, asked.profile, limit)
    if found.cut:
        note(f"{len(found.flows)} flows (--limit); {found.cut} of {found.rules} rules may have more")
    if not found.flows:
        raise NetdoctorError(
            "no policy says anything about a pod", hint="netdoctor verify FILE takes flows of your own"
        )
    return found.flows


def verification(
    asked: PolicyInput, expected: Sequence[ExpectedFlow], prober: Prober | None, timeout: float, progress: Progress
) -> VerifyReport:
    """Compare all; without a prober with policies alone. Raises NetdoctorError."""
    decided = decide_expected(asked.policies, expected, asked.profile, asked.namespace)
    if prober is None:
        flows = tuple(verify_statically(Verifying(asked.policies, asked.profile), one) for one in decided)
        return VerifyReport(cni=asked.profile.name, probed=False, flows=flows)
    return _with_packets(asked, decided, prober, timeout, progress)


def _with_packets(
    asked: PolicyInput, decided: Sequence[DecidedExpectation], prober: Prober, timeout: float, progress: Progress
) -> VerifyReport:
    plan = plan_flows(asked.policies.snapshot, decided, PlanOptions(timeout=timeout))
    ran = probe_all(prober, plan.pods, progress)
    for text in ran.notes:
        note(text)
    observations = Observations({seen.id: seen for seen in ran.observed}, ran.missing)
    against = Verifying(asked.policies, asked.profile)
    flows: tuple[VerifiedFlow, ...] = tuple(
        verify_with_packets(against, one, sent, observations) for one, sent in zip(decided, plan.sent, strict=True)
    )
    untested = [Untested("the sources as they are", text) for text in ran.warnings]
    untested += [Untested(one.what, one.because) for one in ran.not_tested]
    return VerifyReport(cni=asked.profile.name, probed=True, flows=flows, not_tested=tuple(untested))
