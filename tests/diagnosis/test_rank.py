"""Root causes, not symptoms: which findings stay, and what stays unexplained."""

from typing import ClassVar

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut
from netdoctor.diagnosis.rank import rank
from netdoctor.model.report import Certainty, Finding


class Named(Cause):
    """A cause by name only."""

    title: ClassVar[str] = "named"

    def __init__(self, code: str, yields_to: tuple[str, ...] = ()) -> None:
        self.code = code  # type: ignore[misc]
        self.yields_to = yields_to  # type: ignore[misc]

    def examine(self, case: Case) -> Found | RuledOut | None:
        raise NotImplementedError


def found(
    code: str, *explains: str, proven: bool = False, yields_to: tuple[str, ...] = (), sure: Certainty = Certainty.LIKELY
) -> tuple[Cause, Found]:
    finding = Finding(code, code, sure, (), "", ())
    return Named(code, yields_to), Found(finding, frozenset(explains), proven=proven)


def codes(*items: tuple[Cause, Found], failed: set[str]) -> tuple[list[str], set[str]]:
    ranked = rank(items, frozenset(failed))
    return [item.finding.code for item in ranked.roots], set(ranked.unexplained)


def test_a_symptom_yields_to_the_cause_that_explains_all_of_it() -> None:
    items = (found("Loopback", "a", "b"), found("Nothing", "a", yields_to=("Loopback",)))
    assert codes(*items, failed={"a", "b"}) == (["Loopback"], set())


def test_a_cause_of_another_port_does_not_yield() -> None:
    items = (
        found("Loopback", "a", proven=True),
        found("Nothing", "b", proven=True, yields_to=("Loopback",)),
    )
    assert codes(*items, failed={"a", "b"})[0] == ["Loopback", "Nothing"]


def test_what_is_only_possible_does_not_replace_what_is_surer() -> None:
    unready = found("Unready", "a", proven=True, yields_to=("Blocked",))
    blocked = found("Blocked", "a", proven=True, sure=Certainty.POSSIBLE)
    assert codes(unready, blocked, failed={"a"}) == (["Unready", "Blocked"], set())


def test_of_two_that_are_only_possible_the_symptom_yields() -> None:
    unready = found("Unready", "a", proven=True, yields_to=("Blocked",), sure=Certainty.POSSIBLE)
    blocked = found("Blocked", "a", proven=True, sure=Certainty.POSSIBLE)
    assert codes(unready, blocked, failed={"a"})[0] == ["Blocked"]


def test_what_is_certain_yields_to_what_is_likely() -> None:
    unready = found("Unready", "a", proven=True, yields_to=("Blocked",), sure=Certainty.CERTAIN)
    assert codes(unready, found("Blocked", "a", proven=True), failed={"a"})[0] == ["Blocked"]


def test_of_what_was_inferred_for_the_same_probes_the_surer_is_named() -> None:
    race = found("Race", "a", yields_to=("Loss",))
    assert codes(race, found("Loss", "a", sure=Certainty.POSSIBLE), failed={"a"})[0] == ["Race"]


def test_what_configuration_proves_stays_even_where_another_cause_explains_the_same_probes() -> None:
    items = (found("Selector", "a", proven=True), found("Policy", "a", proven=True))
    assert codes(*items, failed={"a"}) == (["Selector", "Policy"], set())


def test_what_was_inferred_goes_where_nothing_is_left_for_it_to_explain() -> None:
    items = (found("Inferred", "a"), found("Policy", "a", proven=True))
    ranked = rank(items, frozenset({"a"}))
    assert [item.finding.code for item in ranked.roots] == ["Policy"]
    assert ranked.symptoms == {"Inferred": "Policy"}


def test_the_smaller_set_wins_among_inferred_causes() -> None:
    items = (found("One", "a"), found("Two", "b"), found("Both", "a", "b"))
    assert codes(*items, failed={"a", "b"}) == (["Both"], set())


def test_the_surest_comes_first() -> None:
    items = (found("Likely", "a", proven=True), found("Certain", "a", proven=True, sure=Certainty.CERTAIN))
    assert codes(*items, failed={"a"})[0] == ["Certain", "Likely"]


def test_what_nothing_explains_is_said() -> None:
    assert codes(found("One", "a", proven=True), failed={"a", "z"}) == (["One"], {"z"})
