"""What all shapes have in common."""

from __future__ import annotations

import msgspec


class Shape(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A part of a manifest."""
