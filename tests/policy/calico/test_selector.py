"""Calico's selector language: what it accepts, what it refuses and where, and what it means."""

from itertools import product
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.policy.calico.selector import GLOBAL, NAMESPACE, SelectorError, parse_selector
from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, holds

A, B, C = (Compare(key, "has") for key in "abc")

# Every way to write one comparison: key, operator, values; each pair is an example.
_KEYS = ["a", "a.b/c-d_e", "contains", "in", "not", "has", "all", "0", "-", "has/x", "projectcalico.org/namespace"]
_COMPARISONS = [
    ("{} == 'v'", "==", ("v",)),
    ('{}=="v"', "==", ("v",)),
    ("{}\t==\t''", "==", ("",)),
    ('{} == "it\'s"', "==", ("it's",)),
    ("{} == 'say \"x\"'", "==", ('say "x"',)),
    ("{} == 'a\\'", "==", ("a\\",)),
    ("{} == 'ü && || ! ( ) {{'", "==", ("ü && || ! ( ) {",)),
    ("{} != 'v'", "!=", ("v",)),
    ("{}!='v'", "!=", ("v",)),
    ("{} in {{'v', \"w\"}}", "in", ("v", "w")),
    ("{} in{{ 'v' , 'v' , }}", "in", ("v",)),
    ("{} in {{}}", "in", ()),
    ("{} not in {{'v'}}", "not in", ("v",)),
    ("{} notin {{'v','w'}}", "not in", ("v", "w")),
    ("{} not \t in {{ }}", "not in", ()),
    ("{} contains 'v'", "contains", ("v",)),
    ("{} contains''", "contains", ("",)),
    ("{} starts with 'v'", "starts with", ("v",)),
    ("{} startswith 'v'", "starts with", ("v",)),
    ('{} starts \t with\t"v"', "starts with", ("v",)),
    ("{} ends with 'v'", "ends with", ("v",)),
    ("{} endswith'v'", "ends with", ("v",)),
]


@pytest.mark.parametrize(("key", "comparison"), list(product(_KEYS, _COMPARISONS)))
def test_a_comparison_is_read_with_any_key(key: str, comparison: tuple[str, str, tuple[str, ...]]) -> None:
    text, operator, values = comparison
    assert parse_selector(text.format(key)) == Compare(key, operator, values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Everything()),
        (" \t", Everything()),
        ("all()", Everything()),
        (" all( ) ", Everything()),
        ("has(a)", A),
        ("has( a )", A),
        ("!has(a)", Not(A)),
        ("! has(a)", Not(A)),
        ("!!has(a)", A),
        ("!!!has(a)", Not(A)),
        ("(has(a))", A),
        ("(((has(a))))", A),
        ("!(has(a))", Not(A)),
        ("has(a)&&has(b)", And((A, B))),
        ("has(a) && has(b) && has(c)", And((A, B, C))),
        ("has(a)||has(b)", Or((A, B))),
        ("has(a) || has(b) || has(c)", Or((A, B, C))),
        ("has(a) && has(b) || has(c)", Or((And((A, B)), C))),
        ("has(a) || has(b) && has(c)", Or((A, And((B, C))))),
        ("(has(a) || has(b)) && has(c)", And((Or((A, B)), C))),
        ("has(a) && (has(b) || has(c))", And((A, Or((B, C))))),
        ("!has(a) && has(b)", And((Not(A), B))),
        ("!(has(a) && has(b))", Not(And((A, B)))),
        ("has(a) && all()", And((A, Everything()))),
        ("!all()", Not(Everything())),
        ("has(has)", Compare("has", "has")),
    ],
)
def test_not_binds_before_and_which_binds_before_or(text: str, expected: Expression) -> None:
    assert parse_selector(text) == expected


