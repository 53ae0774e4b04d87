"""Layers: which files go where, compiled, and as a tar that is the same in every build."""

from __future__ import annotations

import gzip
import hashlib
import io
import posixpath
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError
from .recipes import BASE, PYTHON, Recipe

_ETC = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
_LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "usr/bin/python3": PYTHON}


@dataclass(frozen=True, slots=True)
class Layer:
    """A compressed tar. `diff_id` is the digest of what is in it, as image configurations name a layer."""

    data: bytes
    diff_id: str


def stage_base(packages: Path, root: Path) -> None:
    """Unpacks the base layer's files, and compiles them. Raises BuildError."""
    _unpack(packages, root, BASE)
    for name, text in _ETC.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    (root / "tmp").mkdir()
    _compile(root, root, f"usr/lib/{PYTHON}")


def stage_app(packages: Path, base: Path, root: Path, recipe: Recipe) -> None:
    """Puts a recipe's `/app` together in `root`, compiled with the Python of `base`. Raises BuildError."""
    if recipe.libraries:
        _unpack(packages, root, recipe.libraries)
    for source in recipe.sources:
        shutil.copytree(source, root / "app" / source.name, ignore=shutil.ignore_patterns("__pycache__", "Dockerfile"))
    start = f"import sys\n\nfrom {recipe.main} import main\n\nsys.exit(main(sys.argv[1:]))\n"
    (root / "app/__main__.py").write_text(start, encoding="utf-8")
    _compile(base, root, "app")


def layer_of(root: Path) -> Layer:
    """Everything under `root`, owned by root, from the beginning of time, in the order of names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, path.relative_to(root).as_posix(), recursive=False, filter=_plain)
    plain = buffer.getvalue()
    return Layer(gzip.compress(plain, 6, mtime=0), f"sha256:{hashlib.sha256(plain).hexdigest()}")


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    if entry.name == "tmp":
        entry.mode = 0o1777
    elif entry.isdir() or entry.mode & 0o100:
        entry.mode = 0o755
    else:
        entry.mode = 0o644
    return entry


def _unpack(packages: Path, root: Path, wanted: re.Pattern[str]) -> None:
    """Unpacks what is wanted; a group ``app`` in the pattern is the path below /app.

    Debian's /lib, /lib64 and /bin are unpacked into /usr, as its installer would link them.
    """
    with tarfile.open(packages) as tar:
        for entry in tar:
            name = re.sub(r"^(lib|lib64|bin)/", r"usr/\1/", posixpath.normpath(entry.name))
            found = wanted.fullmatch(name)
            if not found or entry.isdir():
                continue
            target = root / ("app/" + found["app"] if "app" in found.groupdict() else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.issym():
                target.symlink_to(_in_usr(entry.linkname))
            elif content := tar.extractfile(entry):
                target.write_bytes(content.read())
                target.chmod(entry.mode)


def _in_usr(link: str) -> str:
    return re.sub(r"^/(lib|lib64|bin)/", r"/usr/\1/", link)


def _compile(base: Path, root: Path, directory: str) -> None:
    """Compiles with the image's own Python, which runs by its own loader without chroot.

    unchecked-hash: a cached file is used without looking at the source's time, which the image does not keep.
    """
    loader = next((base / "usr/lib64").glob("ld-linux-*"), None) or next((base / "usr/lib").glob("*/ld-linux-*"))
    libraries = next((base / "usr/lib").glob("*-linux-gnu*"))
    python = [loader, "--library-path", libraries, base / "usr/bin" / PYTHON, "-I", "-S", "-B"]
    options = ["--invalidation-mode", "unchecked-hash", "-q", "-s", root, "-p", "/"]
    command = [str(word) for word in (*python, "-m", "compileall", *options, root / directory)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode:
        why = " | ".join((ended.stdout + ended.stderr).strip().splitlines()[-4:])
        raise BuildError(f"cannot compile /{directory}", why, "see that the files are valid Python 3.11")
