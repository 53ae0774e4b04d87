"""A fix as something to copy."""

from __future__ import annotations

import json

from netdoctor.model.report import Fix


def command_of(fix: Fix) -> str:
    """The command, else the patch as JSON, on one line; empty where a fix has neither. Untrusted text."""
    return fix.command or (json.dumps(fix.patch) if fix.patch else "")
