"""The lock files: everything that pyproject.toml asks for, pinned with hashes, from no particular registry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
DEVELOPMENT = [
    *RUNTIME,
    *PROJECT["project"]["optional-dependencies"]["probe"],
    *PROJECT["dependency-groups"]["dev"],
    *PROJECT["build-system"]["requires"],
]


def pinned(lock: str) -> dict[str, str]:
    """Name to version."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", (REPOSITORY / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize(("lock", "wanted"), [("requirements.lock", RUNTIME), ("requirements-dev.lock", DEVELOPMENT)])
def test_the_lock_has_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    versions = pinned(lock)
    for text in wanted:
        requirement = Requirement(text)
        assert versions.get(canonicalize_name(requirement.name), "none") in requirement.specifier, (
            f"run `make lock`: {text}"
        )
    entries = re.split(r"\n(?=\S)", (REPOSITORY / lock).read_text())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not any("://" in entry for entry in entries)


def test_development_and_use_have_the_same_versions() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()
