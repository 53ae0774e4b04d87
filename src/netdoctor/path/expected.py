"""Expected flows, looked up in a cluster and decided by its policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netdoctor.cluster.expected_flows import ExpectedFlow
from netdoctor.model.errors import InputError, NetdoctorError
from netdoctor.path.flows import EXTERNAL, AskedFlow, asked_flows
from netdoctor.policy.classes import Distinctions
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import decide
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.verdict import FlowVerdict

_OUTSIDE = "outside"  # what `external` may be called, too


@dataclass(frozen=True, slots=True)
class DecidedFlow:
    """A flow of an expectation, and what the policies make of it."""

    asked: AskedFlow
    verdict: FlowVerdict


@dataclass(frozen=True, slots=True)
class DecidedExpectation:
    """An expectation and all flows that it stands for. Without flows, `untested` says why.

    The way of a pod to itself is only among them where nothing else is: no policy decides it.
    """

    expected: ExpectedFlow
    namespace: str
    flows: tuple[DecidedFlow, ...]
    untested: str = ""


def decide_expected(
    policies: CompiledPolicies, expected: Sequence[ExpectedFlow], profile: CNIProfile, namespace: str
) -> tuple[DecidedExpectation, ...]:
    """Decide every flow; `namespace` is for the names of files that say none.

    Raises:
        InputError: an end is none, or does not exist; names file and line.
    """
    distinctions = Distinctions.of([policies])
    return tuple(_decided(policies, one, profile, one.namespace or namespace, distinctions) for one in expected)


def _decided(
    policies: CompiledPolicies, expected: ExpectedFlow, profile: CNIProfile, namespace: str, distinctions: Distinctions
) -> DecidedExpectation:
    source, destination = expected.source, expected.destination
    try:
        flows = asked_flows(policies, _named(source), _named(destination), namespace, distinctions)
    except InputError as error:
        origin = expected.origin
        where = f"{origin.file}:{origin.line}: " if origin else ""
        raise InputError(f"{where}{error.what}", error.why, error.hint) from error
    except NetdoctorError as error:  # it exists, but nothing is behind it, or it cannot be read
        why = f": {error.why}" if error.why else ""
        return DecidedExpectation(expected, namespace, (), f"{error.what}{why}")
    between = tuple(asked for asked in flows if asked.flow.source != asked.flow.destination)
    decided = (DecidedFlow(asked, decide(policies, asked.flow, profile)) for asked in between or flows)
    return DecidedExpectation(expected, namespace, tuple(decided))


def _named(end: str) -> str:
    return EXTERNAL if end == _OUTSIDE else end
