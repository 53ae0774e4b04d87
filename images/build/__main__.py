"""``python -m images.build [probe|testapp|ingress|all]``: prints the path of each image's archive.

An archive is named by the digest of what it is made from, and kept in the cache; only a change builds it again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from .archive import archive
from .errors import BuildError
from .layers import layer_of, stage_app, stage_base
from .recipes import Recipe, recipes
from .rootfs import packages_tar

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netdoctor/images"


def main(arguments: list[str]) -> int:
    """Builds what the arguments name; returns the exit code."""
    known = {recipe.name: recipe for recipe in recipes()}
    names = list(known) if arguments in ([], ["all"]) else arguments
    if unknown := sorted(set(names) - set(known)):
        print(f"images.build: no image {unknown[0]!r}: {', '.join(known)} or all", file=sys.stderr)
        return 2
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        for name in names:
            print(build(known[name], CACHE))
    except BuildError as error:
        print(f"images.build: {error}", file=sys.stderr)
        return 1
    return 0


def build(recipe: Recipe, cache: Path) -> Path:
    """The image's archive, built unless `cache` has it. Raises BuildError."""
    target = cache / f"{recipe.name}-{_inputs(recipe)}.tar"
    if target.exists():
        return target
    print(f"building {recipe.reference} ...", file=sys.stderr, flush=True)
    packages = packages_tar(cache)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        base, app = Path(scratch, "base"), Path(scratch, "app")
        stage_base(packages, base)
        stage_app(packages, base, app, recipe)
        new = Path(scratch, "archive")
        new.write_bytes(archive(recipe, [layer_of(base), layer_of(app)]))
        for old in cache.glob(f"{recipe.name}-*.tar"):
            old.unlink()
        new.replace(target)
    return target


def _inputs(recipe: Recipe) -> str:
    """The digest of the recipe's sources and of the builder itself."""
    digest = hashlib.sha256(recipe.reference.encode())
    for directory in (Path(__file__).parent, *recipe.sources):
        for file in sorted(directory.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(directory)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
