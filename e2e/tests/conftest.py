"""A namespace of its own in the real cluster, and what one does in it."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from e2e.runner.access import Access, GivenCluster, Kubectl, OwnCluster

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace, and kubectl for it."""

    access: Access
    namespace: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints."""
        return Kubectl(self.access)("-n", self.namespace, *arguments, stdin=stdin)

    def apply(self, *documents: Document) -> None:
        """Create or change objects."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))

    def items(self, kinds: str, *arguments: str) -> list[Document]:
        """Objects of the namespace."""
        return Kubectl(self.access).get(kinds, "-n", self.namespace, *arguments)

    def probe(self, request: Document, *options: str) -> subprocess.Popen[str]:
        """Start a run of probe pods; `options` choose another user. See `run_prober`."""
        argv = [sys.executable, "-m", "e2e.tests.run_prober", *(options or self.access.options)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(self.access.command(argv), stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert process.stdin is not None
        process.stdin.write(json.dumps({"namespace": self.namespace, **request}))
        process.stdin.close()
        process.stdin = None
        return process

    def result(self, process: subprocess.Popen[str]) -> Document:
        """What a run came to."""
        out, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
        result: Document = json.loads(out)
        return result


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Iterator[Access]:
    """The cluster, shared with whoever does not need it alone."""
    context, kubeconfig = (request.config.getoption(name) for name in ("--context", "--kubeconfig"))
    chosen: Access = GivenCluster(context, kubeconfig) if context or kubeconfig else OwnCluster("policy")
    with chosen.use(alone=False):
        yield chosen


@contextmanager
def namespace(access: Access) -> Iterator[Place]:
    """A namespace that is deleted at the end."""
    here = Place(access, f"probe-pods-{secrets.token_hex(3)}")
    Kubectl(access).create_namespace(here.namespace)
    try:
        yield here
    finally:
        Kubectl(access)("delete", "namespace", here.namespace, "--wait=false")


@pytest.fixture
def place(access: Access) -> Iterator[Place]:
    """A namespace for one test."""
    with namespace(access) as here:
        yield here
