"""Calico's selector language: text to an Expression.

    or        = and { "||" and }
    and       = not { "&&" not }
    not       = { "!" } ( "(" or ")" | "has(KEY)" | "all()" | "global()" | KEY comparison )
    comparison = ("==" | "!=" | "contains" | "starts with" | "ends with") STRING | ("in" | "not in") "{" [STRING ,] "}"

Strings stand in either kind of quotes and have no escapes; only spaces and tabs are blank; the empty text is `all()`.
Source: libcalico-go/lib/selector (tokenizer and parser) and the syntax in Calico's reference of NetworkPolicy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Operator, Or

#: Every endpoint and NetworkSet that is in a namespace has this label, with the namespace's name.
NAMESPACE = "projectcalico.org/namespace"
#: What `global()` means: what is in no namespace, which GlobalNetworkSets and HostEndpoints are.
GLOBAL = Not(Compare(NAMESPACE, "has"))

_MAX_LENGTH = 1 << 16  # characters: Calico's newest API server takes 1024, its older ones more
_MAX_DEPTH = 100  # parentheses in one another

_BLANK = re.compile(r"[ \t]*")
_SIMPLE = re.compile(r"==|!=|&&|\|\||[(){},!]")
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_KEY = re.compile(r"[A-Za-z0-9_./-]+")
_CALL = re.compile(r"(all|global)\([ \t]*\)|has\([ \t]*([A-Za-z0-9_./-]+)[ \t]*\)")
_OPENED = re.compile(r"(all|global|has)\(")
_WORD = re.compile(r"contains|(starts|ends)[ \t]*with|not[ \t]*in|in")
_WITH_STRING = ("==", "!=", "contains", "starts with", "ends with")
_WITH_SET = ("in", "not in")
_END = "the end"


class SelectorError(ValueError):
    """A text that is no selector.

    Attributes:
        position: of the character, counted from 1, at which it goes wrong; one past the last for a missing end.
    """

    def __init__(self, because: str, position: int) -> None:
        super().__init__(f"{because} at character {position}")
        self.position = position


def parse_selector(text: str, *, may_be_global: bool = False) -> Expression:
    """A selector as an Expression over labels, with `global()` as `GLOBAL`.

    Args:
        text: as it stands in a policy; untrusted.
        may_be_global: whether it is the namespaceSelector of a rule, the only place that `global()` may stand in.

    Raises:
        SelectorError: Calico would refuse it; or it is longer or deeper than anybody writes.
    """
    if len(text) > _MAX_LENGTH:
        raise SelectorError(f"longer than {_MAX_LENGTH} characters", _MAX_LENGTH + 1)
    tokens = _tokens(text)
    return _Parser(tokens, next(tokens), may_be_global).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of the text. `kind` is the piece itself but for keys, strings and calls, whose text is in `value`."""

    kind: str
    position: int
    value: str = ""

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 40 else f"{self.value[:40]}…"
        return {"key": shown, "string": f'"{shown}"', "has": f"has({shown})"}.get(self.kind, self.kind)


def _tokens(text: str) -> Iterator[_Token]:
    at, after_key = 0, False
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        if at == len(text):
            yield _Token(_END, at + 1)
            return
        token, at = _token(text, at, after_key=after_key)
        after_key = token.kind == "key"
        yield token


def _token(text: str, at: int, *, after_key: bool) -> tuple[_Token, int]:
    """The token at a place that is not blank, and where it ends."""
    position = at + 1
    if found := _SIMPLE.match(text, at):
        return _Token(found[0], position), found.end()
    if found := _STRING.match(text, at):
        return _Token("string", position, found[0][1:-1]), found.end()
    if text[at] in "\"'":
        raise SelectorError("a string without its closing quote", position)
    if text[at] in "=&|":
        raise SelectorError(f"unexpected {text[at]!r}; did you mean {text[at] * 2}?", position)
    if after_key:
        return _operator(text, at)
    if found := _CALL.match(text, at):
        return (_Token(found[1], position) if found[1] else _Token("has", position, found[2])), found.end()
    if found := _OPENED.match(text, at):
        needs = "the name of a label and )" if found[1] == "has" else "nothing but )"
        raise SelectorError(f"{found[0]} needs {needs} after it", found.end() + 1)
    if found := _KEY.match(text, at):
        return _Token("key", position, found[0]), found.end()
    raise SelectorError(f"unexpected {text[at]!r}", position)


def _operator(text: str, at: int) -> tuple[_Token, int]:
    """What stands after a key; there the words are operators, elsewhere they may be keys themselves."""
    found = _WORD.match(text, at)
    if not found:
        raise SelectorError("expected an operator after the name of a label", at + 1)
    word = re.sub(r"[ \t]+", "", found[0])
    return _Token({"notin": "not in"}.get(word, word.replace("with", " with")), at + 1), found.end()


@dataclass(slots=True)
class _Parser:
    """Recursive descent. Tokens are made as they are needed, so that the first thing that is wrong is said."""

    tokens: Iterator[_Token]  # those after `current`
    current: _Token
    may_be_global: bool
    depth: int = 0

    def whole(self) -> Expression:
        if self.current.kind == _END:
            return Everything()
        expression = self.either()
        self.expect(_END, "nothing more, or && or ||,")
        return expression

    def either(self) -> Expression:
        terms = [self.both()]
        while self.taken("||"):
            terms.append(self.both())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def both(self) -> Expression:
        terms = [self.negated()]
        while self.taken("&&"):
            terms.append(self.negated())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def negated(self) -> Expression:
        negative = False
        while self.taken("!"):
            negative = not negative
        term = self.single()
        return Not(term) if negative else term

    def single(self) -> Expression:
        token = self.next()
        match token.kind:
            case "(":
                return self.grouped(token)
            case "has":
                return Compare(token.value, "has")
            case "all":
                return Everything()
            case "global":
                if not self.may_be_global:
                    raise SelectorError("global() is for the namespaceSelector of a rule only,", token.position)
                return GLOBAL
            case "key":
                return self.comparison(token.value)
            case _:
                raise SelectorError(f"expected a label, has(…), all() or ( instead of {token}", token.position)

    def grouped(self, opening: _Token) -> Expression:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise SelectorError(f"parentheses more than {_MAX_DEPTH} deep", opening.position)
        inner = self.either()
        self.expect(")", ")")
        self.depth -= 1
        return inner

    def comparison(self, key: str) -> Expression:
        token = self.next()
        if token.kind in _WITH_STRING:
            return Compare(key, cast("Operator", token.kind), (self.expect("string", "a string in quotes").value,))
        if token.kind in _WITH_SET:
            return Compare(key, cast("Operator", token.kind), self.values())
        raise SelectorError(f"expected an operator after the name of a label instead of {token}", token.position)

    def values(self) -> tuple[str, ...]:
        """A set, which may be empty and may end in a comma."""
        self.expect("{", "{")
        values: list[str] = []
        while self.current.kind == "string":
            values.append(self.next().value)
            if not self.taken(","):
                break
        self.expect("}", "a string or }" if not values else "}")
        return tuple(dict.fromkeys(values))

    def next(self) -> _Token:
        """The next token; the end stays where it is."""
        token = self.current
        self.current = next(self.tokens, token)
        return token

    def taken(self, kind: str) -> bool:
        return self.current.kind == kind and self.next().kind == kind

    def expect(self, kind: str, what: str) -> _Token:
        token = self.current
        if token.kind != kind:
            raise SelectorError(f"expected {what} instead of {token}", token.position)
        return self.next()
