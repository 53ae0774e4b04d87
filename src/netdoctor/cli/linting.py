"""Queries over policies, from request to output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netdoctor.cli.output import emit, terminal
from netdoctor.cli.policies import PolicyInput, PolicyRequest, compile_with_warnings, read_policies
from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.model.lint_report import LintFinding, LintGap, LintReport
from netdoctor.policy.explain import origin_text
from netdoctor.policy.linting.finding import Answer, Finding
from netdoctor.policy.linting.lint import lint, policies_of
from netdoctor.policy.linting.query import OF_ONE_SET, OF_TWO_SETS, Query
from netdoctor.policy.linting.sets import NamedSet, contained, equivalent
from netdoctor.report import Format, encode
from netdoctor.report.lint import lint_table

_SET_FIELDS = (
    "network_policies",
    "admin_network_policies",
    "baseline_admin_network_policies",
    "cluster_network_policies",
    "unsupported_policies",
    "unknown_fields",
)


@dataclass(frozen=True, slots=True)
class LintRequest:
    """Which queries; none = those that fit."""

    only: tuple[Query, ...]
    against: str | None
    output: Format

    @property
    def queries(self) -> tuple[Query, ...]:
        """Those to ask. Raises InputError: another set of policies is missing, or not asked about."""
        queries = tuple(dict.fromkeys(self.only)) or (OF_TWO_SETS if self.against else OF_ONE_SET)
        of_two = [query for query in queries if query in OF_TWO_SETS]
        if of_two and not self.against:
            raise InputError(f"--only {of_two[0]}: with what is it to be compared?", hint="add --against PATH")
        if self.against and not of_two:
            raise InputError("--against: no query about two sets of policies is asked", hint="--only containment")
        return queries


def print_lint(request: PolicyRequest, asked: LintRequest) -> int:
    """Ask, print, and return the exit code. Raises NetdoctorError."""
    queries = asked.queries
    found = read_policies(request)
    _check_namespace(found, request.namespace)
    answers = [*lint(found.policies, found.profile, queries, request.namespace)]
    if asked.against:
        answers += _against(found, asked.against, queries)
    report = _report(found, request.namespace, queries, answers)
    if asked.output in (Format.JSON, Format.YAML):
        emit(encode(report, asked.output))
    else:
        emit(lint_table(report, terminal(quiet=request.quiet), wide=asked.output is Format.WIDE))
    return report.exit_code


def _check_namespace(found: PolicyInput, namespace: str | None) -> None:
    """A misspelt namespace must not look like one without faults."""
    snapshot = found.policies.snapshot
    known = {read.namespace or read.name for read in (*snapshot.namespaces, *snapshot.pods, *snapshot.network_policies)}
    if namespace is not None and namespace not in known and snapshot.was_read("Namespace"):
        raise InputError(f"--namespace {namespace}: there is no such namespace")


def _against(found: PolicyInput, path: str, queries: Sequence[Query]) -> list[Answer]:
    """The queries about two sets."""
    other = load([path])
    if not any(getattr(other, field) for field in _SET_FIELDS):
        raise InputError(f"{path}: there is no policy in it", hint="compare with the policies of another state")
    base = found.policies.snapshot
    one = NamedSet(found.policies, base.source)
    another = NamedSet(compile_with_warnings(_with_policies(base, other), found.profile.name), path)
    answers: list[Answer] = []
    for query, compare in ((Query.CONTAINMENT, contained), (Query.EQUIVALENCE, equivalent)):
        answers += compare(one, another, found.profile) if query in queries else ()
    return answers


def _with_policies(base: Snapshot, other: Snapshot) -> Snapshot:
    """The same pods under other policies, all of which are in the file."""
    policies = {field: getattr(other, field) for field in _SET_FIELDS}
    unread = tuple(unread for unread in base.unread if "Polic" not in unread.kind)
    return replace(base, unread=unread, origins={**base.origins, **other.origins}, **policies)


def _report(
    found: PolicyInput, namespace: str | None, queries: Sequence[Query], answers: Sequence[Answer]
) -> LintReport:
    def at(answer: Answer) -> str:
        return origin_text(found.policies, answer.ref) if answer.ref else ""

    return LintReport(
        cni=found.profile.name,
        queries=tuple(query.value for query in queries),
        policies=len(policies_of(found.policies, namespace)),
        findings=tuple(
            LintFinding(one.query.value, one.because, one.ref, at(one), one.fix, one.others)
            for one in answers
            if isinstance(one, Finding)
        ),
        not_judged=tuple(
            LintGap(one.query.value, one.because, one.ref, at(one)) for one in answers if not isinstance(one, Finding)
        ),
    )
