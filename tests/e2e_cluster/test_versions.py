"""What is cached is keyed on what it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.cluster import ClusterError
from e2e.cluster.build import linker_flags
from e2e.cluster.versions import ETCD, KUBERNETES, MODULES, GoModule, digest, required_version

GO_MOD = """module tools

require example.org/one v1.2.3

require (
\texample.org/one/two v0.34.4 // indirect
\texample.org/three v1.11.0-cni-plugin.0.20250813170300-a0db560f0520
)

replace example.org/four => example.org/four v9.9.9
"""


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("example.org/one", "v1.2.3"),
        ("example.org/one/two", "v0.34.4"),
        ("example.org/three", "v1.11.0-cni-plugin.0.20250813170300-a0db560f0520"),
    ],
)
def test_reads_the_version_that_a_go_mod_requires(module: str, version: str) -> None:
    assert required_version(GO_MOD, module) == version


@pytest.mark.parametrize("module", ["example.org/four", "example.org/on", "example.org/thre."])
def test_a_module_that_is_not_required_has_no_version(module: str) -> None:
    with pytest.raises(ClusterError, match="does not require it"):
        required_version(GO_MOD, module)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_directory_names_the_version_that_it_caches(module: GoModule) -> None:
    assert module.directory.name.startswith(f"{module.name}-{module.version}-")


def test_the_key_changes_with_a_name_and_with_a_content(tmp_path: Path) -> None:
    keys = set()
    for name, content in [("go.mod", "one"), ("go.mod", "two"), ("go.sum", "two")]:
        file = tmp_path / name
        file.write_text(content)
        keys.add(digest([file]))
    assert len(keys) == 3


def test_the_key_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_text(file.name)
    assert digest(files) == digest(reversed(files))


def test_kubernetes_says_its_version() -> None:
    flags = linker_flags(KUBERNETES)
    assert f"-X k8s.io/component-base/version.gitVersion={KUBERNETES.version} " in flags
    assert f"-X k8s.io/client-go/pkg/version.gitMinor={KUBERNETES.version.split('.')[1]} " in flags
    assert "-X" not in linker_flags(ETCD)
