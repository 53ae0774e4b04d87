"""`-o yaml`: the document of `-o json` as YAML, ASCII only, no string ever folded."""

from __future__ import annotations

import msgspec
import yaml

_UNFOLDED = 2**31 - 1  # the emitter's line width is a C int


def encode(document: object) -> str:
    """Block YAML in the order of the fields; what is not printable ASCII stands as an escape in double quotes."""
    plain = msgspec.to_builtins(document)
    return yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=False, width=_UNFOLDED)
