"""The formats of `cni`, by themselves, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class CNIFormat(StrEnum):
    """The output formats of `cni -o`."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