_INVALID = [
    ("a", 2),
    ("a b", 3),
    ("a ==", 5),
    ("a == b", 6),
    ("a == 'b", 6),
    ('a == "b', 6),
    ("a == 'b\"", 6),
    ("a = 'b'", 3),
    ("a === 'b'", 5),
    ("a == 'b' 'c'", 10),
    ("a == 'b' c == 'd'", 10),
    ("a == 'b' &&", 12),
    ("a == 'b' & c == 'd'", 10),
    ("a == 'b' | c == 'd'", 10),
    ("a == 'b' and c == 'd'", 10),
    ("a == 'b' || || c == 'd'", 13),
    ("&& a == 'b'", 1),
    ("|| a == 'b'", 1),
    ("a == 'b' &&& c == 'd'", 12),
    ("a == 'b',", 9),
    ("'a' == 'b'", 1),
    ("== 'b'", 1),
    ("a in 'b'", 6),
    ("a in ('b')", 6),
    ("a in {b}", 7),
    ("a in {'b' 'c'}", 11),
    ("a in {'b',,}", 11),
    ("a in {,}", 7),
    ("a in {'b'", 10),
    ("a in", 5),
    ("a not {'b'}", 3),
    ("a not", 3),
    ("a not == 'b'", 3),
    ("a starts 'b'", 3),
    ("a ends 'b'", 3),
    ("a with 'b'", 3),
    ("a contains {'b'}", 12),
    ("a contains b", 12),
    ("a CONTAINS 'b'", 3),
    ("has", 4),
    ("has()", 5),
    ("has(", 5),
    ("has(a", 5),
    ("has('a')", 5),
    ("has(a b)", 5),
    ("has (a)", 5),
    ("HAS(a)", 4),
    ("all", 4),
    ("all(a)", 5),
    ("all(", 5),
    ("all() all()", 7),
    ("global()", 1),
    ("has(a) || global()", 11),
    ("global(a)", 8),
    ("()", 2),
    ("(", 2),
    (")", 1),
    ("(has(a)", 8),
    ("has(a))", 7),
    ("(has(a)}", 8),
    ("!", 2),
    ("!&&", 2),
    ("has(a)!", 7),
    ("a ! == 'b'", 3),
    ("{'a'}", 1),
    ("a > 'b'", 3),
    ("a =~ 'b'", 3),
    ("a: b", 2),
    ("app=web", 4),
    ("a == 'b'\n", 9),
    ("\na == 'b'", 1),
    ("a == 'b'\r", 9),
    ("ä == 'b'", 1),
    ("a == ‘b’", 6),
    ("a == 'b' -- c", 10),
    ("a ==\u00a0'b'", 5),
    ("#", 1),
    ("a\x00 == 'b'", 2),
    ("%s == 'b'", 1),
    ("*", 1),
    ("a*", 2),
    ("a == 5", 6),
    ("a == true", 6),
    ("a in {5}", 7),
    ("a == {'b'}", 6),
]


@pytest.mark.parametrize(("text", "position"), _INVALID)
def test_what_calico_refuses_is_an_error_with_its_position(text: str, position: int) -> None:
    with pytest.raises(SelectorError) as raised:
        parse_selector(text)
    assert raised.value.position == position
    assert str(raised.value).endswith(f"at character {position}")


@pytest.mark.parametrize(
    ("text", "position"), [(text, position) for text, position in _INVALID if not set(text) & set("(){}")]
)
@pytest.mark.parametrize("before", ["has(x) && ", "(has(x) || ", "! "])
def test_the_position_counts_from_the_beginning(text: str, position: int, before: str) -> None:
    with pytest.raises(SelectorError) as raised:
        parse_selector(before + text)
    assert raised.value.position == position + len(before)


def test_global_is_for_namespace_selectors_of_rules() -> None:
    assert parse_selector("global()", may_be_global=True) == GLOBAL
    assert parse_selector("global( ) || has(a)", may_be_global=True) == Or((GLOBAL, A))


def test_global_selects_what_is_in_no_namespace() -> None:
    assert holds(GLOBAL, {"team": "red"})
    assert not holds(GLOBAL, {NAMESPACE: "shop"})


def test_an_error_suggests_the_doubled_sign() -> None:
    with pytest.raises(SelectorError, match="did you mean &&"):
        parse_selector("has(a) & has(b)")


