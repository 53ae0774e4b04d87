"""Label selectors as they stand on the command line: `app=web,tier!=db,env in (a,b),!old`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.cluster.selectors import matches
from netdoctor.lab.kubectl.errors import wrong

_PARTS = re.compile(r",(?![^()]*\))")
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(r"([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)")
_EXISTS = re.compile(r"(!?)\s*([^=!\s]+)")


def selected(labels: Mapping[str, str], text: str) -> bool:
    """Whether labels satisfy a selector; the empty one means everything. Raises KubectlError."""
    parts = [part.strip() for part in _PARTS.split(text) if part.strip()]
    return matches(LabelSelector(match_expressions=tuple(_requirement(part) for part in parts)), labels)


def _requirement(text: str) -> Requirement:
    if found := _SET.fullmatch(text):
        values = tuple(value.strip() for value in found[3].split(","))
        return Requirement(key=found[1], operator="In" if found[2] == "in" else "NotIn", values=values)
    if found := _EQUAL.fullmatch(text):
        return Requirement(key=found[1], operator="NotIn" if found[2] == "!=" else "In", values=(found[3],))
    if found := _EXISTS.fullmatch(text):
        return Requirement(key=found[2], operator="DoesNotExist" if found[1] else "Exists")
    raise wrong(f"unable to parse requirement: {text!r} is not a label selector")
