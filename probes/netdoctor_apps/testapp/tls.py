"""The tls listener's certificate: from files, or made for this process."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

from . import web
from .listener import BadArgumentError


def context() -> ssl.SSLContext:
    """A server's context as the environment wants it. Raises BadArgumentError if its certificate is unusable."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    directory = os.environ.get("TLS_DIR")
    try:
        if directory:
            server.load_cert_chain(Path(directory) / "tls.crt", Path(directory) / "tls.key")
        else:
            names = os.environ.get("TLS_NAMES") or os.environ.get("POD_NAME") or socket.gethostname()
            expired, begin = os.environ.get("TLS_EXPIRED") == "1", os.environ.get("TLS_FROM", "")
            made = self_made(names.split(","), expired=expired, begin=begin)
            server.load_cert_chain(made)
            _publish(Path(made).read_text(encoding="ascii"))
    except (OSError, subprocess.SubprocessError) as error:
        raise BadArgumentError(f"no certificate for tls: {error}") from error
    return server


def talk(connection: socket.socket, server: ssl.SSLContext) -> None:
    """HTTP over TLS on an accepted connection; ssl's errors are OSErrors, and end it."""
    with server.wrap_socket(connection, server_side=True) as secured:
        web.talk(secured)


def _publish(pem: str) -> None:
    """Let others trust the certificate, where the environment names a file for it."""
    file = os.environ.get("TLS_PUBLISH")
    if file:
        Path(file).write_text(pem[pem.index("-----BEGIN CERTIFICATE-----") :], encoding="ascii")


def self_made(names: list[str], *, expired: bool, begin: str = "") -> str:
    """The path of a PEM file with a new key and a certificate for these names and addresses.

    It is valid for a year: from now, until yesterday, or from `begin` (``20900101000000Z``) on. The file is memory: the
    root filesystem may be read-only, and only `begin` needs a place for temporary files. Two steps, since only the
    second takes dates.
    """
    memory = os.memfd_create("certificate")
    path = f"/proc/self/fd/{memory}"
    alternatives = ",".join(f"IP:{name}" if _is_address(name) else f"DNS:{name}" for name in names)
    request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-"]
    request += ["-subj", f"/CN={names[0][:64]}", "-addext", f"subjectAltName={alternatives}"]
    os.write(memory, _openssl(memory, "req", "-new", *request))
    if begin:
        os.write(memory, _beginning(memory, path, begin))
        return path
    days = "-1" if expired else "365"
    sign = ["-in", path, "-signkey", path, "-days", days, "-copy_extensions", "copy"]
    os.write(memory, _openssl(memory, "x509", "-req", *sign))
    return path


_CA = """
[ca]
default_ca = own
[own]
database = {0}/index
new_certs_dir = {0}
rand_serial = yes
policy = any
default_md = sha256
copy_extensions = copy
[any]
commonName = optional
"""


def _beginning(memory: int, path: str, begin: str) -> bytes:
    """The certificate with another first day: of OpenSSL 3.0, only `ca` takes one, and that keeps books."""
    with tempfile.TemporaryDirectory() as books:
        (Path(books) / "index").touch()
        (Path(books) / "ca.cnf").write_text(_CA.format(books), encoding="ascii")
        dates = ["-startdate", begin, "-enddate", f"{int(begin[:4]) + 1}{begin[4:]}", "-preserveDN"]
        own = ["-config", f"{books}/ca.cnf", "-batch", "-selfsign", "-notext", "-keyfile", path, "-in", path]
        return _openssl(memory, "ca", *own, *dates)


def _openssl(memory: int, *arguments: str) -> bytes:
    command = ["openssl", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60, pass_fds=[memory]).stdout


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
