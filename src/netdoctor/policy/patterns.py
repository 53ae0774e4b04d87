r"""Regular expressions for the whole of a text, in time that grows with the text and the pattern alone.

The subset of RE2's syntax without assertions inside the text: literals, `.`, classes, groups, alternatives, repetition,
`^` and `$`. All ways to match are followed at once (Thompson's construction), so that no pattern can run away; and both
the pattern and the work are bounded. Source: https://github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_MOST_TEXT = 2_000  # characters of a pattern
_MOST_STEPS = 4_000  # of a program
_MOST_WORK = 4_000_000  # steps of a program times characters of a text: a second or so
_DEEPEST = 50  # groups in groups
_MOST_TIMES = 1_000  # of a repetition, as in RE2

Holds = Callable[[str], bool]


class PatternError(ValueError):
    """No regular expression; `position` counts characters from 0."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(f"{what} at character {position + 1}")
        self.position = position


class PatternTooHardError(ValueError):
    """A regular expression that may be right, and is not understood, or would take too long."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program: a character that `holds`, a place (`start`, `end`), or to go on at each of `then`."""

    kind: Literal["char", "start", "end", "split", "match"]
    holds: Holds | None = None
    then: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    program: tuple[Step, ...]

    def matches(self, text: str) -> bool:
        """Whether it describes the whole text.

        Raises:
            PatternTooHardError: this would take too long.
        """
        if len(self.program) * (len(text) + 1) > _MOST_WORK:
            raise PatternTooHardError(f"a text of {len(text)} characters is too long for it")
        places = self._reached([0], at_start=True, at_end=not text)
        for index, character in enumerate(text):
            onward = [i + 1 for i in places if (holds := self.program[i].holds) and holds(character)]
            places = self._reached(onward, at_start=False, at_end=index + 1 == len(text))
        return any(self.program[i].kind == "match" for i in places)

    def _reached(self, places: Sequence[int], *, at_start: bool, at_end: bool) -> set[int]:
        """These places, and those that are reached from them without a character."""
        found: set[int] = set()
        left = list(places)
        while left:
            place = left.pop()
            if place in found:
                continue
            found.add(place)
            step = self.program[place]
            if step.kind == "split":
                left += step.then
            elif (step.kind == "start" and at_start) or (step.kind == "end" and at_end):
                left.append(place + 1)
        return found


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """The pattern that a text writes.

    Raises:
        PatternError: it is none.
        PatternTooHardError: it is too long, or uses what is not understood.
    """
    if len(text) > _MOST_TEXT:
        raise PatternTooHardError(f"it has more than {_MOST_TEXT} characters")
    parser = _Parser(text)
    steps = parser.alternatives(0)
    if parser.position < len(text):
        raise PatternError("a ) without its (", parser.position)
    return Pattern((*steps, Step("match")))


# Parsing: each part gives steps whose targets count from the part's own beginning -----------------------------------

_Steps = tuple[Step, ...]
_NAMED: dict[str, Holds] = {
    "d": str.isdecimal,
    "w": lambda c: c.isascii() and (c.isalnum() or c == "_"),
    "s": lambda c: c in " \t\n\r\f\v",
}
_POSIX: dict[str, Holds] = {
    "alpha": lambda c: c.isascii() and c.isalpha(),
    "digit": lambda c: c in "0123456789",
    "alnum": lambda c: c.isascii() and c.isalnum(),
    "upper": lambda c: c.isascii() and c.isupper(),
    "lower": lambda c: c.isascii() and c.islower(),
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
    "space": lambda c: c in " \t\n\r\f\v",
    "punct": lambda c: c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "word": lambda c: c.isascii() and (c.isalnum() or c == "_"),
}
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}


def _moved(steps: _Steps, by: int) -> _Steps:
    return tuple(Step(s.kind, s.holds, tuple(t + by for t in s.then)) if s.then else s for s in steps)


def _joined(parts: Sequence[_Steps]) -> _Steps:
    found: list[Step] = []
    for part in parts:
        found += _moved(part, len(found))
        if len(found) > _MOST_STEPS:
            raise PatternTooHardError(f"it takes more than {_MOST_STEPS} steps")
    return tuple(found)


def _either(first: _Steps, second: _Steps) -> _Steps:
    skip = Step("split", then=(len(first) + 2 + len(second),))
    return _joined(
        [
            (Step("split", then=(1, len(first) + 2)),),
            first,
            (Step("split", then=(skip.then[0] - len(first) - 1,)),),
            second,
        ]
    )


def _optional(part: _Steps) -> _Steps:
    return (Step("split", then=(1, len(part) + 1)), *_moved(part, 1))


