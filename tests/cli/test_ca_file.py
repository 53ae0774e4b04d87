"""The file of --ca-file: its certificates and nothing else of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cli.ca_file import ca_certificates
from netdoctor.model.errors import InputError
from tests.probes.certificates import authority


def test_its_certificates_are_taken_and_its_key_is_not(tmp_path: Path) -> None:
    made = authority(tmp_path, "/CN=Ours")
    file = tmp_path / "all.pem"
    file.write_text(made.key.read_text() + "a comment\n" + made.pem + made.pem)
    assert ca_certificates(str(file)) == made.pem * 2


def test_no_file() -> None:
    with pytest.raises(InputError, match=r"--ca-file nowhere\.pem: No such file"):
        ca_certificates("nowhere.pem")


def test_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(authority(tmp_path, "/CN=Ours").key.read_text())
    with pytest.raises(InputError, match=r"key\.pem: no certificate in PEM form"):
        ca_certificates(str(tmp_path / "key.pem"))


def test_more_than_a_probe_can_carry(tmp_path: Path) -> None:
    long = authority(tmp_path, "/CN=Ours").pem
    (tmp_path / "many.pem").write_text(long * 60)
    with pytest.raises(InputError, match="over"):
        ca_certificates(str(tmp_path / "many.pem"))
