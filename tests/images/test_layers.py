"""Layers are the same bytes from the same files, whatever the machine and the time."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from images.build.layers import layer_of
from images.build.recipes import BASE, PROBE_LIBRARIES


def tree(root: Path, names: list[str]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "tmp").mkdir()
    (root / "bin").symlink_to("usr/bin")
    return root


def test_order_times_owners_and_masks_do_not_matter(tmp_path: Path) -> None:
    names = ["usr/bin/x", "etc/passwd", "app/a.py"]
    one, other = tree(tmp_path / "one", names), tree(tmp_path / "other", names[::-1])
    (one / "etc/passwd").chmod(0o600)
    (other / "etc/passwd").chmod(0o664)
    os.utime(other / "usr/bin/x", (1, 1))
    assert layer_of(one) == layer_of(other)


def test_layer_is_what_its_digest_says(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", ["usr/bin/x"])
    (root / "usr/bin/x").chmod(0o700)
    layer = layer_of(root)
    plain = gzip.decompress(layer.data)
    assert layer.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        modes = {entry.name: oct(entry.mode) for entry in tar if not entry.issym()}
        assert tar.getmember("bin").linkname == "usr/bin"
    assert modes == {"tmp": "0o1777", "usr": "0o755", "usr/bin": "0o755", "usr/bin/x": "0o755"}


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("usr/bin/python3.11", True),
        ("usr/bin/perl", False),
        ("usr/lib/python3.11/json/decoder.py", True),
        ("usr/lib/python3.11/test/support/__init__.py", False),
        ("usr/lib/python3.11/testing.py", True),  # only whole names are left out
        ("usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so", True),
        ("usr/lib/python3.11/lib-dynload/_sqlite3.cpython-311-x86_64-linux-gnu.so", False),
        ("usr/lib/aarch64-linux-gnu/libssl.so.3", True),
        ("usr/lib/x86_64-linux-gnu/libcmark.so.0", False),
        ("usr/share/doc/openssl/copyright", True),
    ],
)
def test_base_layer(path: str, kept: bool) -> None:
    assert bool(BASE.fullmatch(path)) == kept


def test_probe_libraries_move_to_app() -> None:
    found = PROBE_LIBRARIES.fullmatch("usr/lib/python3/dist-packages/dns/message.py")
    assert found is not None
    assert found["app"] == "dns/message.py"
    assert not PROBE_LIBRARIES.fullmatch("usr/lib/python3/dist-packages/scapy/contrib/bgp.py")
