from __future__ import annotations

import pytest

from netdoctor.lab.kubectl.errors import KubectlError
from netdoctor.lab.kubectl.jsonpath import printed

DOCUMENT = {
    "items": [{"name": "a", "ports": [80, 443]}, {"name": "b", "ports": [53]}],
    "labels": {"app.kubernetes.io/name": "web"},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.items[0].name}", "a"),
        ("{.items[-1].name}", "b"),
        ("{.items[*].name}", "a b"),
        ("{.items[*].ports[0]}", "80 53"),
        ("{.items[0].ports}", "[80,443]"),
        (r"{.labels.app\.kubernetes\.io/name}", "web"),
        ("{.labels['app.kubernetes.io/name']}", "web"),
        ("name={.items[0].name}{'\\n'}", "name=a\n"),
        ("{$.items[1].name}", "b"),
        (".items[1].name", "b"),
        ("{.missing.field}", ""),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert printed(DOCUMENT, template) == text


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(KubectlError, match=r"error parsing jsonpath .* the lab knows fields, \[N\] and \[\*\]"):
        printed(DOCUMENT, "{.items[?(@.name=='a')].name}")