def _any_number(part: _Steps) -> _Steps:
    return (*_optional((*part, Step("split", then=(-1,)))),)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def alternatives(self, depth: int) -> _Steps:
        """Up to the ) of a group, or the end."""
        if depth > _DEEPEST:
            raise PatternTooHardError(f"it has more than {_DEEPEST} groups in groups")
        branches = [self._sequence(depth)]
        while self._next() == "|":
            self.position += 1
            branches.append(self._sequence(depth))
        steps = branches.pop()
        while branches:
            steps = _either(branches.pop(), steps)
        return steps

    def _next(self) -> str:
        return self.text[self.position : self.position + 1]

    def _sequence(self, depth: int) -> _Steps:
        parts: list[_Steps] = []
        while (character := self._next()) and character not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return _joined(parts)

    def _repeated(self, part: _Steps) -> _Steps:
        while (character := self._next()) and character in "*+?{":
            times = self._times()
            if times is None:
                break
            if self._next() == "?":  # lazy: the same as a whole
                self.position += 1
            least, most = times
            more = [_any_number(part)] if most is None else [_optional(part)] * (most - least)
            part = _joined([*[part] * least, *more])
        return part

    def _times(self) -> tuple[int, int | None] | None:
        """How often; None where a { is no repetition."""
        character, begin = self._next(), self.position
        if character != "{":
            self.position += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        inside, brace, _ = self.text[begin + 1 :].partition("}")
        least, comma, most = inside.partition(",")
        if not (brace and least.isdecimal() and (most.isdecimal() or not most)):
            return None
        self.position += len(inside) + 2
        low = int(least[:5])
        high = (int(most[:5]) if most else None) if comma else low
        if max(low, high or 0) > _MOST_TIMES or (high is not None and high < low):
            raise PatternError("a repetition that is out of range", begin)
        return low, high

    def _atom(self, depth: int) -> _Steps:
        character, begin = self._next(), self.position
        self.position += 1
        match character:
            case "(":
                return self._group(depth, begin)
            case "[":
                return (Step("char", self._class(begin)),)
            case ".":
                return (Step("char", lambda c: c != "\n"),)
            case "^" | "$":
                return (Step("start" if character == "^" else "end"),)
            case "\\":
                return self._escaped(begin)
            case "*" | "+" | "?":
                raise PatternError(f"nothing that {character} could repeat", begin)
        return (Step("char", character.__eq__),)

    def _group(self, depth: int, begin: int) -> _Steps:
        if self._next() == "?":
            rest = self.text[self.position :]
            if rest.startswith("?:"):
                self.position += 2
            elif rest.startswith(("?P<", "?<")) and rest[:3] not in ("?<=", "?<!"):
                self.position += len(rest.partition(">")[0]) + 1
            else:
                raise PatternTooHardError(f"a group of this kind: ({rest[:3]}")
        steps = self.alternatives(depth + 1)
        if self._next() != ")":
            raise PatternError("a ( without its )", begin)
        self.position += 1
        return steps

    def _escaped(self, begin: int) -> _Steps:
        character = self._next()
        if character in ("A", "z"):
            self.position += 1
            return (Step("start" if character == "A" else "end"),)
        return (Step("char", self._escape(begin)),)

    def _escape(self, begin: int) -> Holds:
        character = self._next()
        if not character:
            raise PatternError("a \\ at the end", begin)
        self.position += 1
        if character.lower() in _NAMED:
            named = _NAMED[character.lower()]
            return named if character.islower() else lambda c: not named(c)
        if character in _CONTROL:
            return _CONTROL[character].__eq__
        if character.isalnum():
            raise PatternTooHardError(f"\\{character}")
        return character.__eq__

    def _class(self, begin: int) -> Holds:
        """Up to the ] of a class."""
        negated = self._next() == "^"
        self.position += negated
        members: list[Holds] = []
        while (character := self._next()) != "]" or not members:
            if not character:
                raise PatternError("a [ without its ]", begin)
            members.append(self._member(begin))
        self.position += 1
        return lambda c: any(holds(c) for holds in members) is not negated

    def _member(self, begin: int) -> Holds:
        named, colon, _ = self.text[self.position + 2 :].partition(":]")
        if self.text.startswith("[:", self.position) and colon:
            return self._posix(named, begin)
        first = self._bound()
        if not isinstance(first, str):
            return first
        if self._next() != "-" or self.text[self.position + 1 : self.position + 2] in ("]", ""):
            return first.__eq__
        self.position += 1
        last = self._bound()
        if not isinstance(last, str) or last < first:
            raise PatternError("a range that is none", begin)
        return lambda c: first <= c <= last

    def _posix(self, name: str, begin: int) -> Holds:
        self.position += len(name) + 4
        plain = name.removeprefix("^")
        if plain not in _POSIX:
            raise PatternError(f"no class is called {plain!r}"[:60], begin)
        holds = _POSIX[plain]
        return holds if plain == name else lambda c: not holds(c)

    def _bound(self) -> str | Holds:
        """A character of a class, or what an escape stands for."""
        begin, character = self.position, self._next()
        self.position += 1
        if character != "\\":
            return character
        escaped = self._next()
        holds = self._escape(begin)
        if escaped.lower() in _NAMED:
            return holds
        return _CONTROL.get(escaped, escaped)
