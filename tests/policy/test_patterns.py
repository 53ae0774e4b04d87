"""Regular expressions for whole texts: they mean what Python's mean, and none takes long."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdoctor.policy.patterns import PatternError, PatternTooHardError, compile_pattern

PIECES = ["a", "b", "(", ")", "|", "*", "+", "?", ".", "[ab]", "[^a]", "[a-c]", "{1,2}", "{2}", "^", "$", r"\d", r"\."]


@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), st.text("abc.1", max_size=5))
@settings(max_examples=1000, deadline=None)
def test_it_means_what_python_means(pattern: str, text: str) -> None:
    try:
        expected = re.compile(pattern)
        compiled = compile_pattern(pattern)
    except (re.error, ValueError):  # Python knows more kinds of repetition, RE2 repeats repetitions
        return
    assert compiled.matches(text) is (expected.fullmatch(text) is not None)


@given(st.text(max_size=40))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_pattern_or_an_error(text: str) -> None:
    with suppress(PatternError, PatternTooHardError):
        compile_pattern(text).matches(text)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/api/v1/.*", "/api/v1/users", "/x/api/v1/users"),
        ("GET|HEAD", "HEAD", "GETHEAD"),
        ("(?:a|b)+c", "abac", "abab"),
        ("(?P<x>a)b", "ab", "b"),
        ("[[:alpha:]_-]+", "a_-b", "a1"),
        ("[[:^digit:]]", "a", "1"),
        (r"[\w.]+@\S+", "a.b@c", "a b@c"),
        (r"[^\d]", "a", "1"),
        (r"\Aa\z", "a", "aa"),
        ("a{,2}", "a{,2}", "aa"),
        ("[]a]", "]", "b"),
        ("[a-]", "-", "b"),
        ("a*?b", "aab", "a"),
        ("", "", "a"),
    ],
)
def test_examples(pattern: str, yes: str, no: str) -> None:
    assert compile_pattern(pattern).matches(yes)
    assert not compile_pattern(pattern).matches(no)


@pytest.mark.parametrize("pattern", ["(", ")", "[a", "*a", "a{3,2}", "a{2000}", "[b-a]", "[[:no:]]", "\\"])
def test_what_is_none(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(?i)a", "(?=a)", r"\bword", "a" * 2001, "(" * 60 + ")" * 60, "(a{900}){900}"])
def test_what_is_too_hard(pattern: str) -> None:
    with pytest.raises(PatternTooHardError):
        compile_pattern(pattern)


def test_no_pattern_runs_away() -> None:
    begin = time.process_time()
    assert not compile_pattern("(a*)*(a|aa)+b").matches("a" * 3000)
    with pytest.raises(PatternTooHardError):
        compile_pattern("(a?){900}").matches("a" * 100_000)
    assert time.process_time() - begin < 10
