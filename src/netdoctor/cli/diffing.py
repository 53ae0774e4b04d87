"""A comparison from request to output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from netdoctor.cli.diff import DiffFormat, FailOn
from netdoctor.cli.output import emit, terminal
from netdoctor.cli.policies import PolicyInput, PolicyRequest, compile_with_warnings, read_policies
from netdoctor.cluster.applied import applied
from netdoctor.cluster.files import load
from netdoctor.model.diff_report import DiffReport, FlowChange
from netdoctor.model.errors import InputError
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.diff import Change, Difference, difference
from netdoctor.policy.diff_reasons import DiffReasons
from netdoctor.policy.selection import numbers
from netdoctor.report import Format, encode
from netdoctor.report.diff import diff_markdown, diff_table


@dataclass(frozen=True, slots=True)
class TwoStates:
    """What is compared, and what the two are called."""

    before: PolicyInput
    after: CompiledPolicies
    names: tuple[str, str]


def two_states(request: PolicyRequest, given: Sequence[str], patches: Sequence[str]) -> TwoStates:
    """Read both states: A and B, or A (else the live cluster) and what is applied to it. Raises NetdoctorError."""
    if len(given) > (1 if patches else 2) or not (given or patches):
        raise InputError("give two states, or one (or none: the live cluster) and --patch FILE")
    if len(given) == 1 and not patches:
        raise InputError(f"{given[0]}: what is it to be compared with?", hint="give a second state or --patch FILE")
    before = read_policies(replace(request, files=tuple(given[:1])))
    base = before.policies.snapshot
    after = applied(base, load(patches)) if patches else load(given[1:])
    patched = f"with {', '.join(patches)}" if patches else given[1]
    return TwoStates(before, compile_with_warnings(after, before.profile.name), (base.source, patched))


def print_diff(states: TwoStates, output: DiffFormat, fail_on: FailOn | None, *, quiet: bool) -> int:
    """Compare, print, and return the exit code."""
    found = difference(states.before.policies, states.after, states.before.profile)
    report = _report(states, found)
    if output in (DiffFormat.JSON, DiffFormat.YAML):
        emit(encode(report, Format(output.value)))
    elif output is DiffFormat.MARKDOWN:
        emit("".join(diff_markdown(report)))
    else:
        emit(diff_table(report, terminal(quiet=quiet), wide=output is DiffFormat.WIDE))
    fatal = {None: (), FailOn.OPENED: report.opened, FailOn.CLOSED: report.closed}
    return int(bool(fatal.get(fail_on, (*report.opened, *report.closed, *report.unclear))))


def _report(states: TwoStates, found: Difference) -> DiffReport:
    changes = list(_changes(found))
    return DiffReport(
        before=states.names[0],
        after=states.names[1],
        opened=tuple(told for change, told in changes if change.certain and change.opened),
        closed=tuple(told for change, told in changes if change.certain and not change.opened),
        unclear=tuple(told for change, told in changes if not change.certain),
        problems=tuple(f"{ref}: {text}" for ref, text in states.after.problems),
    )


def _changes(found: Difference) -> Iterator[tuple[Change, FlowChange]]:
    reasons = DiffReasons(found)
    for change in found.changes():
        for because, sources in reasons(change):
            names = tuple(found.parties[number].name for number in numbers(sources))
            to = found.parties[change.destination].name
            yield change, FlowChange(names, to, found.ports_text(change.ports), because)
