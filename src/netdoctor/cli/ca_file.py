"""The file of `--ca-file`."""

from __future__ import annotations

from pathlib import Path

from netdoctor.cluster.certificate import CertificateError, without_keys
from netdoctor.model.errors import InputError

_MOST = 32 << 10  # bytes: it goes to the probe in an environment variable, of at most 128 KiB with all else


def ca_certificates(file: str) -> str:
    """The certificates in a PEM file, and nothing else of it: no key leaves this machine. Raises InputError."""
    try:
        text = Path(file).read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise InputError(f"--ca-file {file}: {error.strerror or error}") from error
    try:
        pem = without_keys(text)
    except CertificateError as error:
        raise InputError(f"--ca-file {file}: {error}") from error
    if len(pem) > _MOST:
        raise InputError(f"--ca-file {file}: over {_MOST >> 10} KiB of certificates", hint="give the CA's own only")
    return pem
