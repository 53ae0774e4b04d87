"""The report of `cni` in any of its formats: what is wrong comes first, then what the plugin is and needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdoctor.model.cni_report import CNIMTU, CNIOpening, CNIReport
from netdoctor.report import Format, Style, encode
from netdoctor.report.check_markdown import finding_lines, listed_lines
from netdoctor.report.cni_format import CNIFormat
from netdoctor.report.page import Page
from netdoctor.report.table import tell_finding, tell_reasons
from netdoctor.report.untrusted import in_markdown

_MOST_RANGES = 12  # that are listed for a reader; JSON has all
_SIGNS = {0: "✅", 1: "❌"}


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    lines: tuple[tuple[str, str], ...]  # what, and what of it


def render_cni(report: CNIReport, output: CNIFormat, style: Style) -> str:
    """The whole output."""
    match output:
        case CNIFormat.JSON | CNIFormat.YAML:
            return encode(report, Format(output.value))
        case CNIFormat.MARKDOWN:
            return style.marked_up(_markdown(report))
    return _text(report, style)


def _text(report: CNIReport, style: Style) -> str:
    page = Page(style)
    ok = {0: True, 1: False}.get(report.exit_code)
    page.prose(page.mark(ok), page.text(report.name, "bold"), _summary(report), hang=2)
    for finding in report.findings:
        tell_finding(page, "Finding", finding, quiet=style.quiet, verbose=style.verbose)
    tell_reasons(page, "Cannot be judged", [(one.what, one.because) for one in report.not_judged])
    for section in _sections(report) if not style.quiet else ():
        tell_reasons(page, section.heading, section.lines)
    return str(page)


def _markdown(report: CNIReport) -> Iterator[str]:
    yield f"### {_SIGNS.get(report.exit_code, '❔')} {in_markdown(report.name)}: {in_markdown(_summary(report))}"
    for finding in report.findings:
        yield from finding_lines("Finding", finding)
    yield from listed_lines("Cannot be judged", ((one.what, one.because) for one in report.not_judged))
    for section in _sections(report):
        yield from listed_lines(section.heading, section.lines)


def _summary(report: CNIReport) -> str:
    """`2 findings: MTUTooLarge, MasqueradeOff`."""
    codes = ", ".join(dict.fromkeys(finding.code for finding in report.findings))
    count = len(report.findings)
    found = f"{count} {'finding' if count == 1 else 'findings'}: {codes}" if count else "nothing found"
    return found + (f", {len(report.not_judged)} not judged" if report.not_judged else "")


def _sections(report: CNIReport) -> Iterator[_Section]:
    evidence = tuple((one.id, one.text) for one in report.evidence)
    yield _Section("What it is", (*(("version", text) for text in report.versions), *evidence))
    set_to = ((one.name, f"{one.value} ({one.object})" if one.object else one.value) for one in report.settings)
    yield _Section("How it is set", (("encapsulation", _encapsulation(report)), *set_to))
    yield _Section("Addresses", tuple(_addresses(report)))
    yield _Section("What it applies", tuple(_enforces(report)))
    yield _Section("MTU", tuple(_mtu(report.mtu)))
    by = f" by {report.encryption.by}" if report.encryption.by else ""
    yield _Section("Encryption between nodes", ((f"{report.encryption.state}{by}", report.encryption.because),))
    yield _Section("What must be open", tuple(_openings(report.openings)))
    yield _Section("What no object tells", tuple((one.what, one.because) for one in report.unseen))


def _encapsulation(report: CNIReport) -> str:
    wrapped = report.encapsulation
    details = [wrapped.mode, f"VNI {wrapped.vni}" if wrapped.vni is not None else ""]
    named = " ".join(filter(None, (wrapped.name, *details)))
    taken = f", {wrapped.overhead} bytes" if wrapped.overhead else ""
    return f"{named}{taken}: {wrapped.because}"


def _addresses(report: CNIReport) -> Iterator[tuple[str, str]]:
    for one in report.addresses[:_MOST_RANGES]:
        yield one.network, f"{one.use} ({one.object})" if one.object else one.use
    if len(report.addresses) > _MOST_RANGES:
        yield "…", f"{len(report.addresses) - _MOST_RANGES} more, all of them in -o json"


def _enforces(report: CNIReport) -> Iterator[tuple[str, str]]:
    words = {True: "applied", False: "not applied", None: "not known"}
    yield "NetworkPolicy", f"{words[report.enforces.network_policy]}: {report.enforces.because}"
    for kind in report.enforces.kinds[1:]:
        yield kind, "applied"


def _mtu(mtu: CNIMTU) -> Iterator[tuple[str, str]]:
    if mtu.expected is None:
        nodes = f"nodes send {mtu.nodes} ({mtu.nodes_from})"
        yield "expected of pods", f"not known, as the encapsulation is not; {nodes}"
    else:
        yield "expected of pods", f"{mtu.expected} = {mtu.nodes} of the nodes ({mtu.nodes_from}) - {mtu.overhead}"
    if mtu.configured is None:
        yield "configured", mtu.configured_from
    else:
        yield "configured", f"{mtu.configured} ({mtu.configured_from})"


def _openings(openings: Sequence[CNIOpening]) -> Iterator[tuple[str, str]]:
    for one in openings:
        optional = "" if one.needed else "; for monitoring only"
        yield one.what, f"from {one.from_} to {one.to}, {one.purpose}{optional}"
