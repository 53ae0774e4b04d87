"""The tls listener's certificate: from files, or made for this process."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import subprocess
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
            server.load_cert_chain(self_made(names.split(","), expired=os.environ.get("TLS_EXPIRED") == "1"))
    except (OSError, subprocess.SubprocessError) as error:
        raise BadArgumentError(f"no certificate for tls: {error}") from error
    return server


def talk(connection: socket.socket, server: ssl.SSLContext) -> None:
    """HTTP over TLS on an accepted connection; ssl's errors are OSErrors, and end it."""
    with server.wrap_socket(connection, server_side=True) as secured:
        web.talk(secured)


def self_made(names: list[str], *, expired: bool) -> str:
    """The path of a PEM file with a new key and a certificate for these names and addresses.

    The file is memory: the root filesystem may be read-only. Two steps, since only the second takes a negative
    number of days.
    """
    memory = os.memfd_create("certificate")
    path = f"/proc/self/fd/{memory}"
    alternatives = ",".join(f"IP:{name}" if _is_address(name) else f"DNS:{name}" for name in names)
    request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-"]
    request += ["-subj", f"/CN={names[0][:64]}", "-addext", f"subjectAltName={alternatives}"]
    os.write(memory, _openssl(memory, "req", "-new", *request))
    days = "-1" if expired else "365"
    sign = ["-in", path, "-signkey", path, "-days", days, "-copy_extensions", "copy"]
    os.write(memory, _openssl(memory, "x509", "-req", *sign))
    return path


def _openssl(memory: int, *arguments: str) -> bytes:
    command = ["openssl", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60, pass_fds=[memory]).stdout


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
