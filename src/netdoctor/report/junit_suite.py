"""A test report as CI systems read it.

There is no standard but what the tools have in common; elements and attributes are those of Jenkins' schema:
https://github.com/jenkinsci/xunit-plugin, junit-10.xsd.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from netdoctor.report.untrusted import printable


class Suite:
    """Collects test cases; `str(suite)` is the XML document. All text is made safe here."""

    def __init__(self, name: str, seconds: float) -> None:
        """Begin a suite that took so many seconds in all."""
        self._name, self._seconds = name, seconds
        self._cases: list[Element] = []

    def case(self, name: str, classname: str, **others: str) -> Element:
        """Add a test case, which has passed until something is added to it."""
        attributes = {"name": name, "classname": classname, **others}
        self._cases.append(Element("testcase", {key: printable(value) for key, value in attributes.items()}))
        return self._cases[-1]

    def __str__(self) -> str:
        """XML 1.0 in UTF-8."""
        counts = {
            "name": self._name,
            "tests": str(len(self._cases)),
            "failures": self._counted("failure"),
            "errors": self._counted("error"),
            "time": f"{self._seconds:.3f}",
        }
        root = Element("testsuites", counts)
        SubElement(root, "testsuite", {**counts, "skipped": self._counted("skipped")}).extend(self._cases)
        indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root).decode()}\n'

    def _counted(self, tag: str) -> str:
        return str(sum(case.find(tag) is not None for case in self._cases))


def add(case: Element, tag: str, message: str, lines: list[str] | None = None, **others: str) -> None:
    """Say what came of a case: `failure`, `error`, `skipped` or `system-out`, with lines of text."""
    attributes = {**others, **({"message": message} if message else {})}
    added = SubElement(case, tag, {key: printable(value) for key, value in attributes.items()})
    added.text = "\n".join(map(printable, lines)) if lines else None
