"""`-o json`: one document, ASCII only, so that no string in it can speak to a terminal."""

from __future__ import annotations

import json

import msgspec


def encode(document: object) -> str:
    """Indented JSON with a closing newline; what is not ASCII, and DEL, as \\u escapes."""
    text = json.dumps(msgspec.to_builtins(document), indent=2)
    return text.replace("\x7f", "\\u007f") + "\n"
