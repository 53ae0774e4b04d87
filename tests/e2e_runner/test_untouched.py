"""What a run must leave as it was."""

from __future__ import annotations

from e2e.runner.untouched import differences


def test_every_difference_is_named() -> None:
    before = {"Node /a": {"labels": {}}, "Namespace /b": {}, "Service kube-system/c": {"spec": {"port": 1}}}
    after = {"Node /a": {"labels": {}}, "Namespace /d": {}, "Service kube-system/c": {"spec": {"port": 2}}}
    assert differences(before, after) == [
        "Namespace /b was lost",
        "Namespace /d was added",
        "Service kube-system/c was changed",
    ]
    assert differences(before, before) == []