def test_an_error_quotes_little_of_a_hostile_text() -> None:
    with pytest.raises(SelectorError) as raised:
        parse_selector("has(a) " + "x" * 60_000)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("role != 'db'", {}, True),
        ("role != 'db'", {"role": "web"}, True),
        ("role != 'db'", {"role": "db"}, False),
        ("role not in {'db','web'}", {}, True),
        ("role not in {'db','web'}", {"role": "web"}, False),
        ("!(role == 'db')", {}, True),
        ("!has(role)", {}, True),
        ("!has(role)", {"role": ""}, False),
        ("role == 'db' || role == 'web' && tier == '1'", {"role": "db"}, True),
        ("(role == 'db' || role == 'web') && tier == '1'", {"role": "db"}, False),
        ("role contains 'b'", {}, False),
        ("!(role contains 'b')", {}, True),
        ("role starts with 'd' && role ends with 'b'", {"role": "db"}, True),
        ("all()", {}, True),
        ("", {}, True),
        ("!all()", {"role": "db"}, False),
    ],
)
def test_a_selector_means_what_calico_says(text: str, labels: dict[str, str], expected: bool) -> None:
    assert holds(parse_selector(text), labels) is expected


def _outcome(text: str, *, may_be_global: bool = False) -> int:
    """The position of the error; 0 if there is none."""
    try:
        parse_selector(text, may_be_global=may_be_global)
    except SelectorError as error:
        return error.position or -1
    return 0


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60_000,
        "!" * 65_000 + "has(a)",
        "has(a)" + " && has(a)" * 6_000,
        "a in {" + "'x'," * 15_000 + "}",
        "a" * 65_000,
        " " * 65_000 + "&",
        "a " + "starts " * 9_000,
        "has(" * 15_000,
        "has(a" + " " * 65_000,
        "a == '" + "x" * 65_000,
        "a not" + " " * 65_000,
        "x" * 10_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_takes_bounded_time(text: str) -> None:
    begin = process_time()
    assert _outcome(text) in range(len(text) + 2)
    assert process_time() - begin < 5


def test_parentheses_have_a_limit() -> None:
    assert parse_selector("(" * 100 + "has(a)" + ")" * 100) == A
    with pytest.raises(SelectorError, match="more than 100 deep"):
        parse_selector("(" * 101 + "has(a)" + ")" * 101)


_PIECES = ["a", "b ", "has(", ")", "(", "all()", "global()", "==", "!=", "!", "&&", "||", "in ", "not in ", "{", "}"]
_PIECES += [",", "'x'", '"y"', "'", "contains ", "starts with ", "ends", " ", "\t", "\n", "=", "&", "ü", "\x00"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES)).map("".join)), st.booleans())
def test_any_text_is_a_selector_or_a_selector_error(text: str, may_be_global: bool) -> None:
    assert _outcome(text, may_be_global=may_be_global) in range(len(text) + 2)


_LEAVES = st.one_of(
    st.sampled_from([A, B, C, Everything()]),
    st.builds(Compare, st.sampled_from("ab"), st.sampled_from(["==", "!="]), st.tuples(st.sampled_from(["x", "it's"]))),
    st.builds(
        Compare, st.sampled_from("ab"), st.sampled_from(["in", "not in"]), st.sampled_from([(), ("x",), ("x", "y")])
    ),
)
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def _written(expression: Expression) -> str:
    match expression:
        case Not(term):
            text = f"!({_written(term)})"
        case And(terms):
            text = " && ".join(f"({_written(term)})" for term in terms)
        case Or(terms):
            text = " || ".join(f"({_written(term)})" for term in terms)
        case Compare(key, "has"):
            text = f"has({key})"
        case Compare(key, "in" | "not in" as operator, values):
            text = f"{key} {operator} {{{', '.join(map(repr, values))}}}"
        case Compare(key, operator, values):
            text = f'{key} {operator} "{values[0]}"'
        case _:
            text = "all()"
    return text


@given(_EXPRESSIONS)
def test_what_is_written_out_is_read_back(expression: Expression) -> None:
    assert parse_selector(_written(expression)) == expression
