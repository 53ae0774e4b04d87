"""Label selectors as they stand on the command line: `app=web,tier!=db,env in (a,b),!old`."""

from __future__ import annotations

import re

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.lab.kubectl.errors import wrong

_PARTS = re.compile(r",(?![^()]*\))")
_KEY = r"([A-Za-z0-9][-A-Za-z0-9_./]*)"
_SET = re.compile(_KEY + r"\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(_KEY + r"\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_EXISTS = re.compile(r"(!?)\s*" + _KEY)


def parse_selector(text: str) -> LabelSelector:
    """The selector; the empty text selects everything. Raises KubectlError."""
    parts = [part.strip() for part in _PARTS.split(text) if part.strip()]
    return LabelSelector(match_expressions=tuple(_requirement(part) for part in parts))


def _requirement(text: str) -> Requirement:
    if found := _SET.fullmatch(text):
        values = tuple(value.strip() for value in found[3].split(","))
        return Requirement(key=found[1], operator="In" if found[2] == "in" else "NotIn", values=values)
    if found := _EQUAL.fullmatch(text):
        return Requirement(key=found[1], operator="NotIn" if found[2] == "!=" else "In", values=(found[3],))
    if found := _EXISTS.fullmatch(text):
        return Requirement(key=found[2], operator="DoesNotExist" if found[1] else "Exists")
    raise wrong(f"unable to parse requirement: {text!r} is not a label selector")
